/**
 * Checking a month of sold power, in Chromium against a running demo: the countdown, how the amount came about, looking, not
 * checking, taking that back, rejecting with a reason and the reviewer's correction, confirming, taking back, confirming again;
 * then the money, the bank that gives it back, and the money again. What was paid is read from the books of the
 * trade-execution platform.
 *
 *   READY_FILE=ready.json node settling.mjs
 */
import fs from 'node:fs'
import path from 'node:path'
import { Checks, PATIENCE_MS, drawn, patiently } from './checks.mjs'
import { click, consoleAt, openDesk } from './desk.mjs'
import { openPhone } from './phone.mjs'
import { OF_A_MONTH, rolesOf } from './table.mjs'

const checks = new Checks()
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')
const ready = JSON.parse(fs.readFileSync(process.env.READY_FILE, 'utf8'))
const [line, sandbox] = [new URL(ready.line).origin, new URL(ready.sandbox).origin]
const HOUR_S = 3_600

async function tell(where, body = {}) {
  const answer = await fetch(`${sandbox}${where}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${where}: ${answer.status} ${await answer.text()}`)
}
const advance = (seconds) => tell('/sim/clock', { advance_s: seconds })
const books = async (where) => (await (await fetch(`${sandbox}${where}`)).json()).items

const people = await (await fetch(`${sandbox}/sim/people`)).json()
// The last of them sells all that is generated, in five parts of the day.
const { person, registration, identity } = people.findLast((each) => each.registration)

const phone = await openPhone({ home: line, outside: [sandbox], pictures })
const { page } = phone
const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
const shows = (testId, timeout = PATIENCE_MS) => at(testId).waitFor({ timeout })
const textOf = async (testId) => (await at(testId).innerText()).replace(/\s+/g, '')
/** Tenths of a kilowatt-hour, added up over all that is found. */
const tenths = (texts, what) => texts.flatMap((text) => [...text.matchAll(what)]).reduce((sum, [, kwh]) => sum + Math.round(Number(kwh) * 10), 0)
const fenOf = (text) => Math.round(Number(text.replace(/[^\d.-]/g, '')) * 100)

/** Within hours of a month's end another month would be read on the way: then time goes on to the next one first. */
async function clearOfTheMonthsEnd() {
  const { now } = await (await fetch(`${sandbox}/sim/clock`)).json()
  const shanghai = new Date(Date.parse(now) + 8 * HOUR_S * 1000)
  const next = Date.UTC(shanghai.getUTCFullYear(), shanghai.getUTCMonth() + 1, 1)
  const left = Math.ceil((next - shanghai.getTime()) / 1000)
  if (left < 6 * 24 * HOUR_S) await advance(left + HOUR_S)
}

async function anew(screen) {
  await page.goto(`${line}/#/pages/${screen}`)
  await page.reload()
}

/** The screen is asked again until it shows something. */
const comesUp = (testId, patienceMs) => drawn((ms) => shows(testId, ms), () => page.reload(), patienceMs)
async function becomes(testId) {
  if (!(await comesUp(testId))) throw new Error(`${testId} never came`)
}

async function looksRight(name) {
  checks.equal(`${name}: no serious finding of axe`, await phone.axe(), [])
  await phone.picture(`settling-${name}`)
}

async function opensAnAccount() {
  await anew('settlement/index')
  for (const [name, value] of Object.entries(registration)) await at(`solar-${name}`).fill(value)
  await at('solar-login').fill('seller.meter')
  await at('solar-password-first').fill('Tr4x-under-the-meter')
  await at('solar-submit').click()
  await shows('screen-solar-account')
  await becomes('solar-state-keyed')
  for (const [name, value] of Object.entries(identity)) await at(`solar-${name}`).fill(value)
  await at('solar-show').click()
  await shows('solar-state-permitted')
  await anew('settlement/checks')
  await shows('checks-none')
  await looksRight('none')
}

/** Somebody of a role, at the clock of the sandbox. */
async function staff(role) {
  const { now } = await (await fetch(`${sandbox}/sim/clock`)).json()
  return openDesk(role, Math.floor(Date.parse(now) / 30_000) - Math.floor(Date.now() / 30_000))
}

/** Whoever else may read why a month was refused reads it. */
async function isReadByEveryRole(at) {
  for (const role of rolesOf(OF_A_MONTH).filter((one) => one !== 'support')) {
    const desk = await staff(role)
    try {
      checks.equal(`EC-07 ${role} opens the page of refused readings`, (await desk.page.goto(at)).status(), 200)
      checks.equal(`EC-07 the page of refused readings for ${role}: no serious finding of axe`, await desk.axe(), [])
    } finally {
      await desk.close()
    }
  }
}

/** The head-end tells of a day that fed in less than nothing: nobody is sent a task, and staff read why. Then it is right again. */
async function isRefused() {
  const meter = { generation_no: registration.generation_no }
  await tell('/sim/generation/readings', { ...meter, negative: true })
  await advance(HOUR_S + 60)
  const desk = await staff('support')
  try {
    const told = desk.page.locator('main tbody a').filter({ hasText: '发电数据未通过校验' }).first()
    const come = await patiently(async () => {
      await desk.page.goto(`${consoleAt}/console/cases?queue=solar`)
      return (await told.count()) > 0
    }, 1_000)
    checks.equal('EC-07 readings that cannot be are a case', come, true)
    await click(desk, told)
    await click(desk, desk.page.locator('main a[href$="/reading"]').first())
    checks.that('EC-07 what the head-end says of it is told', (await desk.page.locator('main').innerText()).includes('电量为负'))
    checks.equal('EC-07 the page of refused readings: no serious finding of axe', await desk.axe(), [])
    await desk.picture('settling-reading')
    await isReadByEveryRole(desk.page.url())
  } finally {
    await desk.close()
  }
  await tell('/sim/generation/readings', meter)
}

/** Meters are read, and tables looked at, each hour. */
async function isSentATask() {
  for (let hour = 0; hour < 3; hour++) {
    await advance(HOUR_S + 60)
    await anew('settlement/checks')
    if (await comesUp('check-line', 10_000)) break
  }
  await becomes('check-line')
  await checks.comes('the list says how much time is left', async () => (await textOf('check-line-left')).includes('还剩'), true)
  await looksRight('list')
  await at('open-check').click()
  await shows('check-OPEN')
}

async function seesHowItCameAbout() {
  const lines = page.locator('[data-testid="settlement-line"]:visible .row-value')
  await checks.comes('each part of the day has two prices and a subsidy', () => lines.count(), 15)
  const amounts = await lines.allInnerTexts()
  const sum = amounts.map(fenOf).reduce((all, one) => all + one, 0)
  const [net, tax] = [fenOf(await textOf('check-net')), fenOf(await textOf('check-tax'))]
  checks.equal('lines and tax come to the net, to the fen', sum + tax, net)
  await checks.comes('and that is the amount on top', async () => fenOf(await textOf('check-amount')), net)
  await checks.comes('until when is said in words', async () => (await textOf('check-until')).includes('到时未答复视为认可'), true)
  await at('check-days').click()
  const days = page.locator('[data-testid="check-days-list"] .row')
  await checks.comes('every day of the month is there', async () => (await days.count()) >= 28, true)
  const sales = (await page.locator('[data-testid="settlement-line"]:visible').allInnerTexts()).filter((line) => line.includes('上网电量'))
  checks.equal('the days come to the energy of the sales', tenths(await days.allInnerTexts(), /([\d.]+) 度/g), tenths(sales, /([\d.]+) 度 ×/g))
  await at('check-days').click()
  await looksRight('open')
  return net
}

async function looksAtTheTable() {
  await at('check-view').click()
  await shows('solar-table')
  await page.locator('[data-testid="solar-table"] .amount').first().waitFor()
  const rows = async () => textOf('solar-table')
  await checks.comes('each row says whether it is a sale or a subsidy', async () => /上网电量/.test(await rows()) && /补贴/.test(await rows()), true)
  await anew('settlement/checks')
  await shows('check-OPEN')
  await at('open-check').click()
  await shows('check-confirm')
}

/** Whoever does not want to check is paid like whoever confirms, and may think again. */
async function ignores() {
  await at('check-ignore').click()
  await shows('check-verdict-ignore')
  await checks.comes('what not checking means is said', async () => (await textOf('check-verdict-ignore')).includes('不再核对'), true)
  await looksRight('ignored')
  await at('check-undo').click()
  await shows('check-reject')
}

/** Staff see that a reviewer has the month, since when and by when. */
async function isInReview() {
  const desk = await staff('support')
  try {
    await desk.page.goto(`${consoleAt}/console/cases?queue=solar`)
    checks.equal('LN-55 what a reviewer has stands in the queue of sold power', await desk.page.locator('#reviews tbody tr').count(), 1)
    checks.equal('LN-55 the queue of sold power: no serious finding of axe', await desk.axe(), [])
  } finally {
    await desk.close()
  }
}

async function rejects(net) {
  await at('check-reject').click()
  await at('check-reason-typed').fill('三号那天停电，不该有电量')
  await looksRight('reject')
  await at('check-reject-send').click()
  await shows('check-review')
  await checks.comes('what was said is shown again', async () => (await textOf('check-reason')).includes('三号那天停电'), true)
  await looksRight('review')
  await isInReview()
  const [review] = await books('/sim/reviews')
  checks.equal('the reviewer reads it', [review.reason, review.net_fen], ['三号那天停电，不该有电量', net])
  await tell(`/sim/reviews/${review.review_id}`, { verdict: 'corrected', amount_fen: net - 500 })
  await advance(700)
  await becomes('check-newer')
  await shows('check-review-corrected')
  await checks.comes('when it was rejected is still there', async () => (await textOf('check-review-asked')).includes('提出异议'), true)
  await checks.comes('and in which words', async () => (await textOf('check-reason')).includes('三号那天停电'), true)
  await looksRight('superseded')
  await at('check-open-newer').click()
  await shows('check-confirm')
  await checks.comes('the newer one is the reviewer\'s amount', async () => fenOf(await textOf('check-amount')), net - 500)
  await checks.comes('and says so', async () => fenOf(await textOf('check-adjustment')), -500)
  return net - 500
}

async function confirms() {
  await at('check-confirm').click()
  await shows('check-verdict-confirm')
  await shows('check-undo')
  await at('check-undo').click()
  await shows('check-confirm')
  await at('check-confirm').click()
  await shows('check-verdict-confirm')
  await checks.comes('it cannot be taken back twice', () => page.locator('[data-testid="check-undo"]:visible').count(), 0)
  await becomes('hold-payee_young')
  await looksRight('held')
  checks.equal('nothing is paid before the account has stood for 72 hours', await books('/sim/payouts'), [])
}

/** The list, which is asked for by itself, says how far the month has come; then back to the month. */
async function listSays(testId, words) {
  await anew('settlement/checks')
  await shows(testId)
  await checks.comes(`the list says ${words}`, async () => (await textOf(testId)).includes(words), true)
  await at('open-check').click()
  await shows('check-way')
}

async function isPaid(net) {
  await advance(72 * HOUR_S)
  await becomes('payout-PAID')
  await shows('station-paid-done')
  const paid = (await books('/sim/payouts')).map(({ state, amount_fen }) => [state, amount_fen])
  checks.equal('the platform paid it once', paid, [['paid', net]])
  await looksRight('paid')
  await listSays('check-paid', '已付款')
}

async function isPaidAgain(net) {
  const [{ payout_no: number }] = await books('/sim/payouts')
  await tell(`/sim/payouts/${number}/return`)
  await advance(7 * HOUR_S)
  await becomes('payout-RETURNED')
  await looksRight('returned')
  await listSays('check-returned', '被银行退回')
  await at('payee-confirm').click()
  await becomes('payout-PAID')
  const paid = (await books('/sim/payouts')).map(({ state, amount_fen }) => `${state} ${amount_fen}`).sort()
  checks.equal('it is paid again, under a number of its own', paid, [`paid ${net}`, `returned ${net}`])
}

/** What has left is not answered any more, and staff hear that it is disputed: a refusal that is kept is told as what it is. */
async function disputes() {
  await at('check-dispute').click()
  await shows('check-dispute-what')
  await at('check-reject-send').click()
  await shows('check-disputed')
  await shows('check-dispute-since')
  await shows('payout-PAID')
  await checks.comes('it is not asked for twice', () => page.locator('[data-testid="check-dispute"]:visible').count(), 0)
  await looksRight('disputed')
  await anew('settlement/checks')
  await shows('check-paid')
  await at('open-check').click()
  await shows('check-dispute-since')
  await checks.comes('whoever looks again sees that it is disputed', async () => (await textOf('check-disputed')).includes('已登记您的异议'), true)
}

async function wasTold() {
  await anew('notices/index')
  for (const kind of ['check_task', 'review_corrected', 'paid_out', 'payout_returned']) await shows(`notice-${kind}`)
  await at('notice-check').click()
  await shows('screen-check')
}

try {
  await clearOfTheMonthsEnd()
  await page.goto(`${line}/`)
  await at('sign-in').click()
  await page.locator(`[data-person="${person}"]`).first().click()
  await page.locator('#allow').first().click()
  await shows('consent')
  await opensAnAccount()
  await isRefused()
  await isSentATask()
  const first = await seesHowItCameAbout()
  await looksAtTheTable()
  await ignores()
  const net = await rejects(first)
  await confirms()
  await isPaid(net)
  await isPaidAgain(net)
  await disputes()
  await wasTold()
  checks.equal('nothing thrown', phone.seen.errors.filter((error) => error.startsWith('uncaught')), [])
  checks.equal('no request to anywhere else', phone.seen.strangers, [])
} catch (thrown) {
  await phone.picture('settling-failed').catch(() => undefined)
  checks.broke(thrown)
} finally {
  await phone.close()
}
process.exit(checks.close())
