/** How a line of sold power is named, and which energy of a day the lines are made of. */
import type { CheckTask, SettlementLine } from '../api/types'
import { kwhUnits } from '../energy/kwh'
import { say, type Language } from '../words'

type Settlement = NonNullable<CheckTask['settlement']>
type Part = Settlement['days'][number]['parts'][number]

/** A sale and a subsidy of the same part of the day have names of their own. */
export function lineName({ kind, slot }: Pick<SettlementLine, 'kind' | 'slot'>, language: Language): string {
  return say(language, `check.line.${kind}`, { slot: say(language, `solar.slot.${slot}`) })
}

/** What was sold in a part of a day: all that was generated where the lines hold all of it, what was fed in otherwise. */
export function soldIn({ lines, days }: Pick<Settlement, 'lines' | 'days'>): (part: Part) => string {
  const units = (texts: string[]) => texts.reduce((sum, text) => sum + (kwhUnits(text) ?? Number.NaN), 0)
  const parts = days.flatMap((day) => day.parts)
  const sold = units(lines.filter(({ kind }) => kind === 'feed_in').map((line) => line.energy_kwh))
  const all = sold === units(parts.map((part) => part.generated_kwh))
  return (part) => (all ? part.generated_kwh : part.fed_in_kwh)
}
