/** Whether this person sells power: then there is a tab for it. */
import { readKept, writeKept } from '../api/platform'
import { watched } from './watched'

const OWNED = 'lifeline.solar'

const owned = watched<boolean>(readKept(OWNED) === '1')

export const solar = {
  use: owned.use,
  set(next: boolean): void {
    writeKept(OWNED, next ? '1' : undefined)
    owned.set(next)
  },
}
