/** Last answers of this visit, so that a screen seen before is drawn at once and renewed behind. Memory only. */

const answers = new Map<string, unknown>()

export function rememberedAnswer<T>(key: string): T | undefined {
  return answers.get(key) as T | undefined
}

export function rememberAnswer(key: string, answer: unknown): void {
  answers.set(key, answer)
}

/** Everything that was read for the person who is leaving. */
export function forgetAnswers(): void {
  answers.clear()
}
