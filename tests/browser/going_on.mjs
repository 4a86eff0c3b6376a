/**
 * What marketing never works to an end, at the console in Chromium against a running demo: a day after it was paid two persons are told; one
 * proposes that it goes on, the other agrees, the case ends, and no money has moved.
 *
 *   READY_FILE=ready.json node going_on.mjs
 */
import { Checks, patiently } from './checks.mjs'
import { call, click, consoleAt, household, isClosed, line, openDesk, sandbox } from './desk.mjs'

const checks = new Checks()
const HOUR_S = 3_600
/** A code is shown for so many seconds: time moves by whole ones, so that phones and the demo agree. */
const STEP_S = 30
let ahead = 0

/** The demo has worked off what fell due when this answers. */
async function advance(seconds) {
  await call(`${sandbox}/sim/clock`, { advance_s: seconds })
  ahead += seconds
}

/**
 * In the morning: what is sent in the last half hour before marketing's cut-off is looked up in its files a day later, and goes back
 * before anybody is told.
 */
async function morning() {
  const { now } = await (await fetch(`${sandbox}/sim/clock`)).json()
  const ofTheDay = (Date.parse(now) / 1_000 + 8 * HOUR_S) % (24 * HOUR_S)
  const wait = (34 * HOUR_S - ofTheDay) % (24 * HOUR_S)
  await advance(Math.floor(wait / STEP_S) * STEP_S)
}

/** Somebody pays what a home owes; answers the payment, which marketing has and does not work. */
async function paid() {
  const token = await household('li-ming')
  await call(`${sandbox}/sim/marketing/posting-delay`, { delay_s: 48 * HOUR_S })
  const { items } = await call(`${line}/v1/bindings`, undefined, token)
  for (const { binding_id } of items) {
    const due = await call(`${line}/v1/bindings/${binding_id}/arrears`, undefined, token)
    if (!(due.total_fen > 0)) continue
    const wish = { binding_id, purpose: 'arrears', amount_fen: due.total_fen, arrears_version: due.arrears_version, via: 'mini' }
    const { payment_id } = await call(`${line}/v1/payments`, wish, token, { 'idempotency-key': 'waits-for-its-posting' })
    const now = () => call(`${line}/v1/payments/${payment_id}`, undefined, token)
    const until = async (fits) => {
      const come = await patiently(async () => {
        const order = await now()
        return fits(order) && order
      })
      if (!come) throw new Error(`${payment_id} does not move`)
      return come
    }
    const { trade_no } = await until((order) => order.state === 'PAYING')
    await call(`${sandbox}/sim/alipay/pay`, { trade_no, outcome: 'paid' })
    await until((order) => order.state !== 'PAYING')
    return payment_id
  }
  throw new Error('the household owes nothing')
}

/** The way to the case about it, once there is one. */
async function told(desk) {
  let looks = 0
  const come = await patiently(async () => {
    await desk.page.goto(`${consoleAt}/console/cases?queue=money`)
    const found = desk.page.locator('main tbody a')
    if (await found.count()) return found.first()
    // Some hours are enough; after them only a busy machine needs longer.
    looks += 1
    if (looks <= 12) await advance(20 * 60)
    return undefined
  })
  if (!come) throw new Error('nobody is told of a posting that lasts')
  return come
}

const desks = []
try {
  await morning()
  const payment = await paid()
  await advance(25 * HOUR_S)
  const support = await openDesk('support', ahead / STEP_S)
  desks.push(support)
  await click(support, await told(support))
  const text = () => support.page.locator('main').innerText()
  checks.that('G7 what lasts too long is told, with its payment', (await text()).includes(payment))
  const rows = await support.page.locator('main table').first().innerText()
  checks.equal('a case about a posting: no serious finding of axe', await support.axe(), [])
  await support.picture('going-on-case')
  await support.page.selectOption('[name="resolution"]', 'go_on')
  await support.page.fill('form[action$="/proposals"] [name="reason"]', '营销确认仍在处理，继续等待')
  await click(support, support.page.locator('form[action$="/proposals"] button'))
  checks.equal('LN-55 who proposed that it goes on is not offered to agree', await support.page.locator('form[action$="/approval"]').count(), 0)
  const at = support.page.url().split('?')[0]
  const reviewer = await openDesk('reviewer', ahead / STEP_S)
  desks.push(reviewer)
  await reviewer.page.goto(at)
  await click(reviewer, reviewer.page.locator('form[action$="/approval"] button'))
  await reviewer.page.locator('.said').first().waitFor()
  checks.that('LN-55 two persons let a posting go on: the case ends', await isClosed(reviewer))
  checks.equal('LN-55 and no money has moved by it', await reviewer.page.locator('main table').first().innerText(), rows)
  await reviewer.picture('going-on-ended')
  for (const desk of desks) {
    checks.equal('no request to anywhere else', desk.seen.strangers, [])
    checks.equal('no error on a page', desk.seen.errors, [])
  }
} catch (fault) {
  for (const [at, desk] of desks.entries()) await desk.picture(`going-on-failed-${at}`).catch(() => undefined)
  checks.broke(fault)
} finally {
  for (const desk of desks) await desk.close()
}
process.exit(checks.close())
