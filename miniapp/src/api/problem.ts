/** A refusal of the gateway (RFC 9457), or the absence of an answer (`NETWORK`). */
import type { WireReply } from './wire'

export interface FieldProblem { field: string; code: string; detail?: string }

export class Problem extends Error {
  readonly isProblem = true

  constructor(
    readonly code: string,
    readonly status: number,
    /** Members beside the standard ones: `current`, `payment_id`. */
    readonly members: Record<string, unknown> = {},
    readonly retryAfterS?: number,
  ) {
    super(code)
  }

  get fields(): FieldProblem[] {
    return Array.isArray(this.members.errors) ? (this.members.errors as FieldProblem[]) : []
  }
}

/** No answer came; nothing is known about what the gateway did. */
export const unanswered = () => new Problem('NETWORK', 0)

/** The problem that a reply of 400 or above carries. */
export function problemOf(reply: WireReply): Problem {
  const members = isRecord(reply.body) ? reply.body : {}
  const code = typeof members.code === 'string' ? members.code : 'INTERNAL'
  const inBody = typeof members.retry_after_s === 'number' ? members.retry_after_s : undefined
  return new Problem(code, reply.status, members, inBody ?? reply.retryAfterS)
}

/** Anything thrown, as a problem; a fault of the page itself reads as `INTERNAL`. */
export function asProblem(thrown: unknown): Problem {
  return isRecord(thrown) && thrown.isProblem === true ? (thrown as unknown as Problem) : new Problem('INTERNAL', 0)
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
