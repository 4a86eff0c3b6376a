/** The one session and the one caller of this running program, and what they remember of the gateway's answers. */
import { lineCalls } from '../api/line'
import * as seam from '../api/platform'
import { createSession } from '../api/session'
import type { Binding, Consent, Page } from '../api/types'
import { forgetAnswers } from './answers'
import { homes } from './homes'
import { watched } from './watched'

/** Goes up by one whenever a session ends, so that an open screen can leave. */
export const endings = watched(0)

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

function onEnd(): void {
  forgetAnswers()
  homes.forget()
  endings.set(endings.get() + 1)
}

export const session = createSession(seam.send, seam, seam.platform, onEnd, pause)

/** A signed-in call to the gateway. */
export const call = lineCalls(seam.send, session, pause)

/** Links homes and gives them. The session may do more now and has another id for it: this program takes that one up at once. */
export async function linkHomes(body: unknown): Promise<Binding[]> {
  const linked = await call<Page<Binding>>('POST', '/bindings', { body })
  // Without an answer the old id serves on for a while, and the next refresh brings the new one.
  await session.renew(session.current()).catch(() => undefined)
  return linked.items
}

/**
 * Offers what is certified to the utility's file of each home that was just linked as its holder, if the person agreed to that. The homes
 * are linked whatever becomes of it: what was not offered can be, at the home.
 */
export async function completeFiles(linked: Binding[]): Promise<void> {
  const held = linked.filter((home) => home.role === 'holder')
  if (held.length === 0) return
  try {
    const { items } = await call<Page<Consent>>('GET', '/me/consents')
    if (!items.some((consent) => consent.purpose === 'archive_update' && consent.given_at)) return
    await Promise.all(held.map((home) => call('POST', `/bindings/${encodeURIComponent(home.binding_id)}/archive-filling`, { body: {} })))
  } catch {
    // Said where the file is: nothing was asked for.
  }
}

/** Shows by a code that it is really the owner, for one act. The session has another id for it: this program takes that one up at once. */
export async function stepUp(otp: string): Promise<void> {
  await call('POST', '/sessions/current/step-up', { body: { otp } })
  await session.renew(session.current())
}
