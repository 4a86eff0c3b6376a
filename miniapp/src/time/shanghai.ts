/** Times as a household in China reads them: the wall clock of Asia/Shanghai, which has had no summer time since 1991. */
import { say, type Language } from '../words'

const SHANGHAI_OFFSET_MS = 8 * 3600 * 1000

interface Wall { date: string; clock: string; seconds: string }

/** Wall clock of an RFC 3339 time, or `undefined` when it is not one. */
export function wall(time: string): Wall | undefined {
  const instant = Date.parse(time)
  if (Number.isNaN(instant)) return undefined
  const text = new Date(instant + SHANGHAI_OFFSET_MS).toISOString()
  return { date: text.slice(0, 10), clock: text.slice(11, 16), seconds: text.slice(11, 19) }
}

/** "今天 08:02", "昨天 21:40", else "11-03 08:02"; with the year when it is another one. */
export function momentText(time: string, language: Language, nowMs: number): string {
  const at = wall(time)
  if (!at) return say(language, 'time.unknown')
  const today = dateOf(nowMs)
  if (at.date === today) return say(language, 'time.today', { clock: at.clock })
  if (at.date === dateOf(nowMs - 24 * 3600 * 1000)) return say(language, 'time.yesterday', { clock: at.clock })
  return `${dayOf(at, today)} ${at.clock}`
}

/** "11-03", with the year when it is not today's. */
function dayOf(at: Wall, today: string): string {
  return at.date.startsWith(today.slice(0, 4)) ? at.date.slice(5) : at.date
}

/** "10:01:20", with the date in front when it is not today, and its year when it is another one: the times of a payment. */
export function stampText(time: string, nowMs: number): string {
  const at = wall(time)
  if (!at) return ''
  const today = dateOf(nowMs)
  return at.date === today ? at.seconds : `${dayOf(at, today)} ${at.seconds}`
}

/** The date so many days after today, `YYYY-MM-DD`. */
export function dateAfter(days: number, nowMs: number): string {
  return dateOf(nowMs + days * 24 * 3600 * 1000)
}

/** The date before a date `YYYY-MM-DD`. */
export function dateBefore(date: string): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - 24 * 3600 * 1000).toISOString().slice(0, 10)
}

/** A real day, written `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`)
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(at) && new Date(at).toISOString().startsWith(text)
}

/** "9月25日" / "25 Sep" of a date `YYYY-MM-DD`. */
export function dayText(date: string, language: Language): string {
  const found = /^(\d{4})-(\d{2})-(\d{2})/.exec(date)
  if (!found) return date
  const [month, day] = [Number(found[2]), Number(found[3])]
  return language === 'en' ? `${day} ${MONTHS[month - 1] ?? found[2]}` : `${month}月${day}日`
}

/** "2026年9月" / "Sep 2026" of a period `YYYY-MM`. */
export function periodText(period: string, language: Language): string {
  const found = /^(\d{4})-(\d{2})$/.exec(period)
  if (!found) return period
  const month = Number(found[2])
  return language === 'en' ? `${MONTHS[month - 1] ?? found[2]} ${found[1]}` : `${found[1]}年${month}月`
}

/** Today's date in Shanghai at the instant `nowMs` (Unix milliseconds). */
export function dateOf(nowMs: number): string {
  return new Date(nowMs + SHANGHAI_OFFSET_MS).toISOString().slice(0, 10)
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
