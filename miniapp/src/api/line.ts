/**
 * Calls to the gateway's line listener, signed in.
 *
 * A call that answers 401 renews the session once, silently, and is repeated. A call that may be repeated without harm (a read, or a
 * write with an idempotency key) is repeated when no answer came, and after a short wait that the gateway asked for. A write with a key
 * is also repeated when the gateway ran out of time: what it began goes on, and the repeat finds it.
 */
import { asProblem, problemOf, unanswered, type Problem } from './problem'
import type { Send, WireReply, WireRequest } from './wire'

export interface Tokens {
  /** The access token in memory, if any. */
  current(): string | undefined
  /** Gets a fresh one for the spent one; `undefined` when the person has to sign in again. */
  renew(spent: string | undefined): Promise<string | undefined>
}

export interface CallOptions {
  query?: Record<string, string | number | undefined>
  body?: unknown
  /** Makes a write repeatable: the gateway answers a repeat with the stored reply. */
  idempotencyKey?: string
}

export type Call = <Reply>(method: WireRequest['method'], path: string, options?: CallOptions) => Promise<Reply>

const PAUSES_MS = [400, 1500, 4000]
// A longer wait is the person's to know of, not the program's to sit out.
const SHORT_WAIT_S = 5

/** Builds the caller. `pause` waits between repeats (milliseconds). */
export function lineCalls(send: Send, tokens: Tokens, pause: (ms: number) => Promise<void>): Call {
  return async function call<Reply>(method: WireRequest['method'], path: string, options: CallOptions = {}): Promise<Reply> {
    const repeatable = method === 'GET' || options.idempotencyKey !== undefined
    const pauses = repeatable ? PAUSES_MS.slice(0, method === 'GET' ? 1 : PAUSES_MS.length) : []
    for (let attempt = 0; ; attempt += 1) {
      try {
        const reply = await authorised(method, path, options)
        if (reply.status < 400) return reply.body as Reply
        throw problemOf(reply)
      } catch (thrown) {
        const problem = asProblem(thrown)
        if (attempt >= pauses.length || !worthRepeating(problem, options.idempotencyKey !== undefined)) throw problem
        await pause(Math.max(pauses[attempt], (problem.retryAfterS ?? 0) * 1000))
      }
    }
  }

  async function authorised(method: WireRequest['method'], path: string, options: CallOptions): Promise<WireReply> {
    const token = tokens.current()
    const first = await answered(send, wireRequest(method, path, options, token))
    if (first.status !== 401) return first
    const fresh = await tokens.renew(token)
    return fresh === undefined ? first : answered(send, wireRequest(method, path, options, fresh))
  }
}

/** Sends and turns the absence of an answer into the problem `NETWORK`. */
export async function answered(send: Send, request: WireRequest): Promise<WireReply> {
  try {
    return await send(request)
  } catch {
    throw unanswered()
  }
}

function worthRepeating({ code, status, retryAfterS }: Problem, hasKey: boolean): boolean {
  if (retryAfterS !== undefined && retryAfterS > SHORT_WAIT_S) return false
  if (code === 'RATE_LIMITED') return retryAfterS !== undefined
  if (code === 'REQUEST_TIMEOUT') return hasKey
  return code === 'NETWORK' || code === 'REQUEST_IN_FLIGHT' || status === 502 || status === 504
}

export function wireRequest(method: WireRequest['method'], path: string, options: CallOptions, token?: string): WireRequest {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (options.body !== undefined) headers['content-type'] = 'application/json'
  if (token) headers.authorization = `Bearer ${token}`
  if (options.idempotencyKey) headers['idempotency-key'] = options.idempotencyKey
  return { method, path: `/v1${path}${queryText(options.query)}`, body: options.body, headers }
}

function queryText(query: CallOptions['query']): string {
  const pairs = Object.entries(query ?? {}).filter((pair): pair is [string, string | number] => pair[1] !== undefined)
  return pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`
}
