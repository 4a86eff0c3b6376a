/** A payment as a line of three stations, and how often to ask about it. Nothing here guesses: every state is the server's. */
import type { NextCode, Payment } from '../api/types'
import type { WordKey } from '../words'

export type StationState = 'done' | 'now' | 'later' | 'stopped'

export interface Station {
  name: Extract<WordKey, `track.${string}` | `check.station.${string}`>
  state: StationState
  /** When it happened, RFC 3339. */
  at?: string
  /** When it is expected, RFC 3339. */
  by?: string
}

/** Ordered, paid, credited; or returned in place of credited, when the money goes back. */
export function stations(payment: Payment): Station[] {
  return [{ name: 'track.ordered', state: 'done', at: payment.created_at }, paidStation(payment), lastStation(payment)]
}

function paidStation(payment: Payment): Station {
  const name = 'track.paid'
  if (payment.paid_at) return { name, state: 'done', at: payment.paid_at }
  if (payment.state === 'CLOSED') return { name, state: 'stopped', at: payment.closed_at ?? undefined }
  if (payment.state === 'CREATED' || payment.state === 'PAYING') return { name, state: 'now', by: payment.next.by ?? undefined }
  return { name, state: 'done' }
}

function lastStation(payment: Payment): Station {
  const { state, posted_at: postedAt, next } = payment
  if (postedAt) return { name: 'track.credited', state: 'done', at: postedAt }
  const by = next.by ?? undefined
  switch (state) {
    case 'POSTED':
    case 'PARTLY_REFUNDED':
      return { name: 'track.credited', state: 'done' }
    case 'REFUNDED':
      return { name: 'track.returned', state: 'done', at: lastRefund(payment) }
    case 'REFUNDING':
      return { name: 'track.returned', state: 'now', by }
    case 'PAID':
    case 'POSTING':
    case 'UNDER_REVIEW':
      return { name: 'track.credited', state: 'now', by }
    case 'CLOSED':
      return { name: 'track.credited', state: 'stopped' }
    default:
      return { name: 'track.credited', state: 'later' }
  }
}

function lastRefund(payment: Payment): string | undefined {
  const times = payment.refunds.map((refund) => refund.done_at).filter((time): time is string => Boolean(time))
  return times.sort((a, b) => Date.parse(a) - Date.parse(b)).pop()
}

const HEADLINES: Record<NextCode, Extract<WordKey, `track.headline.${string}`>> = {
  PAY_IN_CASHIER: 'track.headline.pay',
  CHECKING_WITH_CHANNEL: 'track.headline.checking',
  BEING_CREDITED: 'track.headline.crediting',
  CHECKING_WITH_UTILITY: 'track.headline.crediting',
  DONE: 'track.headline.done',
  CLOSED: 'track.headline.closed',
  REFUND_ON_THE_WAY: 'track.headline.refunding',
  REFUNDED: 'track.headline.refunded',
  PARTLY_REFUNDED: 'track.headline.partly',
  STAFF_WILL_DECIDE: 'track.headline.review',
}

export function headline(payment: Payment): WordKey {
  return HEADLINES[payment.next.code]
}

/** True once nothing more is going to happen by itself. */
export function isFinal(payment: Payment): boolean {
  return ['DONE', 'CLOSED', 'REFUNDED', 'PARTLY_REFUNDED'].includes(payment.next.code) && payment.refunds.every((refund) => refund.state === 'DONE')
}

/** True while the money is somewhere between the person and the utility and the time it was expected has passed. */
export function isLate(payment: Payment, nowMs: number): boolean {
  const moving: NextCode[] = ['BEING_CREDITED', 'CHECKING_WITH_CHANNEL', 'CHECKING_WITH_UTILITY', 'REFUND_ON_THE_WAY']
  const by = payment.next.by ? Date.parse(payment.next.by) : NaN
  return moving.includes(payment.next.code) && by < nowMs
}

/** What is said of a payment that is late: money that goes back is told of when it is back, not when it is credited. */
export function lateWords(payment: Payment): WordKey {
  return payment.next.code === 'REFUND_ON_THE_WAY' ? 'next.late.refund' : 'next.late'
}

const PAUSES_MS = [1000, 1000, 1500, 2000, 3000, 5000, 8000, 10_000]

/** Pause before the next question (milliseconds), after `asked` questions without a change. */
export function pollPauseMs(asked: number): number {
  return PAUSES_MS[Math.min(asked, PAUSES_MS.length - 1)]
}
