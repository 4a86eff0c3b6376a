/**
 * Power service in Chromium against a running demo: a household reports illegal use without its name and gives feedback; marketing's clerk
 * moves the order on, and the household is told.
 *
 *   READY_FILE=ready.json node requests.mjs
 */
import fs from 'node:fs'
import path from 'node:path'
import { Checks } from './checks.mjs'
import { openPhone } from './phone.mjs'

const checks = new Checks()
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')
const ready = JSON.parse(fs.readFileSync(process.env.READY_FILE, 'utf8'))
const [line, sandbox] = [new URL(ready.line).origin, new URL(ready.sandbox).origin]

const phone = await openPhone({ home: line, outside: [sandbox], pictures })
const { page } = phone
const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
const shows = (testId, timeout = 20_000) => at(testId).waitFor({ state: 'visible', timeout })
const go = async (screen) => {
  await page.goto(`${line}/#/pages/${screen}`)
  await page.reload()
}
const orders = async () => (await (await fetch(`${sandbox}/sim/marketing/work-orders`)).json()).items
async function tell(where, body) {
  const answer = await fetch(`${sandbox}${where}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${where}: ${answer.status} ${await answer.text()}`)
}
async function whole(name) {
  checks.equal(`${name}: no serious finding of axe`, await phone.axe(), [])
  await phone.picture(`requests-${name}`)
}
/** Opens the list anew until it shows these words. */
async function until(words) {
  for (let look = 0; look < 20; look++) {
    await go('requests/index')
    await shows('request-state')
    if ((await page.locator('[data-testid="request-state"]:visible').allInnerTexts()).some((text) => text.includes(words))) return true
    await page.waitForTimeout(500)
  }
  return false
}

/** The work order of a kind once it is there: another request's state says nothing of this one. */
async function ordered(kind) {
  for (let look = 0; look < 40; look++) {
    const order = (await orders()).find((one) => one.kind === kind)
    if (order) return order
    await page.waitForTimeout(250)
  }
  return undefined
}

async function signIn() {
  await page.goto(`${line}/`)
  await at('sign-in').click()
  await page.locator('[data-person="li-ming"]').first().click()
  await page.locator('#allow').first().click()
  await shows('consent')
  await at('agree').click()
  await shows('match-found')
  await at('confirm-match').click()
  await shows('open-services')
}

async function report() {
  await at('open-services').click()
  await shows('screen-services')
  await at('way-illegal_use').click()
  await shows('request-text')
  await at('send-request').click()
  checks.equal('LN-19 nothing is sent without saying what and where', (await orders()).length, 0)
  await whole('empty')
  await at('request-text').fill('<b>表箱</b>被私拉电线')
  await at('request-place').fill('示例路 8 号后院')
  await at('request-anonymous').click()
  await at('send-request').click()
  await shows('request-illegal_use')
  checks.that('LN-19 a report reaches the utility', await until('已受理'))
  const [order] = await orders()
  checks.equal('LN-19 the work order names nobody', [order.kind, order.anonymous, order.consumer_no, order.text], ['REPORT_ILLEGAL_USE', true, null, '<b>表箱</b>被私拉电线'])
  await whole('accepted')
  await tell(`/sim/marketing/work-orders/${order.order_no}`, { state: 'RESOLVED', note: 'SELECT * FROM ORDERS' })
  await tell('/sim/clock', { advance_s: 130 })
  checks.that('LN-19 its end comes back', await until('已办结'))
  checks.equal("LN-19 a clerk's words stay with the clerk", await page.getByText('SELECT').count(), 0)
  await go('notices/index')
  await shows('notice-request_moved')
  checks.that('LN-19 the household is told', (await at('notice-request_moved').innerText()).includes('窃电举报'))
}

async function feedback() {
  await go('publications/hub')
  await at('way-feedback').click()
  await shows('request-text')
  await at('request-text').fill('营业厅排队时间长，建议增加窗口')
  await at('send-request').click()
  await shows('request-feedback')
  checks.that('LN-20 feedback becomes a work order', (await until('已受理')) && (await orders()).some((order) => order.kind === 'FEEDBACK'))
  await go('requests/new?kind=bill_dispute')
  await shows('request-text')
  await at('request-text').fill('十月的电量和我抄的表对不上')
  await at('send-request').click()
  await shows('request-bill_dispute')
  checks.that('LN-20 a disputed bill names the home', /^\d{10,13}$/.test((await ordered('BILL_DISPUTE'))?.consumer_no))
}

async function points() {
  await go('publications/hub')
  await at('way-points').click()
  await shows('points-balance')
  const [balance, gifts] = [await at('points-balance').innerText(), await page.locator('[data-testid="gift"]:visible').count()]
  checks.equal('LN-21 points are shown with what they are good for', [balance, gifts, await at('exchange').isDisabled()], ['0', 2, true])
  await whole('points')
}

try {
  await signIn()
  await report()
  await feedback()
  await points()
  checks.equal('no request to anywhere else', phone.seen.strangers, [])
  checks.equal('nothing thrown', phone.seen.errors.filter((error) => error.startsWith('uncaught')), [])
} catch (fault) {
  await phone.picture('requests-failed').catch(() => undefined)
  checks.broke(fault)
} finally {
  await phone.close()
}
process.exit(checks.close())
