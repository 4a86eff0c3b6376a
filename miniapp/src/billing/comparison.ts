/** "Why more than last month": sentences drawn from the numbers of the bill, never from a guess. */
import type { BillComparison } from '../api/types'
import { kwhText, kwhUnits } from '../energy/kwh'
import { yuanSign } from '../money/fen'
import { say, type Language } from '../words'

export interface ComparisonText { headline: string; sentences: string[] }

/** The headline and the three sentences (energy, price, days) of a comparison. */
export function comparisonText(comparison: BillComparison, language: Language): ComparisonText {
  const { period, charge_delta_fen: charge } = comparison
  const key = charge > 0 ? 'compare.more' : charge < 0 ? 'compare.less' : 'compare.same'
  return {
    headline: say(language, key, { period, amount: size(charge) }),
    sentences: [energySentence(comparison, language), priceSentence(comparison, language), daysSentence(comparison, language)],
  }
}

const size = (fen: number) => yuanSign(Math.abs(fen))

function energySentence({ energy_delta_kwh, energy_effect_fen }: BillComparison, language: Language): string {
  const units = kwhUnits(energy_delta_kwh) ?? 0
  if (units === 0) return say(language, 'compare.energy.same')
  return say(language, units > 0 ? 'compare.energy.more' : 'compare.energy.less', {
    kwh: kwhText(Math.abs(units)),
    amount: size(energy_effect_fen),
  })
}

function priceSentence({ price_delta_fen }: BillComparison, language: Language): string {
  if (price_delta_fen === 0) return say(language, 'compare.price.same')
  return say(language, price_delta_fen > 0 ? 'compare.price.more' : 'compare.price.less', { amount: size(price_delta_fen) })
}

function daysSentence({ days_delta }: BillComparison, language: Language): string {
  if (days_delta === 0) return say(language, 'compare.days.same')
  return say(language, days_delta > 0 ? 'compare.days.more' : 'compare.days.less', { n: Math.abs(days_delta) })
}
