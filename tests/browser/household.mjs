/**
 * What the suites on the stand-in line share: a signed-in household on a fresh phone with the real H5 bundle, and the answers put in
 * front of it request by request.
 */
import path from 'node:path'
import { startMock } from '../../miniapp/mock/line.mjs'
import { openPhone } from './phone.mjs'

const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')

/** A stage: `household(name, act, options)` plays one story, and `checks` hears of it. Pictures are called `prefix-name`. */
export const stage = (checks, prefix) => (name, act, options = {}) => play(checks, `${prefix}-${name}`, name, act, options)

/** A signed-in household on a fresh phone; `act` gets the hands and eyes. */
async function play(checks, picture, name, act, { width = 390, kept = {}, ...options }) {
  const line = await startMock({ creditAfterMs: 60_000 })
  line.world.signedIn = true
  line.world.linked = [...line.world.homes]
  line.world.consents[0].given_at = line.world.me.created_at
  const phone = await openPhone({ home: line.base, outside: [line.base], pictures, width, ...options })
  const { page } = phone
  const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
  const hand = {
    ...phone, line, world: line.world, at,
    due: line.world.homes[0].bills[0].total_fen,
    shows: (testId) => at(testId).waitFor(),
    textOf: async (testId) => (await at(testId).innerText()).replace(/\s+/g, ''),
    /** Answers one route of the line: `[status, body]`, or 'lost' for no answer; `undefined` lets it through. */
    answer: (route, reply) => page.route(`**/v1${route}`, async (asked) => {
      const given = await reply(asked.request())
      if (given === undefined) return asked.continue()
      if (given === 'lost') return asked.abort('connectionreset')
      const [status, body] = given
      return asked.fulfill({ status, contentType: status < 400 ? 'application/json' : 'application/problem+json', body: JSON.stringify(body) })
    }),
    go: (screen) => page.goto(`${line.base}/#/pages/${screen}`),
    async whole() {
      checks.equal(`${name}: no serious finding of axe`, await phone.axe(), [])
      checks.equal(`${name}: nothing hangs over the side`, await page.evaluate(overhang, width), [])
      await phone.picture(picture)
    },
  }
  try {
    await page.addInitScript((settings) => Object.entries({ 'lifeline.signed_in': '1', ...settings }).forEach(([key, value]) => localStorage.setItem(key, value)), kept)
    await act(hand)
    checks.equal(`${name}: no request to anywhere else`, phone.seen.strangers, [])
    checks.equal(`${name}: nothing thrown`, phone.seen.errors.filter((error) => error.startsWith('uncaught')), [])
  } catch (fault) {
    await phone.picture(`${picture}-failed`).catch(() => undefined)
    checks.broke(`${name}: ${fault}`)
  } finally {
    await phone.close()
    line.stop()
  }
}

/** What is drawn beyond the right edge of a screen `width` wide. */
function overhang(width) {
  return [...document.querySelectorAll('.screen *')]
    .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > width + 0.5)
    .map((element) => `${element.className}: ${element.textContent.slice(0, 20)}`)
}

export const problem = (status, code, members = {}) => [status, { type: 'about:blank', title: code, status, code, trace_id: 't', ...members }]
export const arrears = (total, more = {}) => ({
  items: [{ receivable_id: 'r', period: '2026-10', principal_fen: total, late_fee_fen: 0, paid_fen: 0, due_date: '2026-11-25' }],
  total_fen: total, in_flight_fen: 0, held: false, arrears_version: 'v1', as_of: new Date().toISOString(), stale: false, ...more,
})
export const payment = (state, code, more = {}) => ({
  payment_id: 'p-9', binding_id: 'b-1', homes: [{ binding_id: 'b-1', amount_fen: 12840, state, as_prepayment: false }], purpose: 'arrears', state, amount_fen: 12840, keep_as_prepayment: false, out_trade_no: 'LL0001', refunds: [], created_at: '2026-11-20T10:01:02+08:00',
  expire_at: '2026-11-20T10:16:02+08:00', paid_at: '2026-11-20T10:01:20+08:00', next: { code, by: null }, ...more,
})
