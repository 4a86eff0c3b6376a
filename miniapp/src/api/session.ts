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

  async function open(body: Record<string, string | undefined>): Promise<string | undefined> {
    const reply = await answered(send, wireRequest('POST', '/sessions', { body }))
    if (reply.status >= 400) throw problemOf(reply)
    if (reply.status === 202) return undefined
    const session = reply.body as SessionReply
    token = session.access_token
    seam.keepSession(session)
    return token
  }

  function renewed(grant: { grant: 'refresh' }): Promise<WireReply> {
    const request = wireRequest('POST', '/sessions', { body: grant })
    return answered(send, request).catch(async () => {
      await pause(REPEAT_AFTER_MS)
      return answered(send, request)
    })
  }

  async function refresh(): Promise<string | undefined> {
    const grant = seam.refreshGrant()
    if (!grant) return undefined
    const reply = await renewed(grant)
    if (reply.status >= 500 || reply.status === 429) throw problemOf(reply)
    if (reply.status >= 400) {
      seam.forgetSession()
      return undefined
    }
    const session = reply.body as SessionReply
    token = session.access_token
    seam.keepSession(session)
    return token
  }

  function renew(spent: string | undefined): Promise<string | undefined> {
    if (token !== undefined && token !== spent) return Promise.resolve(token)
    renewing ??= refresh()
      .then((fresh) => {
        if (fresh === undefined) end()
        return fresh
      })
      .finally(() => {
        renewing = undefined
      })
    return renewing
  }

  function end(): void {
    token = undefined
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
    return (await refresh()) === undefined ? 'signed_out' : 'signed_in'
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
