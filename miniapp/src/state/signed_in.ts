/** The one session and the one caller of this running program, and what they remember of the gateway's answers. */
import { lineCalls } from '../api/line'
import * as seam from '../api/platform'
import { createSession } from '../api/session'
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

/** Links homes. The session may do more now and has another id for it: this program takes that one up at once. */
export async function linkHomes(body: unknown): Promise<void> {
  await call('POST', '/bindings', { body })
  // Without an answer the old id serves on for a while, and the next refresh brings the new one.
  await session.renew(session.current()).catch(() => undefined)
}

/** Shows by a code that it is really the owner, for one act. The session has another id for it: this program takes that one up at once. */
export async function stepUp(otp: string): Promise<void> {
  await call('POST', '/sessions/current/step-up', { body: { otp } })
  await session.renew(session.current())
}
