/** Where a home stands on the steps of its tariff. */
import type { Tier } from '../api/types'
import { kwhText, kwhUnits } from './kwh'

export interface Step {
  tier: number
  priceYuanPerKwh: string
  fromKwh: string
  /** Absent on the last, open step. */
  upToKwh?: string
  /** How much of this step is used, 0 to 100; the open step is 0 or 100. */
  filledPercent: number
  current: boolean
}

export interface StepWalk { steps: Step[]; /** kWh left before the price rises; absent on the last step. */ leftKwh?: string }

/** The walk of `usedKwh` over the tiers, or `undefined` when a figure cannot be read. */
export function walkSteps(tiers: Tier[], usedKwh: string): StepWalk | undefined {
  const used = kwhUnits(usedKwh)
  if (used === undefined || used < 0) return undefined
  const steps: Step[] = []
  let from = 0
  let leftKwh: string | undefined
  for (const tier of [...tiers].sort((a, b) => a.tier - b.tier)) {
    const limit = tier.up_to_kwh == null ? undefined : kwhUnits(tier.up_to_kwh)
    if (tier.up_to_kwh != null && limit === undefined) return undefined
    const current = used >= from && (limit === undefined || used < limit)
    if (current && limit !== undefined) leftKwh = kwhText(limit - used)
    steps.push({
      tier: tier.tier,
      priceYuanPerKwh: tier.price_yuan_per_kwh,
      fromKwh: kwhText(from),
      upToKwh: limit === undefined ? undefined : kwhText(limit),
      filledPercent: filled(used, from, limit),
      current,
    })
    from = limit ?? from
  }
  return { steps, leftKwh }
}

function filled(used: number, from: number, limit: number | undefined): number {
  if (used <= from) return 0
  if (limit === undefined || used >= limit) return 100
  return Math.floor(((used - from) * 100) / (limit - from))
}
