/** Saying things: looks a key up in the dictionary and fills in its blanks. */
import { dictionary, type WordKey } from './dictionary'
import { problems, unknownProblem, type ProblemCure } from './problems'

export type { WordKey } from './dictionary'
export type { ProblemCure } from './problems'
export type Language = 'zh-CN' | 'en'
export type Blanks = Record<string, string | number>

/** The words of `key` in `language`, every `{name}` replaced from `blanks`. */
export function say(language: Language, key: WordKey, blanks: Blanks = {}): string {
  const [zh, en] = dictionary[key]
  return fill(language === 'en' ? en : zh, blanks)
}

/** What a problem code means, and what its one button does. */
export function sayProblem(language: Language, code: string, retryAfterS?: number): { text: string; cure: ProblemCure } {
  const words = problems[code] ?? unknownProblem
  const text = fill(language === 'en' ? words.en : words.zh, { n: retryAfterS ?? 60 })
  return { text, cure: words.cure }
}

function fill(template: string, blanks: Blanks): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => (name in blanks ? String(blanks[name]) : whole))
}
