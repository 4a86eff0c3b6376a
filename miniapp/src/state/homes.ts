/** The linked homes and the one that is being looked at. */
import { readKept, writeKept } from '../api/platform'
import type { Binding } from '../api/types'
import { watched } from './watched'

const CHOSEN = 'lifeline.home'

const all = watched<Binding[] | undefined>(undefined)
const chosen = watched<string | undefined>(readKept(CHOSEN))

export const homes = {
  set(next: Binding[]): void {
    all.set(next)
  },
  choose(bindingId: string): void {
    writeKept(CHOSEN, bindingId)
    chosen.set(bindingId)
  },
  forget(): void {
    writeKept(CHOSEN, undefined)
    chosen.set(undefined)
    all.set(undefined)
  },
}

/** All homes and the chosen one (the first, unless another was chosen). */
export function useHomes(): { all: Binding[] | undefined; current: Binding | undefined } {
  const list = all.use()
  const id = chosen.use()
  return { all: list, current: list?.find((home) => home.binding_id === id) ?? list?.[0] }
}

/** After a change of holder nobody is named. */
export const isNamed = (home: Binding) => home.holder_masked !== '*'

/** What a household calls a home: its own label, else the masked holder, else the end of its number. */
export function homeName(home: Binding): string {
  return home.label || (isNamed(home) ? home.holder_masked : `…${numberTail(home)}`)
}

/** The last four digits of the masked number. */
export function numberTail(home: { consumer_no_masked: string }): string {
  return home.consumer_no_masked.slice(-4)
}
