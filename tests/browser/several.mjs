/**
 * Several homes by one payment, in Chromium: first against the stand-in line, with a home that cannot be read, one that keeps an order
 * from being made, and a payment that was credited in part; then, with READY_FILE, against a running demo, where the outcome is read
 * from the sandbox's trades and postings.
 *
 *   (cd miniapp && npm run build:h5) && node several.mjs
 *   READY_FILE=ready.json node several.mjs
 */
import fs from 'node:fs'
import path from 'node:path'
import { bills } from '../../miniapp/mock/household.mjs'
import { startMock } from '../../miniapp/mock/line.mjs'
import { Checks } from './checks.mjs'
import { openPhone } from './phone.mjs'

const checks = new Checks()
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')

/** "¥1,284.05" of whole fen, written here on its own so that the page is not checked against itself. */
function yuan(fen) {
  const text = String(fen).padStart(3, '0')
  return `¥${text.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',')}.${text.slice(-2)}`
}

function handsOf(phone) {
  const { page } = phone
  const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
  return {
    ...phone, at,
    shows: (testId) => at(testId).waitFor(),
    enabled: (testId) => page.locator(`[data-testid="${testId}"]:visible:enabled`).first().waitFor(),
    textOf: async (testId) => (await at(testId).innerText()).replace(/\s+/g, ''),
    has: (testId, text) => page.locator(`[data-testid="${testId}"]:visible`, { hasText: text }).first().waitFor(),
  }
}

/** A family of three homes on a fresh phone: two owe, one is paid up. */
async function family(name, act, options = {}) {
  const line = await startMock({ creditAfterMs: 60_000 })
  const { world } = line
  world.homes.push({ id: 'b-3', consumer_no: '1500000009012', address: '康巴什区 ** 街 7 号 ***', bills: bills([90, 84, 99, 91, 88, 76, 93, 97, 101, 95, 89, 92], true), prepaid_fen: 0, pay_mode: 'postpaid' })
  Object.assign(world, { signedIn: true, linked: [...world.homes] })
  const phone = await openPhone({ home: line.base, outside: [line.base], pictures, ...options })
  const hand = {
    ...handsOf(phone), world,
    dues: world.homes.map((home) => home.bills.filter((bill) => !bill.paid).reduce((sum, bill) => sum + bill.total_fen, 0)),
    go: (screen) => phone.page.goto(`${line.base}/#/pages/${screen}`),
    answer: (route, reply) => phone.page.route(`**/v1${route}`, async (asked) => {
      const given = await reply(asked.request())
      if (given === undefined) return asked.continue()
      const [status, body] = given
      return asked.fulfill({ status, contentType: status < 400 ? 'application/json' : 'application/problem+json', body: JSON.stringify(body) })
    }),
    async whole() {
      checks.equal(`${name}: no serious finding of axe`, await phone.axe(), [])
      await phone.picture(`several-${name}`)
    },
  }
  try {
    await phone.page.addInitScript(() => localStorage.setItem('lifeline.signed_in', '1'))
    await act(hand)
    checks.equal(`${name}: nothing thrown`, phone.seen.errors.filter((error) => error.startsWith('uncaught')), [])
    checks.equal(`${name}: no request to anywhere else`, phone.seen.strangers, [])
  } catch (thrown) {
    await phone.picture(`several-${name}-failed`).catch(() => undefined)
    checks.broke(`${name}: ${thrown}`)
  } finally {
    await phone.close()
    line.stop()
  }
}

const problem = (status, code, members = {}) => [status, { type: 'about:blank', title: code, status, code, trace_id: 't', ...members }]

async function onTheStandIn() {
  await family('choose', async ({ at, shows, enabled, has, textOf, go, whole, page, dues }) => {
    await go('home/index')
    await at('open-several').click()
    await shows('screen-several')
    await has('several-total', yuan(dues[0] + dues[2]).slice(1))
    await checks.comes('a home that owes nothing cannot be chosen', () => at('choose-b-2').getAttribute('aria-checked'), 'false')
    await checks.comes('and its box is closed', () => at('choose-b-2').isDisabled(), true)
    await whole()
    await at('choose-b-3').click()
    await has('several-total', yuan(dues[0]).slice(1))
    await checks.comes('a home that was left out is not checked', () => at('choose-b-3').getAttribute('aria-checked'), 'false')
    await at('choose-b-1').click()
    await checks.comes('nothing chosen, nothing to pay', () => at('pay-several').isDisabled(), true)
    await at('choose-b-1').click()
    await at('choose-b-3').click()
    await checks.comes('keeping what is not due any more is not ticked', () => at('keep-as-prepayment').getAttribute('aria-checked'), 'false')
    await at('keep-as-prepayment').click()
    await checks.comes('until it is', () => at('keep-as-prepayment').getAttribute('aria-checked'), 'true')
    await enabled('pay-several')
    const sent = page.waitForRequest((request) => request.url().endsWith('/v1/checkouts') && request.method() === 'POST')
    await at('pay-several').click()
    const request = await sent
    checks.equal('the order names each chosen home and its sum', request.postDataJSON().items.map((item) => [item.binding_id, item.amount_fen]), [['b-1', dues[0]], ['b-3', dues[2]]])
    checks.equal('and says that it is to be kept', request.postDataJSON().keep_as_prepayment, true)
    checks.that('under a key', (request.headers()['idempotency-key'] ?? '').length >= 16)
    await page.locator('#pay').click()
    await shows('home-parts')
    await checks.comes('the tracker shows each home', () => page.locator('[data-testid="part-POSTING"]:visible').count(), 2)
    await checks.comes('and what was chosen', async () => (await at('screen-tracker').innerText()).includes('留作预存'), true)
    await checks.comes('and the whole sum', () => textOf('tracker-amount'), yuan(dues[0] + dues[2]))
    await whole()
  })

  await family('one-away', async ({ at, shows, enabled, has, answer, go, whole, dues }) => {
    let away = true
    await answer('/bindings/b-1/arrears', () => (away ? problem(503, 'ARREARS_UNAVAILABLE') : undefined))
    await go('payments/several')
    await shows('problem-b-1')
    await has('several-total', yuan(dues[2]).slice(1))
    await enabled('pay-several')
    checks.that('one home that cannot be read does not keep the others from being paid', true)
    await whole()
    away = false
    await at('problem-b-1').locator('button').click()
    await has('several-total', yuan(dues[0] + dues[2]).slice(1))
  })

  await family('one-refuses', async ({ at, shows, enabled, has, answer, go, whole, page, dues }) => {
    await answer('/checkouts', (request) => (request.postDataJSON().items.length > 1 ? problem(409, 'PREVIOUS_ORDER_OPEN', { binding_id: 'b-3' }) : undefined))
    await go('payments/several')
    await enabled('pay-several')
    await at('pay-several').click()
    await shows('blamed-b-3')
    await checks.comes('only the home it is about is named', () => page.locator('[data-testid^="blamed-"]:visible').count(), 1)
    await whole()
    await at('choose-b-3').click()
    await has('several-total', yuan(dues[0]).slice(1))
    await enabled('pay-several')
    await at('pay-several').click()
    await page.locator('#pay').waitFor()
    checks.that('without it the rest is paid', true)
  })

  await family('in-part', async ({ shows, answer, go, whole, page, textOf }) => {
    const when = '2026-11-20T10:01:40+08:00'
    await answer('/payments/p-9', () => [200, {
      payment_id: 'p-9', binding_id: 'b-1', purpose: 'arrears', state: 'PARTLY_REFUNDED', amount_fen: 3000, keep_as_prepayment: true, out_trade_no: 'LL0001',
      homes: [{ binding_id: 'b-1', amount_fen: 1000, state: 'POSTED', posted_at: when, as_prepayment: true }, { binding_id: 'b-3', amount_fen: 2000, state: 'REFUNDED', as_prepayment: false }],
      refunds: [{ binding_id: 'b-3', amount_fen: 2000, state: 'DONE', done_at: when }], created_at: when, expire_at: when, paid_at: when,
      next: { code: 'PARTLY_REFUNDED', by: null },
    }])
    await go('payments/index?payment_id=p-9')
    await shows('part-REFUNDED')
    await checks.comes('the home whose money was kept says so, and no other', async () => [await page.locator('[data-testid="part-kept"]:visible').count(), (await textOf('part-POSTED')).includes('留作这一户的预存')], [1, true])
    await checks.comes('one home credited', () => page.locator('[data-testid="part-POSTED"]:visible').count(), 1)
    await checks.comes('the words say both', async () => (await textOf('tracker-words')).includes('能入账的已入账'), true)
    await checks.comes('the refund is told with its sum', async () => (await textOf('refunds')).includes(yuan(2000)), true)
    await whole()
  })

  await family('large-type', async ({ shows, go, whole, page, at }) => {
    await page.addInitScript(() => localStorage.setItem('lifeline.elder', '1'))
    await go('payments/several')
    await shows('several-b-1')
    await checks.comes('large type has targets of 60', async () => (await at('choose-b-1').boundingBox()).height >= 60, true)
    checks.equal('nothing hangs over the side', await page.evaluate(() => [...document.querySelectorAll('.screen *')].filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > 320.5).length), 0)
    await whole()
  }, { width: 320 })
}

async function onTheDemo(ready) {
  const [line, sandbox] = [new URL(ready.line).origin, new URL(ready.sandbox).origin]
  const json = async (url) => (await fetch(url)).json()
  const consumers = (person) => Promise.all(person.consumer_nos.map((no) => json(`${sandbox}/sim/marketing/consumers/${no}`)))
  const phone = await openPhone({ home: line, outside: [sandbox], pictures })
  const { at, shows, enabled, has, page } = handsOf(phone)
  try {
    const person = (await json(`${sandbox}/sim/people`)).find((each) => each.person === 'gao-yun')
    const before = await consumers(person)
    const owing = before.filter((consumer) => consumer.due_fen > 0)
    const total = owing.reduce((sum, consumer) => sum + consumer.due_fen, 0)
    checks.that('the demo has somebody who owes for two homes', owing.length === 2)
    await page.goto(`${line}/`)
    await at('sign-in').click()
    await page.locator(`[data-person="${person.person}"]`).first().click()
    await page.locator('#allow').first().click()
    await shows('consent')
    await at('agree').click()
    await shows('match-found')
    await at('confirm-match').click()
    await shows('open-several')
    await at('open-several').click()
    await has('several-total', yuan(total).slice(1))
    await enabled('pay-several')
    checks.equal('demo: no serious finding of axe', await phone.axe(), [])
    await phone.picture('9-several')
    await at('pay-several').click()
    await page.waitForURL((url) => url.origin === sandbox)
    const cashier = (await page.locator('body').innerText()).replace(/,/g, '')
    checks.that('demo: the cashier asks for the sum of both', cashier.includes(yuan(total).slice(1).replace(/,/g, '')))
    await page.locator('#pay').first().click()
    await page.locator('[data-testid="part-POSTED"]:visible').nth(1).waitFor()
    await phone.picture('9-several-tracker')
    const after = await consumers(person)
    const posted = after.map((consumer) => consumer.postings.filter((posting) => posting.state === 'POSTED').map((posting) => posting.amount_fen))
    checks.equal('demo: each home credited once with its own part', posted, before.map((consumer) => (consumer.due_fen > 0 ? [consumer.due_fen] : [])))
    checks.equal('demo: nothing is due any more', after.map((consumer) => consumer.due_fen), [0, 0, 0])
    const trades = (await json(`${sandbox}/sim/alipay/trades`)).filter((trade) => trade.total_fen === total)
    checks.equal('demo: one trade took the sum', trades.map((trade) => [trade.trade_status, trade.refunded_fen]), [['TRADE_SUCCESS', 0]])
    checks.equal('demo: no error in the console', phone.seen.errors, [])
  } catch (thrown) {
    await phone.picture('several-demo-failed').catch(() => undefined)
    checks.broke(thrown)
  } finally {
    await phone.close()
  }
}

if (process.env.READY_FILE) await onTheDemo(JSON.parse(fs.readFileSync(process.env.READY_FILE, 'utf8')))
else await onTheStandIn()
process.exit(checks.close())
