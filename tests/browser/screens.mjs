/**
 * The six screens (sign-in, match, home, bill, pay, tracker) in Chromium against a running demo, as a household uses them.
 *
 *   READY_FILE=ready.json node screens.mjs
 *
 * READY_FILE is what `lifeline demo --ready-file` writes. PERSON names the demo person (the first by default), PICTURES where the
 * screenshots go, HOME_PICTURE a file for one of Home, 390 px wide. FAULT breaks something on the way of the money (a kind of the
 * sandbox's, LATENCY for one): the same screens by the shortest way, and the run also fails unless the sandbox counted the fault on a
 * named call. What must be true is read from the other side, the sandbox's trades and postings, not from the gateway; and it must be
 * true within 60 seconds of the sandbox's time after the money was taken.
 */
import fs from 'node:fs'
import path from 'node:path'
import { Checks, PATIENCE_MS } from './checks.mjs'
import { openPhone } from './phone.mjs'

const root = path.resolve(import.meta.dirname, '../..')
if (!process.env.READY_FILE) {
  console.error('READY_FILE is not set: start `lifeline demo --ready-file FILE` and name that file.')
  process.exit(2)
}
const ready = JSON.parse(fs.readFileSync(process.env.READY_FILE, 'utf8'))
const line = new URL(ready.line).origin
const sandbox = new URL(ready.sandbox).origin
const fault = process.env.FAULT
const REST_S_MAX = 60
const checks = new Checks()

const json = async (url) => {
  const answer = await fetch(url)
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
  return answer.json()
}

async function tell(url, body) {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}

/** Puts FAULT on the call that credits the money, or on the notice that tells of it; gives its id. */
async function breakSomething() {
  const victim = fault.startsWith('NOTICE_') ? { target: 'alipay' } : { target: 'marketing', route: 'POST /payments' }
  return (await tell(`${sandbox}/sim/faults`, { ...victim, kind: fault, count: 1, seed: 7 })).fault_id
}

/** "¥1,284.05" of whole fen, written here on its own so that the page is not checked against itself. */
function yuan(fen) {
  const text = String(fen).padStart(3, '0')
  return `¥${text.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',')}.${text.slice(-2)}`
}

const dueOf = (consumer) => consumer.receivables.reduce((sum, item) => sum + item.principal_fen + item.late_fee_fen - item.paid_fen, 0)

/** Who pays, which of the homes owes, and how much: as the marketing system has it. */
async function facts() {
  const people = await json(`${sandbox}/sim/people`)
  const person = process.env.PERSON ? people.find((each) => each.person === process.env.PERSON) : people[0]
  if (!person) throw new Error(`no demo person ${process.env.PERSON}`)
  const consumers = await Promise.all(person.consumer_nos.map((no) => json(`${sandbox}/sim/marketing/consumers/${no}`)))
  const owing = consumers.find((consumer) => dueOf(consumer) > 0)
  if (!owing) throw new Error(`${person.person} owes nothing: there is nothing to pay`)
  return { person, consumers, owing, dueFen: dueOf(owing), tail: owing.consumer_no.slice(-4) }
}

const known = await facts()
const phone = await openPhone({ home: line, outside: [sandbox], pictures: process.env.PICTURES ?? path.join(root, 'target/browser') })
const { page } = phone
// A screen left behind stays in the page, hidden: only what can be seen counts.
const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
const textOf = async (testId) => (await at(testId).innerText()).replace(/\s+/g, '')
const appears = (testId) => at(testId).waitFor()

/** A screen is whole: a main landmark, a title, and nothing serious from axe. Looked at once; not again in every run with a fault. */
async function whole(name) {
  if (fault) return
  await checks.comes(`${name}: one main landmark`, () => page.locator('main:visible').count(), 1)
  await checks.comes(`${name}: a heading`, async () => (await page.locator('h1:visible').count()) >= 1, true)
  checks.equal(`${name}: no serious finding of axe`, await phone.axe(), [])
  await phone.picture(name)
}

const sizeOf = (testId) => at(testId).evaluate((element) => Number.parseFloat(getComputedStyle(element).fontSize))
const heightOf = async (testId) => (await at(testId).boundingBox()).height

async function signIn() {
  await page.goto(`${line}/`)
  await appears('sign-in')
  await whole('1-sign-in')
  if (!fault) await signInInLargeType()
  await at('sign-in').click()
  await page.waitForURL((url) => url.origin === sandbox)
  await page.locator(`[data-person="${known.person.person}"]`).first().click()
  await page.locator('#allow').first().click()
  await page.waitForURL((url) => url.origin === line)
}

async function signInInLargeType() {
  const normal = await sizeOf('sign-in')
  await at('elder').click()
  await checks.comes('sign-in: large type is larger', async () => (await sizeOf('sign-in')) > normal * 1.25, true)
  await checks.comes('sign-in: large type has targets of 60', async () => (await heightOf('sign-in')) >= 60 && (await heightOf('elder')) >= 60, true)
  await phone.picture('1-sign-in-elder')
  await at('elder').click()
}

async function match() {
  await appears('consent')
  checks.that('sign-in: no code stays in the address', !/auth_code|state=/.test(page.url()), page.url().replace(/=.*/, '=...'))
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))
  checks.that('sign-in: no token where a script can read it', !/eyJ|refresh|token/i.test(kept), kept)
  await whole('2-consent')
  await at('agree').click()
  await appears('match-found')
  await checks.comes('match: every home of the person', () => page.locator('[data-testid="candidate"]:visible').count(), known.consumers.length)
  const shown = await page.locator('main:visible').innerText()
  for (const consumer of known.consumers) {
    checks.that(`match: home …${consumer.consumer_no.slice(-4)} by its last digits only`, shown.includes(consumer.consumer_no.slice(-4)) && !shown.includes(consumer.consumer_no))
  }
  checks.that('match: the name is masked', !shown.includes(known.person.name))
  await appears('notices-tick')
  await checks.comes('match: messages by SMS are a choice of their own, and off', () => at('notices-tick').getAttribute('aria-checked'), 'false')
  await checks.comes('match: linking does not wait for that choice', () => at('confirm-match').isEnabled(), true)
  if (!fault) {
    await at('notices-tick').click()
    await page.locator('[data-testid="notices-tick"][aria-checked="true"]:visible').waitFor()
  }
  await whole('2-match')
  await at('confirm-match').click()
  await appears('amount-due')
}

async function chooseOwing() {
  if (known.consumers.length === 1) return
  if ((await page.locator('main:visible').innerText()).includes(`尾号 ${known.tail}`)) return
  await at('switch-home').click()
  await page.locator('[data-testid="home-choice"] button', { hasText: known.tail }).first().click()
  await appears('amount-due')
}

async function home() {
  await chooseOwing()
  await checks.comes('home: the amount due', () => textOf('amount-due'), yuan(known.dueFen))
  await checks.comes('home: the amount is read aloud in words', async () => /^[一二三四五六七八九十].*[元角分]$/.test(await at('amount-due').getAttribute('aria-label')), true)
  await checks.comes('home: the figure says its time', async () => /\d\d:\d\d/.test(await textOf('as-of')), true)
  await appears('last-bill')
  const mode = known.owing.archive.pay_mode
  if (mode === 'postpaid') checks.that('home: no negative balance where energy is paid by the bill', !/-\s*¥/.test(await at('due-card').innerText()), await at('due-card').innerText())
  if (fault) return
  await whole('3-home')
  if (process.env.HOME_PICTURE) await page.screenshot({ path: process.env.HOME_PICTURE, scale: 'css' })
  await checks.comes('home: targets of 44', async () => (await heightOf('pay')) >= 44 && (await heightOf('open-notices')) >= 44, true)
  await meAndLargeType()
}

async function meAndLargeType() {
  const amount = await sizeOf('amount-due')
  await at('tab-me').click()
  await appears('who')
  await appears('devices')
  await appears('consent-notices')
  await checks.comes('me: the choice of messages is kept, and can be taken back', async () => (await at('consent-notices').innerText()).includes('撤回'), true)
  checks.equal('me: no serious finding of axe', await phone.axe(), [])
  await phone.picture('7-me')
  await at('elder').click()
  await at('tab-home').click()
  await appears('amount-due')
  await checks.comes('home, large type: the amount', async () => [amount, await sizeOf('amount-due')], [40, 48])
  await checks.comes('home, large type: targets of 60', async () => (await heightOf('pay')) >= 60 && (await heightOf('hotline')) >= 60, true)
  await checks.comes('home, large type: the hotline', () => page.locator('[data-testid="hotline"]:visible').count(), 1)
  checks.equal('home, large type: no serious finding of axe', await phone.axe(), [])
  await phone.picture('3-home-elder')
  await at('tab-me').click()
  await at('elder').click()
  await at('tab-home').click()
  await appears('last-bill')
}

async function bill() {
  const receivable = known.owing.receivables.find((item) => item.principal_fen + item.late_fee_fen > item.paid_fen)
  await at('tab-bills').click()
  await appears(`bill-${receivable.bill_period}`)
  if (!fault) {
    checks.equal('bills: no serious finding of axe', await phone.axe(), [])
    await phone.picture('7-bills')
  }
  await at(`bill-${receivable.bill_period}`).click()
  await appears('bill-total')
  await checks.comes('bill: the total is what marketing has', () => textOf('bill-total'), yuan(receivable.principal_fen))
  if (!fault) await workings(receivable)
  await at('pay').click()
}

async function workings(receivable) {
  await at('reading').click()
  await checks.comes('bill: the reading opens to its arithmetic', async () => /−.*×.*=.*度/.test(await textOf('reading-formula')), true)
  const lines = page.locator('[data-testid^="line-"]:visible:not([data-testid$="-formula"])')
  for (const each of await lines.all()) await each.click()
  const opened = page.locator('[data-testid^="line-"][data-testid$="-formula"]:visible')
  await checks.comes('bill: every charge opens to its formula', async () => (await opened.count()) > 0 && (await opened.count()) === (await lines.count()), true)
  const formulas = await opened.allInnerTexts()
  checks.equal('bill: the formulas add up to the total', formulas.reduce((sum, text) => sum + recompute(text), 0), receivable.principal_fen)
  await whole('4-bill')
}

/** The amount of "60 度 × 0.538 元/度 = 32.28 元" in fen, after doing the multiplication again. */
function recompute(text) {
  const [, kwh, price, yuanText] = /([\d.]+) 度 × ([\d.]+) 元\/度 = ([\d.,]+) 元/.exec(text) ?? []
  const scaled = (decimal, places) => BigInt(decimal.split('.')[0] + (decimal.split('.')[1] ?? '').padEnd(places, '0'))
  const product = scaled(kwh, 4) * scaled(price, 8)
  const fen = Number((product + 5n * 10n ** 9n) / 10n ** 10n)
  checks.equal(`bill: ${text.split('\n')[0]}`, fen, Number(scaled(yuanText.replace(/,/g, ''), 2)))
  return fen
}

async function pay() {
  await appears('pay-total')
  await checks.comes('pay: the total', () => textOf('pay-total'), yuan(known.dueFen))
  const who = await textOf('pay-for')
  checks.that('pay: whose bill it is, masked', who.includes(known.tail) && who.includes('*') && !who.includes(known.person.name))
  await page.locator('[data-testid="pay-now"]:visible:enabled').waitFor()
  await checks.comes('pay: a warning before the first payment', () => page.locator('[data-testid="first-payment"]:visible').count(), 1)
  await whole('5-pay')
  if (fault) known.faultId = await breakSomething()
  await at('pay-now').click()
  await page.waitForURL((url) => url.origin === sandbox)
  const cashier = (await page.locator('body').innerText()).replace(/,/g, '')
  checks.that('pay: the cashier asks for the same amount', cashier.includes(yuan(known.dueFen).slice(1).replace(/,/g, '')))
  await page.locator('#pay').first().click()
  await page.waitForURL((url) => url.origin === line)
}

const sandboxNow = async () => Date.parse((await json(`${sandbox}/sim/clock`)).now)

/**
 * Waits until `done()`: first in real time, for an answer that is on its way has its deadline; then the time machine helps along. When it
 * has gone as far as may be needed, only a busy machine needs longer.
 */
async function comesTrue(what, done, realMs = 8000) {
  const began = Date.now()
  for (let movedS = 0; !(await done()); ) {
    if (movedS > REST_S_MAX && Date.now() - began > PATIENCE_MS) throw new Error(`${what}: not in time; the page says: ${await page.locator('main:visible').innerText()}`)
    await page.waitForTimeout(500)
    if (movedS > REST_S_MAX || Date.now() - began < realMs) continue
    await tell(`${sandbox}/sim/clock`, { advance_s: 5 })
    movedS += 5
    await page.waitForTimeout(1500)
  }
}

async function tracker() {
  await appears('stations')
  await checks.comes('tracker: the amount', () => textOf('tracker-amount'), yuan(known.dueFen))
  if (!fault) await phone.picture('6-tracker-under-way', false)
  await comesTrue('credited', () => at('tracker-POSTED').isVisible())
  const creditedAt = await sandboxNow()
  for (const station of ['ordered', 'paid', 'credited']) {
    await checks.comes(`tracker: ${station}, with its time`, async () => /\d\d:\d\d:\d\d/.test(await textOf(`station-${station}-done`)), true)
  }
  await whole('6-tracker')
  if (fault) await faultActed()
  await verdict(creditedAt)
}

/** The fault is counted by the sandbox, on a call that has a name; a notice is repeated some time after the first. */
async function faultActed() {
  const mine = async () => (await json(`${sandbox}/sim/faults`)).items.find((item) => item.fault_id === known.faultId)
  await comesTrue(`the fault ${fault}`, async () => (await mine()).hits >= 1, 2000)
  const { hits, calls } = await mine()
  checks.that(`the fault ${fault} acted on a named call`, hits >= 1 && calls.length >= 1 && calls.every((each) => each.route && each.call), JSON.stringify(calls))
  console.log(`        ${fault} acted ${hits} time(s) on ${calls.map((each) => each.route).join(', ')}`)
}

/** What Alipay and the marketing system have: the money was taken once and posted once, to the fen and in time. */
async function verdict(creditedAt) {
  const after = await json(`${sandbox}/sim/marketing/consumers/${known.owing.consumer_no}`)
  const before = new Set(known.owing.postings.map((posting) => posting.channel_txn_no))
  const posted = after.postings.filter((posting) => posting.state === 'POSTED' && !before.has(posting.channel_txn_no))
  checks.equal('the other side: posted once, to the fen', posted.map((posting) => posting.amount_fen), [known.dueFen])
  const trades = (await json(`${sandbox}/sim/alipay/trades`)).filter((trade) => posted[0]?.channel_txn_no.startsWith(`${trade.out_trade_no}_`))
  checks.equal('the other side: taken once, nothing returned', trades.map((trade) => [trade.trade_status, trade.total_fen, trade.refunded_fen]), [['TRADE_SUCCESS', known.dueFen, 0]])
  const tookS = (creditedAt - Date.parse(trades[0]?.paid_at)) / 1000
  checks.that(`the other side: at rest ${tookS} s after the money was taken`, tookS <= REST_S_MAX, `${tookS} s`)
}

async function afterwards() {
  await at('go-home').click()
  await appears('amount-due')
  await page.locator('[data-testid="amount-due"]:visible', { hasText: '0.00' }).first().waitFor()
  await checks.comes('home: nothing due after the payment', () => textOf('amount-due'), yuan(0))
  if (fault) return
  await phone.picture('8-home-paid')
  await at('open-notices').click()
  await appears('notice-credited')
  checks.equal('inbox: no serious finding of axe', await phone.axe(), [])
  await phone.picture('7-inbox')
  await page.reload()
  await appears('notice-credited')
  checks.that('inbox: a reload keeps the person signed in', true)
  const gone = await fetch(`${line}/v1/pay/long-gone`, { headers: { accept: 'text/html' } })
  checks.equal('a payment link that is over says so in words', [gone.status, (await gone.text()).includes('付款链接已失效')], [410, true])
  await texted()
  await keepsNothing()
  await topsUp()
}

/** A household's whole job leaves in the browser how its pages are set, and nothing of the person. */
async function keepsNothing() {
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))
  const theirs = [known.person.name, known.person.phone, ...known.consumers.map((consumer) => consumer.consumer_no)]
  checks.equal('nothing personal stays where a script can read it', theirs.filter((text) => !text || kept.includes(text)), [])
}

/** Paying ahead: an amount of one's own or one that is offered, the cashier, and the tracker to the end. */
async function topsUp() {
  await page.goto(`${line}/#/pages/home/index`)
  await at('open-top-up').click()
  await appears('top-up')
  await checks.comes('top-up: nothing is paid before an amount is chosen', () => at('pay-now').isDisabled(), true)
  await page.locator('[data-testid="top-up"]:visible [aria-pressed]').first().click()
  await checks.comes('top-up: an amount that is offered', async () => (await textOf('pay-now')).includes('¥50.00'), true)
  await at('top-up-amount').fill('12.345')
  await checks.comes('top-up: what is no amount cannot be paid', () => at('pay-now').isDisabled(), true)
  await at('top-up-amount').fill('12.34')
  await whole('9-top-up')
  await page.locator('[data-testid="pay-now"]:visible:enabled').waitFor()
  await at('pay-now').click()
  await page.waitForURL((url) => url.origin === sandbox)
  await page.locator('#pay').first().click()
  await page.waitForURL((url) => url.origin === line)
  await appears('stations')
  await checks.comes('top-up: the tracker has the amount that was typed', () => textOf('tracker-amount'), '¥12.34')
  await comesTrue('top-up credited', () => at('tracker-POSTED').isVisible())
  const { prepaid_fen: left } = await json(`${sandbox}/sim/marketing/consumers/${known.owing.consumer_no}`)
  checks.equal('LN-04 a top-up is credited to the balance, to the fen', left - known.owing.prepaid_fen, 1_234)
}

/** Who agreed to messages gets one, without the number of the home in full. */
async function texted() {
  let sent = []
  await comesTrue('the message by SMS', async () => {
    sent = await json(`${sandbox}/sim/sms?phone=${known.person.phone}`)
    return sent.length > 0
  })
  const words = JSON.stringify(sent)
  checks.that('sms: the amount, and the home by its last digits only', words.includes(yuan(known.dueFen).slice(1)) && !words.includes(known.owing.consumer_no), words)
}

try {
  for (const step of [signIn, match, home, bill, pay, tracker, afterwards]) await step()
} catch (thrown) {
  await phone.picture('failed').catch(() => undefined)
  checks.broke(thrown)
}
checks.equal('no error in the console', phone.seen.errors, [])
checks.equal('no request to anywhere else', phone.seen.strangers, [])
await phone.close()
process.exit(checks.close())
