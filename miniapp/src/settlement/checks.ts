/** A check task as its owner reads it. Nothing here guesses: every state is the server's. */
import type { CheckState, CheckTask, CheckVerdict } from '../api/types'
import type { Station } from '../payments/tracker'
import { call } from '../state/signed_in'
import { say, type Language } from '../words'

const of = (id: string) => `/check-tasks/${encodeURIComponent(id)}`

export const REASON_MAX = 200

export const answerCheck = (id: string, verdict: CheckVerdict, reason?: string) =>
  call<CheckTask>('POST', `${of(id)}/feedback`, { body: reason ? { verdict, reason } : { verdict } })
export const undoCheck = (id: string) => call<CheckTask>('POST', `${of(id)}/undo`, { body: {} })
export const confirmPayee = (id: string) => call<CheckTask>('POST', `${of(id)}/payee-confirmation`, { body: {} })

export interface Countdown { left: string; percent: number; over: boolean }

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** How much of the time is left, in words and in whole percent of the ring. */
export function countdown(began: string, ends: string, nowMs: number, language: Language): Countdown {
  const [from, to] = [Date.parse(began), Date.parse(ends)]
  const left = to - nowMs
  if (!(left > 0)) return { left: say(language, 'check.left.over'), percent: 0, over: true }
  const percent = Math.min(100, Math.max(1, Math.round((left * 100) / Math.max(1, to - from))))
  const [d, h, m] = [Math.floor(left / DAY_MS), Math.floor((left % DAY_MS) / HOUR_MS), Math.floor((left % HOUR_MS) / MINUTE_MS)]
  return { left: d > 0 ? say(language, 'check.left.days', { d, h }) : say(language, 'check.left.hours', { h, m }), percent, over: false }
}

/** Checked (or reviewed), sent, paid. */
export function checkStations(task: CheckTask): Station[] {
  const reviewed = task.state === 'IN_REVIEW' || task.verdict === 'upheld'
  const first = reviewed ? 'check.station.reviewed' : 'check.station.checked'
  const [sent, paid] = ['check.station.sent', 'check.station.paid'] as const
  if (task.state === 'OPEN' || task.state === 'IN_REVIEW') {
    const by = task.state === 'OPEN' ? task.ends_at : undefined
    return [{ name: first, state: 'now', by }, { name: sent, state: 'later' }, { name: paid, state: 'later' }]
  }
  const done: Station = { name: first, state: 'done' }
  switch (task.payout?.state) {
    case 'HELD':
    case 'QUEUED':
      return [done, { name: sent, state: 'now' }, { name: paid, state: 'later' }]
    case 'SENDING':
    case 'UNKNOWN':
      return [done, { name: sent, state: 'done' }, { name: paid, state: 'now' }]
    case 'PAID':
      return [done, { name: sent, state: 'done' }, { name: paid, state: 'done' }]
    case 'RETURNED':
      return [done, { name: sent, state: 'done' }, { name: paid, state: 'stopped' }]
    default:
      return [task.state === 'SUPERSEDED' ? { name: first, state: 'stopped' } : done, { name: sent, state: 'stopped' }, { name: paid, state: 'stopped' }]
  }
}

/** Where it stands to its owner: newer data may take a payout back that came back from the bank, and then nothing of it is on its way any more. */
export function standing(task: CheckTask): CheckState {
  return task.state === 'DISPATCHED' && !task.payout ? 'SUPERSEDED' : task.state
}

/** Whether something may still change without the owner: the screen asks again while it is so. */
export function isMoving(task: CheckTask): boolean {
  const state = standing(task)
  if (state === 'SUPERSEDED' || state === 'OPEN') return false
  const payout = task.payout?.state
  return payout === undefined ? state !== 'ANSWERED' : payout !== 'PAID' && payout !== 'RETURNED'
}

/** Whether a reject that was refused is kept for staff all the same: its money had left, or newer data had closed it. */
export const isDispute = (code: string) => code === 'DISPATCHED' || code === 'CHECK_TASK_CLOSED'

/** The answer may be taken back: once, and while nothing has left. */
export function canUndo(task: CheckTask): boolean {
  const payout = task.payout?.state
  return task.can_undo && (payout === undefined || payout === 'HELD' || payout === 'QUEUED')
}
