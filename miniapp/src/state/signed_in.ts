/** The one session and the one caller of this running program, and what they remember of the gateway's answers. */
import { lineCalls } from '../api/line'
import * as seam from '../api/platform'
import { createSession } from '../api/session'
import { forgetAnswers } from './answers'
import { homes } from './homes'
import { watched } from './watched'

/** Goes up by one whenever a session ends, so that an open screen can leave. */
export const endings = watched(0)

export const session = createSession(seam.send, seam, seam.platform, () => {
  forgetAnswers()
  homes.forget()
  endings.set(endings.get() + 1)
})

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** A signed-in call to the gateway. */
export const call = lineCalls(seam.send, session, pause)
