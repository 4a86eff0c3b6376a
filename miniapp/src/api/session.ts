/**
 * The signed-in session: the access token lives in memory only and is renewed silently.
 *
 * In the browser the refresh token is a cookie the page cannot read; in the mini-program it is in Alipay's storage.
 */
import { answered, wireRequest, type Tokens } from './line'
import { problemOf } from './problem'
import type { SessionReply } from './types'
import type { Send, WireReply } from './wire'

/** What the session needs from the platform seam. */
export interface SessionSeam {
  takeSignInReturn(): { kind: 'code'; auth_code: string; state: string } | { kind: 'refused' } | undefined
  beginSignIn(authorizeUrl: () => Promise<string>): Promise<string | undefined>
  refreshGrant(): { grant: 'refresh'; refresh_token?: string } | undefined
  keepSession(reply: SessionReply): void
  forgetSession(): void
}

export type Standing = 'signed_in' | 'signed_out' | 'refused'

export interface Session extends Tokens {
  /** Finds out, once, whether somebody is signed in: a return from Alipay, or a kept session. */
  standing(): Promise<Standing>
  /** Starts a sign-in. `left` means the browser is on its way to Alipay. */
  signIn(): Promise<Standing | 'left'>
  /** Signs in by name, password and, the second time, the code that was sent. Without a code the answer is the same whatever was typed. */
  byPassword(shown: { grant: 'password' | 'generation_password'; login: string; password: string; otp?: string }): Promise<'code_sent' | 'signed_in'>
  signOut(): Promise<void>
}

/**
 * Milliseconds until a renewal without an answer is asked for once more. For 30 s the gateway answers a spent refresh token again; later
 * it takes the token for a stolen one and ends the session. So the second try must be over before, however long the first was waited for.
 */
const REPEAT_AFTER_MS = 400

/** Builds the session over the platform; `onEnd` runs when it is over for good, `pause` waits (milliseconds). */
export function createSession(
  send: Send,
  seam: SessionSeam,
  platform: 'h5' | 'mini',
  onEnd: () => void,
  pause: (ms: number) => Promise<void>,
): Session {
  let token: string | undefined
  let begun: Promise<Standing> | undefined
  let renewing: Promise<string | undefined> | undefined
  // Whose time it is: goes up whenever somebody comes or goes. What was asked in another time is nobody's answer now.
  let era = 0
  const given = new Set<string>()

  function anew(): void {
    era += 1
    token = undefined
    renewing = undefined
    given.clear()
  }

  function take(session: SessionReply): string {
    token = session.access_token
    given.add(token)
    seam.keepSession(session)
    return token
  }

  async function open(body: Record<string, string | undefined>): Promise<string | undefined> {
    const reply = await answered(send, wireRequest('POST', '/sessions', { body }))
    if (reply.status >= 400) throw problemOf(reply)
    if (reply.status === 202) return undefined
    anew()
    return take(reply.body as SessionReply)
  }

  function renewed(grant: { grant: 'refresh' }): Promise<WireReply> {
    const request = wireRequest('POST', '/sessions', { body: grant })
    return answered(send, request).catch(async () => {
      await pause(REPEAT_AFTER_MS)
      return answered(send, request)
    })
  }

  async function refresh(): Promise<string | undefined> {
    const asked = era
    const grant = seam.refreshGrant()
    if (!grant) return undefined
    const reply = await renewed(grant)
    if (asked !== era) return undefined
    if (reply.status >= 500 || reply.status === 429) throw problemOf(reply)
    if (reply.status >= 400) {
      seam.forgetSession()
      return undefined
    }
    return take(reply.body as SessionReply)
  }

  function renew(spent: string | undefined): Promise<string | undefined> {
    // A call of somebody who has left is never made again as the person who came after.
    if (spent !== undefined && !given.has(spent)) return Promise.resolve(undefined)
    if (token !== undefined && token !== spent) return Promise.resolve(token)
    if (renewing) return renewing
    const asked = era
    const turn = refresh()
      .then((fresh) => {
        if (fresh === undefined && asked === era) end()
        return fresh
      })
      .finally(() => {
        if (renewing === turn) renewing = undefined
      })
    renewing = turn
    return turn
  }

  function end(): void {
    anew()
    begun = Promise.resolve('signed_out')
    seam.forgetSession()
    onEnd()
  }

  async function begin(): Promise<Standing> {
    const back = seam.takeSignInReturn()
    if (back?.kind === 'refused') return 'refused'
    if (back?.kind === 'code') {
      await open({ grant: 'alipay', auth_code: back.auth_code, state: back.state })
      return 'signed_in'
    }
    await refresh()
    // Whoever signed in by another way meanwhile is signed in.
    return token === undefined ? 'signed_out' : 'signed_in'
  }

  return {
    current: () => token,
    renew,
    standing() {
      begun ??= begin().catch((thrown) => {
        // Not knowing is not "signed out": the next try asks again.
        begun = undefined
        throw thrown
      })
      return begun
    },
    async signIn() {
      const code = await seam.beginSignIn(async () => {
        const reply = await answered(send, wireRequest('POST', '/oauth-starts', { body: {} }))
        if (reply.status >= 400) throw problemOf(reply)
        return (reply.body as { authorize_url: string }).authorize_url
      })
      if (code === undefined) return platform === 'h5' ? 'left' : 'refused'
      await open({ grant: 'alipay', auth_code: code })
      begun = Promise.resolve('signed_in')
      return 'signed_in'
    },
    async byPassword(shown) {
      if ((await open(shown)) === undefined) return 'code_sent'
      begun = Promise.resolve('signed_in')
      return 'signed_in'
    },
    async signOut() {
      const spent = token
      if (spent !== undefined) await answered(send, wireRequest('DELETE', '/sessions/current', {}, spent)).catch(() => undefined)
      end()
    },
  }
}
