/** Last answers of this visit, so that a screen seen before is drawn at once and renewed behind. Memory only. */

interface Kept { asked: number; answer: unknown }

const answers = new Map<string, Kept>()
let asked = 0
let forgotten = 0

/** Counts one question more; what it gives goes along with the answer. */
export function countQuestion(): number {
  asked += 1
  return asked
}

export function rememberedAnswer<T>(key: string): T | undefined {
  return answers.get(key)?.answer as T | undefined
}

/**
 * Keeps the answer to a question ([`countQuestion`]) and says whether it was kept: not when everything was forgotten since it was asked,
 * for it was read for somebody who has left, and not when a later question was answered before.
 */
export function rememberAnswer(key: string, answer: unknown, question: number): boolean {
  const known = answers.get(key)
  if (question <= forgotten || (known && known.asked > question)) return false
  answers.set(key, { asked: question, answer })
  return true
}

/** Everything that was read for the person who is leaving, and what is still on its way. */
export function forgetAnswers(): void {
  forgotten = asked
  answers.clear()
}
