import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NextCode, Payment, PaymentState } from '../src/api/types'
import { headline, isFinal, isLate, lateWords, pollPauseMs, stations } from '../src/payments/tracker'
import { dateBefore, dayText, momentText, periodText, stampText, wall } from '../src/time/shanghai'
import { dictionary } from '../src/words/dictionary'

const BASE: Payment = {
  payment_id: 'p', binding_id: 'b', homes: [{ binding_id: 'b', amount_fen: 12840, state: 'PAYING', as_prepayment: false }], purpose: 'arrears', state: 'PAYING', amount_fen: 12840,
  keep_as_prepayment: false, out_trade_no: 'n', refunds: [],
  created_at: '2026-11-20T10:01:02+08:00', expire_at: '2026-11-20T10:16:02+08:00', next: { code: 'PAY_IN_CASHIER', by: null },
}
const at = (state: PaymentState, code: NextCode, more: Partial<Payment> = {}): Payment => ({ ...BASE, state, next: { code, by: null }, ...more })
const line = (payment: Payment) => stations(payment).map(({ name, state }) => `${name.replace('track.', '')}:${state}`)

test('the line of stations follows the states of the server', () => {
  const paid = { paid_at: '2026-11-20T10:01:20+08:00' }
  const posted = { ...paid, posted_at: '2026-11-20T10:01:40+08:00' }
  const cases: [Payment, string[]][] = [
    [at('CREATED', 'PAY_IN_CASHIER'), ['ordered:done', 'paid:now', 'credited:later']],
    [at('PAYING', 'CHECKING_WITH_CHANNEL'), ['ordered:done', 'paid:now', 'credited:later']],
    [at('PAID', 'BEING_CREDITED', paid), ['ordered:done', 'paid:done', 'credited:now']],
    [at('POSTING', 'CHECKING_WITH_UTILITY', paid), ['ordered:done', 'paid:done', 'credited:now']],
    [at('POSTED', 'DONE', posted), ['ordered:done', 'paid:done', 'credited:done']],
    [at('CLOSED', 'CLOSED'), ['ordered:done', 'paid:stopped', 'credited:stopped']],
    [at('REFUNDING', 'REFUND_ON_THE_WAY', paid), ['ordered:done', 'paid:done', 'returned:now']],
    [at('REFUNDED', 'REFUNDED', paid), ['ordered:done', 'paid:done', 'returned:done']],
    [at('PARTLY_REFUNDED', 'PARTLY_REFUNDED', posted), ['ordered:done', 'paid:done', 'credited:done']],
    [at('UNDER_REVIEW', 'STAFF_WILL_DECIDE', paid), ['ordered:done', 'paid:done', 'credited:now']],
  ]
  for (const [payment, expected] of cases) assert.deepEqual(line(payment), expected, payment.state)
})

test('a returned payment shows when the last of it came back', () => {
  const refunds = [
    { amount_fen: 1, state: 'DONE' as const, done_at: '2026-11-20T12:00:00+08:00' },
    { amount_fen: 2, state: 'DONE' as const, done_at: '2026-11-20T11:00:00+08:00' },
  ]
  assert.equal(stations(at('REFUNDED', 'REFUNDED', { refunds }))[2].at, '2026-11-20T12:00:00+08:00')
})

test('asking goes on until nothing more will happen', () => {
  assert.equal(isFinal(at('POSTED', 'DONE')), true)
  assert.equal(isFinal(at('CLOSED', 'CLOSED')), true)
  assert.equal(isFinal(at('UNDER_REVIEW', 'STAFF_WILL_DECIDE')), false)
  assert.equal(isFinal(at('POSTING', 'CHECKING_WITH_UTILITY')), false)
  assert.equal(isFinal(at('PARTLY_REFUNDED', 'DONE', { refunds: [{ amount_fen: 1, state: 'PENDING' }] })), false)
})

test('questions come less often, and never stop by themselves', () => {
  const pauses = Array.from({ length: 30 }, (_, asked) => pollPauseMs(asked))
  assert.deepEqual(pauses, [...pauses].sort((a, b) => a - b))
  assert.equal(pauses[0], 1000)
  assert.equal(pauses[29], 10_000)
})

test('late is said only while money is moving and its time has passed', () => {
  const by = '2026-11-20T10:02:00+08:00'
  const moving = at('POSTING', 'BEING_CREDITED', { next: { code: 'BEING_CREDITED', by } })
  assert.equal(isLate(moving, Date.parse(by) + 1), true)
  assert.equal(isLate(moving, Date.parse(by) - 1), false)
  assert.equal(isLate(at('POSTED', 'DONE', { next: { code: 'DONE', by } }), Date.parse(by) + 1), false)
  assert.equal(isLate(at('POSTING', 'BEING_CREDITED'), Date.parse(by)), false)
})

test('a refund that is late is said to be, in its own words', () => {
  const by = '2026-11-21T10:02:00+08:00'
  const back = at('REFUNDING', 'REFUND_ON_THE_WAY', { next: { code: 'REFUND_ON_THE_WAY', by } })
  assert.deepEqual([isLate(back, Date.parse(by) - 1), isLate(back, Date.parse(by) + 1)], [false, true])
  assert.equal(stations(back)[2].by, by)
  assert.doesNotMatch(dictionary[lateWords(back)].join(' '), /入账|credited/)
  assert.equal(lateWords(at('POSTING', 'BEING_CREDITED')), 'next.late')
})

test('every next step has a headline and words in both languages', () => {
  const codes: NextCode[] = [
    'PAY_IN_CASHIER', 'CHECKING_WITH_CHANNEL', 'BEING_CREDITED', 'CHECKING_WITH_UTILITY', 'DONE', 'CLOSED', 'REFUND_ON_THE_WAY', 'REFUNDED', 'STAFF_WILL_DECIDE',
  ]
  for (const code of codes) {
    assert.ok(headline(at('PAYING', code)) in dictionary, code)
    assert.ok(`next.${code}` in dictionary, code)
  }
})

test('times are read off the wall in Shanghai, wherever the phone is', () => {
  const now = Date.parse('2026-11-20T23:30:00+08:00')
  assert.equal(momentText('2026-11-20T00:02:00Z', 'en', now), '08:02 today')
  assert.equal(momentText('2026-11-19T23:59:00+08:00', 'zh-CN', now), '昨天 23:59')
  assert.equal(momentText('2026-11-03T08:02:00+08:00', 'zh-CN', now), '11-03 08:02')
  assert.equal(momentText('2025-11-20T08:02:00+08:00', 'en', now), '2025-11-20 08:02')
  assert.equal(momentText('soon', 'en', now), 'time unknown')
  assert.equal(stampText('2026-11-20T10:01:02+08:00', now), '10:01:02')
  assert.equal(stampText('2026-11-19T10:01:02+08:00', now), '11-19 10:01:02')
  assert.equal(stampText('2025-11-20T10:01:02+08:00', now), '2025-11-20 10:01:02')
  assert.equal(wall('2026-11-20T16:30:00Z')?.date, '2026-11-21')
})

test('days and periods read as people say them', () => {
  assert.equal(dayText('2026-09-25', 'zh-CN'), '9月25日')
  assert.equal(dayText('2026-09-25', 'en'), '25 Sep')
  assert.equal(periodText('2026-09', 'zh-CN'), '2026年9月')
  assert.equal(periodText('2026-09', 'en'), 'Sep 2026')
  assert.equal(periodText('later', 'en'), 'later')
})

test('the day before is found over months and years', () => {
  assert.deepEqual(['2026-11-20', '2026-11-01', '2026-01-01', '2028-03-01'].map(dateBefore), ['2026-11-19', '2026-10-31', '2025-12-31', '2028-02-29'])
})
