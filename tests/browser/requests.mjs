/**
 * Power service in Chromium against a running demo: a household reports illegal use without its name, gives feedback and applies to be supplied
 * at a place; staff refuse one application and open another, marketing's clerk moves orders on, and the household is told. At last it pays, and says
 * that it was the wrong number.
 *
 *   READY_FILE=ready.json node requests.mjs
 */
import path from 'node:path'
import { Checks, patiently } from './checks.mjs'
import { click, consoleAt, line, openDesk, sandbox } from './desk.mjs'
import { openPhone } from './phone.mjs'

const checks = new Checks()
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')

const phone = await openPhone({ home: line, outside: [sandbox], pictures })
const { page } = phone
const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
const shows = (testId) => at(testId).waitFor()
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
/** Opens the list anew until it shows these words, of a kind of request or of any. */
function until(words, where = 'request-state') {
  return patiently(async () => {
    await go('requests/index')
    await shows('request-state')
    return (await page.locator(`[data-testid="${where}"]:visible`).allInnerTexts()).some((text) => text.includes(words))
  }, 500)
}

/** The work order of a kind once it is there: another request's state says nothing of this one. */
const ordered = (kind) => patiently(async () => (await orders()).find((one) => one.kind === kind))

async function signIn() {
  await page.goto(`${line}/`)
  await at('sign-in').click()
  await page.locator('[data-person="li-ming"]').first().click()
  await page.locator('#allow').first().click()
  await shows('consent')
  await at('agree').click()
  await shows('match-found')
  await at('confirm-match').click()
  // The home's own figures come last: before, the page may still be on its way, and take what is tapped with it.
  await shows('amount-due')
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
  await checks.comes('LN-19 the household is told', async () => (await at('notice-request_moved').innerText()).includes('窃电举报'), true)
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

/** Marketing's newest bill of every home states a reading it was not made of; nobody has read one yet. */
async function misprint() {
  const people = await (await fetch(`${sandbox}/sim/people`)).json()
  const { consumer_nos: numbers } = people.find((each) => each.person === 'li-ming')
  for (const consumer_no of numbers) await tell('/sim/marketing/misprint-bill', { consumer_no })
}

/** The household sees that its bill does not come from its readings, and so does the staff, before anybody complains. */
async function misprinted(support) {
  await go('billing/index')
  await page.locator('[data-testid^="bill-2"]:visible').first().click()
  await shows('reading-differs')
  await at('reading').click()
  await checks.comes('EC-07 a bill that its readings do not make says so', async () => (await at('reading-formula').innerText()).includes('账单上是'), true)
  await whole('misprinted')
  await at('dispute').click()
  await shows('request-text')
  checks.that('EC-07 and leads to the question', page.url().includes('bill_dispute'))
  await support.page.goto(`${consoleAt}/console/cases?queue=service`)
  await click(support, support.page.locator('tbody a').filter({ hasText: '账单复算不一致' }).first())
  await click(support, support.page.locator('#bill'))
  checks.that('EC-07 the staff has it as a case that leads to the bill', (await support.page.locator('main').innerText()).includes('读数 1'))
}

/** One of the staff proposes, another agrees: at the console, each on a machine of their own. */
async function decide(support, reviewer, verdict, reason) {
  await support.page.goto(`${consoleAt}/console/openings`)
  await click(support, support.page.locator('#openings tbody a').first())
  const form = new URL(support.page.url()).pathname
  await support.page.selectOption('[name="verdict"]', verdict)
  await support.page.fill('form[action$="/proposals"] [name="reason"]', reason)
  await click(support, support.page.locator('form[action$="/proposals"] button'))
  await reviewer.page.goto(`${consoleAt}${form}`)
  await click(reviewer, reviewer.page.locator('form[action$="/approval"] button'))
  await reviewer.page.locator('.said').first().waitFor()
}

async function application(support, reviewer) {
  const apply = async (place) => {
    await go('publications/hub')
    await at('way-new_user').click()
    await shows('request-text')
    await at('send-request').click()
    checks.equal('EC-20 nothing is sent without saying where and what for', await page.locator('[data-testid="request-new_user"]:visible').count(), 0)
    await at('request-text').fill('新房入住，需要单独立户')
    await at('request-place').fill(place)
    await whole('new-user')
    await at('send-request').click()
    await shows('request-new_user')
  }
  await apply('示例路 9 号 2 单元 301')
  checks.that('EC-20 the household sees that it is being checked', await until('正在核查', 'request-new_user'))
  checks.that('EC-20 marketing hears nothing before two persons agreed', !(await orders()).some((order) => order.kind === 'OPEN_USER'))
  await decide(support, reviewer, 'place_unknown', '现场找不到该门牌')
  checks.that('EC-20 a refusal says why', await until('地址无法确认', 'request-new_user'))
  await apply('示例路 9 号 2 单元 302')
  await decide(support, reviewer, 'open', '已核对房产证与身份证')
  checks.that('EC-20 what two persons agreed to is opened by marketing', (await ordered('OPEN_USER')) !== undefined)
  checks.that('EC-20 and the household sees that it is under way', await until('已受理', 'request-new_user'))
  await go('notices/index')
  await shows('notice-request_moved')
  await whole('new-user-told')
}

/** What staff see of it: the work order and how far it has come, and of an anonymous report not whose it is. */
async function seenByStaff(support) {
  await support.page.goto(`${consoleAt}/console/requests?kind=illegal_use`)
  const [report] = await support.page.locator('#requests tbody tr').allInnerTexts()
  checks.that('LN-19 staff see the report with how far it has come', ['窃电举报', '已办结', '匿名'].every((word) => report.includes(word)), report)
  checks.equal('LN-19 and nothing leads to whoever reported', await support.page.locator('#requests tbody a[href^="/console/customers"]').count(), 0)
  await click(support, support.page.locator('#requests tbody th a').first())
  checks.that('LN-19 its page has what was written, and nobody who wrote it', (await support.page.locator('#letter').innerText()).includes('表箱') && (await support.page.locator('main a[href^="/console/customers"]').count()) === 0)
  await support.page.goto(`${consoleAt}/console/requests?kind=bill_dispute`)
  await click(support, support.page.locator('#requests tbody th a').first())
  checks.that('LN-20 a disputed bill is read with its words, its home and its case', (await support.page.locator('#letter').innerText()).includes('对不上') && (await support.page.locator('#bills').count()) === 1 && (await support.page.locator('main a[href^="/console/cases/"]').count()) === 1)
  checks.equal('a request on the console: no serious finding of axe', await support.axe(), [])
  await support.page.goto(`${consoleAt}/console/requests`)
  checks.that('LN-20 staff see every request', (await support.page.locator('#requests tbody tr').count()) >= 4)
  checks.equal('requests on the console: no serious finding of axe', await support.axe(), [])
  await support.picture('requests-console')
}

async function points() {
  await go('publications/hub')
  await at('way-points').click()
  await shows('points-balance')
  await checks.comes('LN-21 points are shown with what they are good for', async () => [
    await at('points-balance').innerText(), await page.locator('[data-testid="gift"]:visible').count(), await at('exchange').isDisabled(),
  ], ['0', 2, true])
  const rules = () => page.locator('[data-testid="points-rule"]:visible').allInnerTexts()
  checks.equal('LN-21 and by which rule they come', await rules(), ['每缴电费 ¥1.00 得 1 分，一次最多 500 分。'])
  await whole('points')
  let told = [{ fen_per_point: 250, points_max: 40 }]
  // As a gateway of an older release answers beside these pages: it tells of no exchanges.
  await page.route('**/v1/points', (asked) => asked.fulfill({ json: { balance: 7, pending: 0, rules: told, history: [], gifts: [] } }))
  await go('points/index')
  await checks.comes('a rule that staff changed is the one that is read', rules, ['每缴电费 ¥2.50 得 1 分，一次最多 40 分。'])
  told = []
  await go('points/index')
  await checks.comes('without a rule nothing is promised', async () => [await at('points-balance').innerText(), await rules()], ['7', []])
  await page.unroute('**/v1/points')
}

/** What the household exchanged: the line answers here as if it had saved up, the rest is its own pages. */
async function exchanged() {
  const lamp = { gift_id: '019aa2f0-0000-7000-8000-00000000a001', title: '节能灯一只（示例）', points: 80 }
  const made = { exchange_id: '019aa2f0-0000-7000-8000-0000000a1b2c', number: '00000A1B2C', ...lamp, exchanged_at: '2026-11-20T10:00:00+08:00' }
  const exchanges = []
  await page.route('**/v1/points', (asked) => asked.fulfill({
    json: { balance: 100 - 80 * exchanges.length, pending: 0, rules: [], history: [], gifts: [{ ...lamp, available: true }], exchanges },
  }))
  await page.route('**/v1/points/exchanges', (asked) => {
    exchanges.push(made)
    return asked.fulfill({ status: 201, json: made })
  })
  await go('points/index')
  await at('exchange').click()
  await shows('exchange-number')
  checks.that('LN-21 who exchanged is told the number to show at an outlet', (await at('gift-got').innerText()).includes(made.number))
  checks.that('LN-21 and finds it again with what it is for', (await at('exchanged').innerText()).includes(made.title) && (await at('exchange-number').innerText()).includes(made.number))
  await whole('exchanged')
  exchanges[0] = { ...made, handed_at: '2026-11-21T10:00:00+08:00' }
  await go('points/index')
  await checks.comes('LN-21 and that it was collected', async () => (await at('exchanged').innerText()).includes('已领取'), true)
  exchanges[0] = { ...made, handed_at: made.exchanged_at }
  await go('points/index')
  await checks.comes('LN-21 of what was exchanged before that was noted no day is made up', async () => (await at('exchanged').innerText()).includes('领取登记启用前兑换'), true)
  await page.unroute('**/v1/points')
  await page.unroute('**/v1/points/exchanges')
}

/** Where staff hand gifts out: nothing waits, and no number is made up. */
async function handedOut(support) {
  await support.page.goto(`${consoleAt}/console/exchanges`)
  await checks.comes('LN-21 staff see what waits to be handed out', async () => (await support.page.locator('main').innerText()).includes('没有待领取的礼品'), true)
  await support.page.fill('main [name="number"]', '00000a1b2c')
  await click(support, support.page.locator('main form button'))
  checks.that('LN-21 a number that nobody was given finds nothing, and is told so', (await support.page.locator('main').innerText()).includes('没有这个兑换号'))
  checks.equal('gifts on the console: no serious finding of axe', await support.axe(), [])
}

/** The payment's own page leads there: nobody has to find its number. */
async function wrongPayment() {
  await go('home/index')
  await at('pay').click()
  await shows('pay-total')
  await at('pay-now').and(at('screen-confirm').locator(':enabled')).waitFor()
  await at('pay-now').click()
  await page.waitForURL((url) => url.origin === sandbox)
  await page.locator('#pay').first().click()
  await page.waitForURL((url) => url.origin === line)
  await shows('stations')
  const offered = await patiently(async () => {
    await tell('/sim/clock', { advance_s: 5 })
    return at('wrong-payment').isVisible()
  }, 1500)
  checks.that('LN-20 a payment for a wrong number can be said where it is followed', offered)
  await at('wrong-payment').click()
  await shows('request-text')
  await at('request-text').fill('缴到了邻居家的户号上')
  await at('send-request').click()
  await shows('request-wrong_payment')
  checks.that('LN-20 and becomes a work order', (await ordered('WRONG_PAYMENT')) !== undefined)
}

/** Marketing's clerk opens the user: the household goes on from the card of its application to the new home. */
async function opened() {
  const { order_no: no } = await ordered('OPEN_USER')
  await tell(`/sim/marketing/work-orders/${no}`, { state: 'RESOLVED' })
  await tell('/sim/clock', { advance_s: 130 })
  checks.that('EC-20 the end of an application comes back', await until('已办结', 'request-new_user'))
  const { consumer_no: number } = await ordered('OPEN_USER')
  await at('request-match').click()
  await shows('agree')
  await at('agree').click()
  await shows('match-found')
  await at('confirm-match').click()
  await shows('amount-due')
  await go('bindings/index')
  await shows('add-home')
  await checks.comes('EC-20 who was opened links the new home from there', async () => (await page.locator('main:visible').first().innerText()).includes(number.slice(-4)), true)
  await whole('opened')
}

const desks = [await openDesk('support'), await openDesk('reviewer')]
try {
  await misprint()
  await signIn()
  await report()
  await feedback()
  await misprinted(desks[0])
  await application(...desks)
  await seenByStaff(desks[0])
  await points()
  await exchanged()
  await handedOut(desks[0])
  await wrongPayment()
  await opened()
  checks.equal('no request to anywhere else', phone.seen.strangers, [])
  checks.equal('nothing thrown', phone.seen.errors.filter((error) => error.startsWith('uncaught')), [])
} catch (fault) {
  await phone.picture('requests-failed').catch(() => undefined)
  checks.broke(fault)
} finally {
  for (const desk of desks) await desk.close()
  await phone.close()
}
process.exit(checks.close())
