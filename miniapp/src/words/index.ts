/** Saying things: looks a key up in the dictionary and fills in its blanks. */
import { yuanSign } from '../money/fen'
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

/** What a problem code means, with what its members say of it, and what its one button does. */
export function sayProblem(
  language: Language, code: string, retryAfterS?: number, members: Record<string, unknown> = {},
): { text: string; cure: ProblemCure } {
  const words = problems[code] ?? unknownProblem
  const range = rangeOf(members)
  const said = (range && words.ranged) ?? (lasts(retryAfterS) ? words.lasting : undefined) ?? words
  const text = fill(language === 'en' ? said.en : said.zh, { wait: waitText(language, retryAfterS ?? 60), ...range })
  return { text, cure: words.cure }
}

const LASTING_FROM_S = 24 * 3600

/** Whether nobody can wait for the end of it: no wait is named, or one of more than a day. */
function lasts(retryAfterS: number | undefined): boolean {
  return retryAfterS === undefined || retryAfterS > LASTING_FROM_S
}

/** Between which amounts one is taken, as people read them. */
function rangeOf({ range }: Record<string, unknown>): { min: string; max: string } | undefined {
  const { min_fen: min, max_fen: max } = (range ?? {}) as { min_fen?: unknown; max_fen?: unknown }
  if (typeof min !== 'number' || typeof max !== 'number') return undefined
  return { min: yuanSign(min), max: yuanSign(max) }
}

const MINUTES_FROM_S = 120
const HOURS_FROM_S = 2 * 3600

/** How long to wait, rounded up to what a person counts in. */
function waitText(language: Language, seconds: number): string {
  if (seconds < MINUTES_FROM_S) return say(language, 'time.wait.s', { n: seconds })
  if (seconds < HOURS_FROM_S) return say(language, 'time.wait.min', { n: Math.ceil(seconds / 60) })
  return say(language, 'time.wait.h', { n: Math.ceil(seconds / 3600) })
}

function fill(template: string, blanks: Blanks): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => (name in blanks ? String(blanks[name]) : whole))
}
