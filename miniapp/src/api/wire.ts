/** What the seam to the platform carries: one request, one reply, or no reply at all. */

export interface WireRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path under the gateway, query included. */
  path: string
  body?: unknown
  headers: Record<string, string>
}

export interface WireReply {
  status: number
  /** Parsed JSON, or `undefined` when there was none. */
  body: unknown
  /** Seconds of `Retry-After`, when the gateway asked to wait. */
  retryAfterS?: number
}

/** Sends a request; rejects only when no reply came (then nothing is known about what the gateway did). */
export type Send = (request: WireRequest) => Promise<WireReply>

/**
 * Milliseconds after which a request without an answer counts as unanswered. Longer than the gateway (12 s) and the relay before it
 * (15 s) take, so that their own word, such as "busy", arrives.
 */
export const ANSWER_TIMEOUT_MS = 16_000

/** The JSON of a reply's text; an empty or unreadable text is `undefined`. */
export function parsedJson(text: string): unknown {
  if (!text) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `Retry-After` in seconds, or `undefined` when the header is absent or not a number of seconds. */
export function retryAfter(header: string | null | undefined): number | undefined {
  return header && /^\d{1,6}$/.test(header.trim()) ? Number(header) : undefined
}
