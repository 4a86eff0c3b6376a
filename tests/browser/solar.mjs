/**
 * Selling solar power, in Chromium against a running demo: registering, showing who one is by an identity that is encrypted in the
 * browser, looking at the table, asking for the end, being ended by the utility, waking the account by a renewed contract.
 *
 *   READY_FILE=ready.json node solar.mjs
 */
import fs from 'node:fs'
import path from 'node:path'
import { Checks, PATIENCE_MS, drawn, patiently } from './checks.mjs'
import { openPhone } from './phone.mjs'

const checks = new Checks()
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')
const ready = JSON.parse(fs.readFileSync(process.env.READY_FILE, 'utf8'))
const [line, sandbox] = [new URL(ready.line).origin, new URL(ready.sandbox).origin]

async function tell(where, body) {
  const answer = await fetch(`${sandbox}${where}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${where}: ${answer.status} ${await answer.text()}`)
}

const people = await (await fetch(`${sandbox}/sim/people`)).json()
const owner = people.find((each) => each.registration)
const { person, registration, identity } = owner

const phone = await openPhone({ home: line, outside: [sandbox], pictures })
const { page } = phone
const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
const shows = (testId, timeout = PATIENCE_MS) => at(testId).waitFor({ timeout })

async function anew(screen) {
  await page.goto(`${line}/#/pages/${screen}`)
  await page.reload()
}

async function typeRegistration(typed) {
  for (const [name, value] of Object.entries(typed)) await at(`solar-${name}`).fill(value)
  await at('solar-submit').click()
}

async function typeIdentity(typed) {
  for (const [name, value] of Object.entries(typed)) await at(`solar-${name}`).fill(value)
  await at('solar-show').click()
}

/** The screen is asked again until the account has come so far. */
async function becomes(state) {
  await page.reload()
  if (!(await drawn((ms) => shows(`solar-state-${state}`, ms), () => page.reload()))) throw new Error(`the account never became ${state}`)
}

async function looksRight(name) {
  checks.equal(`${name}: no serious finding of axe`, await phone.axe(), [])
  await phone.picture(`solar-${name}`)
}

async function registers() {
  await anew('accounts/index')
  await at('open-solar').click()
  await shows('solar-none')
  await looksRight('none')
  await at('solar-submit').click()
  await page.getByText('请检查填写的内容').first().waitFor()
  const sent = []
  page.on('request', (request) => request.method() === 'POST' && request.url().endsWith('/generation-accounts') && sent.push(request.url()))
  await typeRegistration({ ...registration, address: '另一条街 1 号' })
  await page.getByText('用户名为 4 到 32 位').first().waitFor()
  checks.equal('PV-04 nothing is registered without a user name and a password', sent.length, 0)
  await at('solar-login').fill(LOGIN)
  await at('solar-password-first').fill(FIRST)
  await at('solar-submit').click()
  await shows('problem')
  await typeRegistration(registration)
  await shows('screen-solar-account')
  checks.that('the address of the screen names no number', !page.url().includes(registration.generation_no))
  await becomes('keyed')
  await looksRight('keyed')
}

async function showsWhoTheyAre() {
  const sent = []
  page.on('request', (request) => request.url().includes('/generation-accounts/') && sent.push(request.postData() ?? ''))
  await typeIdentity({ ...identity, bank_card_no: '6217000000000000013' })
  await shows('problem')
  await checks.comes('a refusal says only that', async () => (await at('problem').innerText()).includes('未获得权限'), true)
  await typeIdentity(identity)
  await shows('solar-state-permitted')
  const seen = sent.join('\n')
  checks.that('an encrypted identity was sent', seen.includes('"jwe"'))
  checks.that('and none in the clear', !seen.includes(identity.id_no) && !seen.includes(identity.name) && !seen.includes(identity.bank_card_no))
  await shows('solar-payee')
  await checks.comes('the payee is shown masked', async () => (await at('solar-payee').innerText()).includes('****0005'), true)
  await shows('solar-table-empty')
  await at('solar-period').fill('2026-11')
  await at('solar-search').click()
  await shows('solar-table-empty')
  await looksRight('permitted')
}

/** The code that reached the owner's phone after so many others. */
async function codeAfter(before) {
  const come = await patiently(async () => (await codesSoFar()).slice(before).at(-1), 100)
  if (!come) throw new Error('no code came')
  return come
}

async function codesSoFar() {
  const texts = await (await fetch(`${sandbox}/sim/sms?phone=${owner.phone}`)).json()
  return JSON.stringify(texts).split('验证码 ').slice(1).map((text) => text.slice(0, 6))
}

const LOGIN = 'zhaolei.roof'
const FIRST = 'Tr4x-over-the-barn'
const SECOND = 'Tr4x-under-the-barn'

/** User name and password were chosen with the registration; a code changes them. */
async function changesThePassword() {
  await shows('solar-password')
  await at('solar-login').fill('7')
  await at('solar-new-password').fill('short')
  await at('solar-password-set').click()
  await page.getByText('用户名为 4 到 32 位').first().waitFor()
  await at('solar-login').fill(LOGIN)
  await at('solar-new-password').fill(SECOND)
  await checks.comes('a password is not readable on the screen', () => at('solar-new-password').getAttribute('type'), 'password')
  const before = (await codesSoFar()).length
  await at('send-code').click()
  const code = await codeAfter(before)
  await at('solar-password-code').fill(code === '000000' ? '000001' : '000000')
  await at('solar-password-set').click()
  await shows('problem')
  await at('solar-password-code').fill(code)
  await at('solar-password-set').click()
  await shows('solar-password-done')
  await checks.comes('it is not kept on the screen', async () => (await at('solar-new-password').inputValue()) === '', true)
}

/** From another browser, by name, password and code. */
async function entersByPassword() {
  const other = await openPhone({ home: line, outside: [sandbox], pictures })
  const there = (testId) => other.page.locator(`[data-testid="${testId}"]:visible`).first()
  const seen = (testId) => there(testId).waitFor()
  try {
    await other.page.goto(`${line}/`)
    await there('by-password').click()
    await seen('screen-password')
    await there('door-generation_password').click()
    await there('password-ask').click()
    await other.page.getByText('请输入用户名和密码').first().waitFor()
    checks.equal('password: no serious finding of axe', await other.axe(), [])
    await other.picture('solar-password')
    await there('password-login').fill(LOGIN)
    await there('password-password').fill(SECOND)
    const before = (await codesSoFar()).length
    await there('password-ask').click()
    await seen('password-asked')
    const code = await codeAfter(before)
    await there('password-code').fill(code === '000000' ? '000001' : '000000')
    await there('password-enter').click()
    await seen('problem')
    await there('password-code').fill(code)
    await there('password-enter').click()
    await seen('solar-account')
    checks.that('nothing of it stands in the address', !other.page.url().includes(LOGIN))
    checks.equal('no request of that browser to anywhere else', other.seen.strangers, [])
  } finally {
    await other.close()
  }
}

const ANOTHER = { ...identity, bank_card_no: '6217000000000000021' }

/** The reserve says another payee; a code and the identity once more make it so. */
async function isPaidElsewhere() {
  await tell('/sim/marketing/change-payee', { generation_no: registration.generation_no, trading_account: ANOTHER.bank_card_no })
  await at('payee-change').click()
  await typeIdentity(ANOTHER)
  await page.getByText('请输入收到的 6 位数字').first().waitFor()
  const before = (await codesSoFar()).length
  await at('send-code-payee').click()
  await at('code-payee').fill(await codeAfter(before))
  await looksRight('payee')
  await at('solar-show').click()
  await shows('payee-changed')
  await page.getByText('****0021').first().waitFor()
  await checks.comes('the new payee is shown masked', async () => (await at('solar-payee').innerText()).includes('****0021'), true)
}

/** Whoever has linked the place chooses it: its number is not typed, and does not leave the service. */
async function choosesTheHome() {
  const account = page.url()
  await anew('bindings/match')
  await at('agree').click()
  await shows('match-found')
  await at('confirm-match').click()
  await shows('amount-due')
  await page.goto(account)
  await page.reload()
  await shows('solar-activate')
  await page.locator('[data-testid^="solar-home-"]:visible', { hasText: registration.grid_user_no.slice(-4) }).first().click()
  checks.equal('LN-43 a chosen home asks for no number', await page.locator('[data-testid="solar-grid_user_no"]:visible').count(), 0)
  await looksRight('chosen-home')
  const sent = page.waitForRequest((request) => request.url().endsWith('/activation'))
  await at('solar-generation_no').fill(registration.generation_no)
  await at('solar-address').fill(registration.address)
  await at('solar-submit').click()
  const body = (await sent).postDataJSON()
  checks.that('LN-43 the form takes the linked home in place of its number', Boolean(body.binding_id) && !JSON.stringify(body).includes(registration.grid_user_no), JSON.stringify(Object.keys(body)))
}

async function endsAndWakes() {
  checks.that('PV-11 who would end it reads that the notices go, and where to export them first', (await at('solar-end').innerText()).includes('各月结算通知'))
  await at('solar-end-ask').click()
  await at('solar-end-ask').click()
  await shows('solar-end-asked')
  const number = { generation_no: registration.generation_no }
  await tell('/sim/marketing/end-cooperation', number)
  await tell('/sim/clock', { advance_s: 6 * 3_600 + 60 })
  await becomes('terminated')
  await checks.comes('nothing of the table is left', async () => (await page.locator('[data-testid="solar-table"]:visible').count()) === 0, true)
  await checks.comes('nor of the number', async () => !(await page.locator('main:visible').first().innerText()).includes('0061'), true)
  await looksRight('terminated')
  await typeRegistration(registration)
  await shows('problem')
  await tell('/sim/marketing/renew-contract', number)
  await choosesTheHome()
  await becomes('keyed')
  await typeIdentity(ANOTHER)
  await shows('solar-state-permitted')
  await page.goto(`${line}/#/pages/home/index`)
  await shows('tab-solar')
}

try {
  // Where a month was collected the end waits for its payout: here none is.
  await tell('/sim/faults', { target: 'generation', route: 'POST /meter/months', kind: 'HTTP_500', count: 1000 })
  await page.goto(`${line}/`)
  await at('sign-in').click()
  await page.locator(`[data-person="${person}"]`).first().click()
  await page.locator('#allow').first().click()
  await shows('consent')
  await registers()
  await showsWhoTheyAre()
  await isPaidElsewhere()
  await changesThePassword()
  await entersByPassword()
  await endsAndWakes()
  checks.equal('nothing thrown', phone.seen.errors.filter((error) => error.startsWith('uncaught')), [])
  checks.equal('no request to anywhere else', phone.seen.strangers, [])
} catch (thrown) {
  await phone.picture('solar-failed').catch(() => undefined)
  checks.broke(thrown)
} finally {
  await phone.close()
}
process.exit(checks.close())
