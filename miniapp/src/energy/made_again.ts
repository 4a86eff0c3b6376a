/** What the gateway says of a bill made again. One of an older release says nothing of some figures: no doubt is read into that. */
import type { Bill } from '../api/types'

/** Said not to come out as billed. */
export const differs = (recomputed: boolean | null | undefined): boolean => recomputed === false

/** Whether anything in a bill is said not to come out as billed. */
export function isDoubtful(bill: Bill): boolean {
  return !bill.adds_up || differs(bill.energy_recomputed) || bill.readings.some((reading) => differs(reading.recomputed))
    || bill.lines.some((line) => differs(line.recomputed) || differs(line.price_recomputed))
}
