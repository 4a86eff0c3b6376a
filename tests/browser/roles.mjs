/**
 * Every page of the console in Chromium against a running demo, for every role: what the left side and the pages lead to opens, has its
 * heading, gives axe nothing serious and is walked through by the keyboard; what another role's left side leads to is refused. Then the acts
 * of single pages: an application is opened by two persons, a bill flagged and let stand, an end of a case withdrawn, a task run, a line of time read, figures taken
 * out, a refused form mended, the system log read.
 *
 *   READY_FILE=ready.json node roles.mjs
 */
import { Checks, patiently } from './checks.mjs'
import { call, click, code, consoleAt, given, household, isClosed, line, openDesk, ready, sandbox } from './desk.mjs'
import { keep, leftOver, noteJudgements, ownPages, pageOf, unjudged } from './table.mjs'

const checks = new Checks()
const ROLES = ready.staff.map((one) => one.role)
/** Where pages lead on to a single thing, one of each kind is enough. */
const kindOf = (at) => pageOf(at) ?? at
const PAGES_MAX = 40

/** Where the page leads to, of ours, as path and query; files to take away are not pages. */
const ways = (desk, within) =>
  desk.page.locator(`${within} a[href^="/console"]`).evaluateAll((all) => all.map((one) => one.getAttribute('href')).filter((at) => !/\/(export|assets)/.test(at)))

/** What the keyboard should stop at, and what it stopped at, in the page's own order. */
async function walked(desk) {
  const { page } = desk
  const wanted = await page.evaluate(() => {
    const stops = 'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]'
    const seen = (one) => one.checkVisibility() && !one.closest('details:not([open]) > :not(summary)')
    return [...document.querySelectorAll(stops)].filter((one) => seen(one) && !one.disabled).map((one, at) => (one.dataset.stop = String(at)))
  })
  await page.evaluate(() => { document.activeElement?.blur(); window.scrollTo(0, 0) })
  const reached = new Set()
  let unseen = 0
  for (let press = 0; press < wanted.length * 4 + 8 && reached.size < wanted.length; press++) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate(() => {
      const here = document.activeElement
      const style = here && getComputedStyle(here)
      return { stop: here?.dataset.stop, ring: Boolean(style) && (style.outlineStyle !== 'none' || style.boxShadow !== 'none') }
    })
    if (at.stop === undefined) continue
    reached.add(at.stop)
    unseen += at.ring ? 0 : 1
  }
  return { missed: wanted.length - reached.size, unseen }
}

/** Opens a page that a role has, and looks at it. */
async function opens(desk, role, at) {
  const kind = kindOf(at.split(/[?#]/)[0])
  const answer = await desk.page.goto(`${consoleAt}${at}`)
  checks.equal(`${role} ${kind}: opens`, answer.status(), 200)
  checks.that(`${role} ${kind}: has its heading`, (await desk.page.locator('main h1').innerText()).length > 1)
  checks.equal(`${role} ${kind}: no serious finding of axe`, await desk.axe(), [])
}

/** Opens all that a role's pages lead to; answers the pages it saw. */
async function visitAll(desk, role) {
  const open = ['/console', ...(await ways(desk, 'nav')), ...ownPages(role)]
  const seen = new Map()
  while (open.length > 0 && seen.size < PAGES_MAX) {
    const at = open.shift()
    const kind = kindOf(at.split(/[?#]/)[0])
    if (seen.has(kind)) continue
    seen.set(kind, at)
    await opens(desk, role, at)
    open.push(...(await ways(desk, 'main')))
    // Who writes corrects what stands there, whatever its state leads to.
    if (role === 'publisher' && kind === '/console/articles/{id}') open.push(`${at.split('?')[0]}/edit`)
  }
  checks.that(`${role}: nothing was left out`, seen.size < PAGES_MAX)
  return seen
}
const go = (desk, where) => desk.page.goto(`${consoleAt}/console${where}`)
const said = (desk) => desk.page.locator('.said').first().waitFor()

async function opening(support, reviewer) {
  await go(support, '/customers')
  await click(support, support.page.locator('main tbody a').first())
  const form = support.page.locator('form[action$="/openings"]')
  await form.locator('[name="place"]').fill('赤峰市红山区示例路 9 号')
  await form.locator('[name="text"]').fill('新房入住，需要单独立户 <b>x</b>')
  await click(support, form.locator('button'))
  const at = support.page.url().split('?')[0]
  for (const kept of [at, `/console/requests/${at.split('/').pop()}`]) keep(kept)
  checks.equal('EC-20 words of a household are text', await support.page.locator('main b').count(), 0)
  await support.page.selectOption('[name="verdict"]', 'open')
  await support.page.fill('form[action$="/proposals"] [name="reason"]', '已核对房产证与身份证')
  await click(support, support.page.locator('form[action$="/proposals"] button'))
  checks.equal('EC-20 who proposed is not offered to agree', await support.page.locator('form[action$="/approval"]').count(), 0)
  await go(reviewer, '/openings')
  await click(reviewer, reviewer.page.locator(`a[href="${new URL(at).pathname}"]`))
  checks.equal('EC-20 the check page: no serious finding of axe', await reviewer.axe(), [])
  await reviewer.picture('roles-opening')
  await click(reviewer, reviewer.page.locator('form[action$="/approval"] button'))
  await said(reviewer)
  checks.that('EC-20 another person opens it', !(await reviewer.page.locator('#check').innerText()).includes('等待核查'))
}

/** A publication that waits for its review, where each role that reads the desk finds it. */
async function written(publisher) {
  const { page } = publisher
  await go(publisher, '/articles/new?kind=outlet')
  const facts = { title: '松山供电营业厅', region: '1504', address: '赤峰市松山区示例路 5 号', phone: '0476-0000010', hours: '8:30-17:00', services: '缴费', latitude: '42.28', longitude: '118.93' }
  for (const [name, value] of Object.entries({ ...facts, text: '在二楼' })) await page.fill(`[name="${name}"]`, value)
  await click(publisher, page.locator('main form button'))
  const at = page.url().split('?')[0]
  for (const kept of [at, `${at}/edit`]) keep(kept)
  await click(publisher, page.locator('form[action$="/submit"] button'))
}

async function flagged(support, reviewer) {
  await go(support, '/customers')
  await click(support, support.page.locator('main tbody a').first())
  keep(support.page.url())
  await click(support, support.page.locator('a[href$="/bills"]').first())
  keep(support.page.url())
  await support.page.fill('form[action$="/flags"] [name="reason"]', '电量与上月相差过大')
  await click(support, support.page.locator('form[action$="/flags"] button'))
  await said(support)
  await go(support, '/cases?queue=service')
  await click(support, support.page.locator('main tbody a').first())
  await support.picture('roles-flagged')
  const at = new URL(support.page.url()).pathname
  keep(at)
  await support.page.selectOption('[name="resolution"]', 'bill_stands')
  await support.page.fill('[name="reason"]', '抄表照片与账单一致')
  await click(support, support.page.locator('form[action$="/proposals"] button'))
  await reviewer.page.goto(`${consoleAt}${at}`)
  await click(reviewer, reviewer.page.locator('form[action$="/approval"] button'))
  await said(reviewer)
  checks.that('EC-07 two persons let the bill stand: the case is closed', (await reviewer.page.locator('main').innerText()).includes('抄表照片与账单一致'))
}

/** A household pays what one of its homes owes; answers the payment once the home is credited. */
async function paid(token) {
  const { items } = await call(`${line}/v1/bindings`, undefined, token)
  for (const { binding_id } of items) {
    const due = await call(`${line}/v1/bindings/${binding_id}/arrears`, undefined, token)
    if (!(due.total_fen > 0)) continue
    const wish = { binding_id, purpose: 'arrears', amount_fen: due.total_fen, arrears_version: due.arrears_version, via: 'mini' }
    const { payment_id } = await call(`${line}/v1/payments`, wish, token, { 'idempotency-key': 'part-of-it-goes-back' })
    const until = async (state) => {
      const come = await patiently(async () => {
        const now = await call(`${line}/v1/payments/${payment_id}`, undefined, token)
        return now.state === state && now
      })
      if (!come) throw new Error(`${payment_id} does not become ${state}`)
      return come
    }
    const { trade_no } = await until('PAYING')
    await call(`${sandbox}/sim/alipay/pay`, { trade_no, outcome: 'paid' })
    return until('POSTED')
  }
  throw new Error('the household owes nothing')
}

/** A sum is to go back out of a line that the order has not: what two persons agreed to is withdrawn, and the case ends otherwise. */
async function withdrawn(support, reviewer, token) {
  const { payment_id } = await paid(token)
  await go(support, '/cases?queue=money')
  const asking = support.page.locator('form[action="/console/cases"]')
  await asking.locator('[name="payment_id"]').fill(payment_id)
  await asking.locator('[name="reason"]').fill('住户称多缴')
  await click(support, asking.locator('button'))
  const at = support.page.url().split('?')[0]
  const offer = async (resolution, parts) => {
    await support.page.goto(at)
    await support.page.selectOption('[name="resolution"]', resolution)
    await support.page.fill('[name="parts"]', parts)
    await support.page.fill('form[action$="/proposals"] [name="reason"]', '已与营销核对')
    await click(support, support.page.locator('form[action$="/proposals"] button'))
    await reviewer.page.goto(at)
    await click(reviewer, reviewer.page.locator('form[action$="/approval"] button'))
  }
  await offer('take_back_part', '2=1.00')
  const text = await reviewer.page.locator('main').innerText()
  checks.that('LN-55 what cannot be done moves nothing and says so', text.includes('款项未移动') && !(await isClosed(reviewer)))
  checks.that('LN-55 a case begins with the newest of the payment\'s line of time', (await reviewer.page.locator('#newest li').count()) > 2)
  await reviewer.picture('roles-withdrawing')
  checks.equal('LN-55 a case whose end cannot be done: no serious finding of axe', await reviewer.axe(), [])
  await click(reviewer, reviewer.page.locator('form[action$="/refusal"] button'))
  await offer('settled', '')
  checks.that('LN-55 what was agreed to is withdrawn, and the case ends otherwise', await isClosed(reviewer))
  return payment_id
}

async function baseSupport(admin, auditor) {
  await go(admin, '/system')
  await admin.picture('roles-system')
  const tasks = await admin.page.locator('tr:has(form[action*="/system/jobs/"]) th').allInnerTexts()
  checks.that('LN-39 every timed task says in words what it does', tasks.length > 20 && tasks.every((name) => /[\u4e00-\u9fff]/.test(name)), tasks.join())
  const standing = await admin.page.locator('#standing tr').allInnerTexts()
  checks.that('G7 both brakes are shown, and neither is on', ['自动退款', '光伏付款'].every((name) => standing.some((row) => row.startsWith(name) && row.includes('正常'))))
  await go(admin, '/system/services')
  await admin.picture('roles-services')
  const rows = await admin.page.locator('#services tbody tr').allInnerTexts()
  checks.that('LN-39 the register has the store, the systems outside and our listeners', ['数据库', '营销系统', '支付宝', 'line'].every((name) => rows.some((row) => row.startsWith(name))))
  checks.that('LN-39 what was asked is known to answer', rows.some((row) => row.startsWith('营销系统') && row.includes('正常')))
  const nodes = await admin.page.locator('#nodes tbody tr').allInnerTexts()
  checks.that('LN-54 the node that serves is listed as being there', nodes.length >= 1 && nodes[0].includes('在线'))
  checks.equal('the register: no serious finding of axe', await admin.axe(), [])
  await go(admin, '/system/limits')
  await admin.picture('roles-limits')
  checks.that('LN-39 a household counts by its limits', (await admin.page.locator('#limits-line tbody tr').count()) > 10)
  checks.equal('limits: no serious finding of axe', await admin.axe(), [])
  const clearing = admin.page.locator('form[action$="/limits/clear"]')
  checks.that('LN-39 an administrator may empty each limit, for one of the reasons', (await clearing.locator('[name="limit"] option').count()) > 10 && (await clearing.locator('[name="reason"] option').count()) === 3)
  checks.that('LN-39 a limit of the households leads to what it refused', (await admin.page.locator('#limits-line a[href*="/statistics/refusals?"]').count()) > 10)
  await go(admin, '/system')
  // The step after the one that signed in: each code is taken once.
  const run = admin.page.locator('form[action$="/insight.energy/run"]')
  await run.locator('[name="code"]').fill(code(given('admin').totp_secret, 1))
  await click(admin, run.locator('button'))
  await said(admin)
  checks.equal('LN-39 who only reads is offered no act', (await go(auditor, '/system'), await auditor.page.locator('main form').count()), 0)
}

async function time(support) {
  await go(support, '/customers')
  const account = (await support.page.locator('main tbody a').first().getAttribute('href')).split('/').pop()
  await go(support, '/timeline')
  await support.page.selectOption('[name="of"]', 'account')
  await support.page.fill('[name="id"]', account)
  await click(support, support.page.locator('main form button'))
  checks.that('a line of time has its moments', (await support.page.locator('#line tbody tr').count()) > 0)
  await support.picture('roles-timeline')
}

/** The field on top leads from a payment to its line of time, and from a trace to why it was refused; what it does not know it says. */
async function found(support, payment) {
  const look = async (what) => {
    await go(support, '')
    await support.page.fill('input[type="search"]', what)
    await click(support, support.page.locator('form[action="/console/find"] button'))
    return support.page.url().replace(consoleAt, '')
  }
  checks.equal('LN-32 a payment is found from every page', await look(payment), `/console/timeline?of=payment&id=${payment}`)
  checks.that('LN-32 and its line has its moments', (await support.page.locator('#line tbody tr').count()) > 0)
  checks.equal('LN-32 the line of a payment: no serious finding of axe', await support.axe(), [])
  const trace = '0123456789abcdef'.repeat(2)
  checks.equal('LN-32 a trace is found, too', await look(trace), `/console/why?trace=${trace}`)
  checks.equal('LN-32 why it was refused: no serious finding of axe', await support.axe(), [])
}

/** What is refused is mended where it stands: the browser's own checks are left out, as an old one does. */
async function mended(admin) {
  await go(admin, '/points')
  const form = admin.page.locator('form[action="/console/points"]')
  await form.evaluate((one) => { one.noValidate = true })
  for (const [name, value] of [['title', '折叠雨伞'], ['points', '0'], ['stock', '3']]) await form.locator(`[name="${name}"]`).fill(value)
  await click(admin, form.locator('button'))
  checks.that('LN-55 a refusal says what is wrong', (await admin.page.locator('[role="alert"]').innerText()).includes('积分须大于 0'))
  checks.equal('LN-55 and loses nothing that was typed', await admin.page.locator('main [name="title"]').inputValue(), '折叠雨伞')
  await checks.comes('the browser notes that refusal and nothing else', () => admin.seen.errors.map((error) => error.includes('422')), [true])
  admin.seen.errors.length = 0
  checks.equal('what is to be mended: no serious finding of axe', await admin.axe(), [])
  await admin.picture('roles-mending')
  await admin.page.locator('main [name="points"]').fill('800')
  await click(admin, admin.page.locator('main form button'))
  await said(admin)
  checks.that('LN-55 mended, it is taken', (await admin.page.locator('main tbody').first().innerText()).includes('折叠雨伞'))
}

/** New proofs come in two halves: who makes the password is not shown the codes, and cannot hand them over. */
async function twoHalves(admin) {
  // A code is taken once: one of a step that nothing in this run was.
  const step = () => Math.floor(Date.now() / 30_000)
  const begun = step()
  while (step() === begun) await admin.page.waitForTimeout(500)
  await go(admin, '/staff')
  const form = admin.page.locator('form[action="/console/staff"]')
  const typed = { login: 'zhao.lei', person: 'P-1504', code: code(given('admin').totp_secret, 1) }
  for (const [name, value] of Object.entries(typed)) await form.locator(`[name="${name}"]`).fill(value)
  await click(admin, form.locator('button'))
  const shown = await admin.page.locator('main').innerText()
  checks.that('LN-55 who makes a password is not shown the codes', shown.includes('zhao.lei') && shown.includes('另一名管理员') && !shown.includes('otpauth'))
  checks.equal('half of new proofs: no serious finding of axe', await admin.axe(), [])
  await go(admin, '/staff')
  const row = await admin.page.locator('main tbody tr').filter({ hasText: 'zhao.lei' }).innerText()
  checks.that('LN-55 the list says that somebody waits for the codes', row.includes('待交付验证码密钥') && row.includes('P-1504'))
  checks.equal('LN-55 who made the password does not hand over the codes', await admin.page.locator('form[action$="/zhao.lei/confirmation"]').count(), 0)
}

/** What was done and refused until now stands in the system log, by whom. */
async function log(auditor) {
  await go(auditor, '/log?act=cases.')
  const rows = await auditor.page.locator('#log tbody tr').allInnerTexts()
  checks.that('LN-32 the system log tells who did what', ['cases.propose', 'cases.approve'].every((act) => rows.some((row) => row.includes(act))))
  checks.that('LN-32 by their logins', rows.every((row) => !row.includes('staff:')))
  await auditor.picture('roles-log')
  checks.equal('the system log: no serious finding of axe', await auditor.axe(), [])
}

/** Somebody who sells power: support wants the end and says why, the reviewer agrees, and it is over. */
async function cooperation(support, reviewer) {
  const people = await call(`${sandbox}/sim/people`)
  const { person, registration } = people.find((each) => each.registration)
  const token = await household(person)
  const { generation_account_id: id } = await call(`${line}/v1/generation-accounts`, registration, token)
  const state = async () => (await call(`${line}/v1/generation-accounts/${id}`, undefined, token)).state
  await go(support, '/cooperations')
  checks.equal('ends of cooperation: no serious finding of axe', await support.axe(), [])
  await support.page.fill('[name="generation_no"]', registration.generation_no)
  await support.page.fill('form[action="/console/cooperations"] [name="reason"]', '合同双方协商终止')
  await click(support, support.page.locator('form[action="/console/cooperations"] button'))
  await said(support)
  const at = support.page.url().split('?')[0]
  checks.that('PV-11 alone nobody ends it', (await state()) !== 'terminated')
  await go(reviewer, '/cooperations')
  await click(reviewer, reviewer.page.locator(`a[href="${new URL(at).pathname}"]`))
  await reviewer.picture('roles-cooperation')
  await click(reviewer, reviewer.page.locator('form[action$="/approval"] button'))
  await said(reviewer)
  checks.equal('PV-11 two persons end a cooperation', await state(), 'terminated')
  checks.that('PV-11 the number stands nowhere on the page', !(await reviewer.page.content()).includes(registration.generation_no))
}

/** Five people follow in their wallets, and leave again: fewer would not be told. */
async function follows(reader) {
  const people = (await call(`${sandbox}/sim/people`)).slice(0, 5).map(({ person }) => person)
  checks.equal('the demo has five people who can follow', people.length, 5)
  await call(`${sandbox}/sim/alipay/app-gateway`, { url: `${new URL(ready.callback).origin}/v1/callbacks/alipay` })
  for (const [follows, id] of [[true, 'gained'], [false, 'lost']]) {
    for (const person of people) await call(`${sandbox}/sim/alipay/follow`, { person, follows })
    const told = async () => {
      await go(reader, '/followers')
      return (await reader.page.locator(`#${id}`).innerText()).trim()
    }
    const come = await patiently(async () => Number(await told()) >= 5)
    checks.that(`LN-30 five notices of the wallet are counted as ${id}`, come === true, await told())
  }
}

async function figures(reader) {
  await follows(reader)
  await go(reader, '/followers')
  checks.that('LN-30 how many people are linked is told', /^(\d+|< 5|—)$/.test((await reader.page.locator('#linked').innerText()).trim()))
  await go(reader, '/statistics')
  checks.equal('LN-31 the hours of these days are a table', await reader.page.locator('table.heat').count(), 1)
  const last = Date.parse(await reader.page.locator('[name="to"]').inputValue())
  const day = (back) => new Date(last - back * 86_400_000).toISOString().slice(0, 10)
  await go(reader, `/statistics?from=${day(90)}&to=${day(80)}`)
  checks.that('LN-31 hours that are not kept any more are not told as none', await reader.page.locator('#no-hours').isVisible())
  await go(reader, `/statistics?from=${day(720)}&to=${day(690)}`)
  checks.that('LN-31 what the days before had is said not to be kept', /未保留|not kept/.test(await reader.page.locator('.figures').innerText()))
  await go(reader, '/statistics')
  const beside = await reader.page.locator('.figures').innerText()
  checks.that('LN-31 people, shares and times stand beside those right before', (beside.match(/上一周期|before/g) ?? []).length >= 6 && /(上一周期|before) p95/.test(beside), beside)
  const behind = await reader.page.locator('main table .spark').first().locator('xpath=ancestor::tr').locator('a').getAttribute('href')
  const calls = (await reader.page.locator('main table:has(.spark) tbody tr').first().locator('td').first().innerText()).trim()
  await reader.page.goto(`${consoleAt}${behind}`)
  // Each of our own calls may have been counted meanwhile.
  checks.that('LN-31 a function of the ranking leads to its counts', Number(await reader.page.locator('#sum').innerText()) >= Number(calls), calls)
  checks.that('LN-31 and they are told by the hour', (await reader.page.locator('#moments tbody tr').count()) > 0)
  await reader.picture('roles-counts')
  // The administrator let the task run.
  const energy = await patiently(async () => {
    await go(reader, '/reports')
    return (await reader.page.locator('#energy tbody tr').count()) >= 3
  })
  checks.that('EC-09 what each office was supplied and used is told', energy === true, await reader.page.locator('#energy').innerText())
  await reader.picture('roles-energy')
  for (const room of ['statistics', 'followers', 'reports']) {
    for (const form of ['csv', 'xlsx']) {
      await go(reader, `/${room}`)
      const href = await reader.page.locator(`main a[href*="export?form=${form}"]`).getAttribute('href')
      const answer = await reader.page.request.get(`${consoleAt}${href}`)
      checks.that(`${room} as ${form}: a file`, answer.status() === 200 && /attachment/.test(answer.headers()['content-disposition'] ?? ''))
    }
  }
}

/** The same page in the other language, and back. */
async function languages(reader) {
  const chinese = await reader.page.locator('nav[aria-label]').first().innerText()
  await click(reader, reader.page.locator('form[action="/console/language"] button'))
  const english = await reader.page.locator('nav[aria-label]').first().innerText()
  checks.that('the left side speaks both languages', /[一-鿿]/.test(chinese) && !/[一-鿿]/.test(english))
  checks.equal('a page in English: no serious finding of axe', await reader.axe(), [])
  await click(reader, reader.page.locator('form[action="/console/language"] button'))
}

const token = await household('li-ming')
const desks = new Map()
try {
  for (const role of ROLES) {
    const desk = await openDesk(role)
    noteJudgements(desk, role)
    desks.set(role, desk)
  }
  const [support, reviewer, admin] = ['support', 'reviewer', 'admin'].map((role) => desks.get(role))
  await opening(support, reviewer)
  await flagged(support, reviewer)
  await written(desks.get('publisher'))
  const payment = await withdrawn(support, reviewer, token)
  await baseSupport(admin, desks.get('auditor'))
  await time(support)
  await found(support, payment)
  await figures(desks.get('statistics_reader'))
  await languages(desks.get('statistics_reader'))
  await cooperation(support, reviewer)
  await mended(admin)
  await log(desks.get('auditor'))
  const left = new Map()
  for (const [role, desk] of desks) {
    await desk.page.goto(`${consoleAt}/console`)
    left.set(role, await ways(desk, 'nav'))
    await visitAll(desk, role)
  }
  for (const [role, desk] of desks) for (const at of leftOver(role)) await opens(desk, role, at)
  checks.equal('LN-55 every page of the console was judged by axe for every role that has it', unjudged(ROLES), [])
  const all = new Set([...left.values()].flat())
  for (const [role, desk] of desks) {
    for (const at of all) {
      const { length: own } = left.get(role).filter((one) => one === at)
      const answer = await desk.page.request.get(`${consoleAt}${at}`)
      checks.equal(`${role} ${at}: ${own ? 'served' : 'refused'}`, answer.status(), own ? 200 : 403)
    }
  }
  for (const at of ['', '/statistics', '/cases', '/cooperations', '/customers', '/openings', '/requests', '/timeline', '/articles']) {
    await go(support, at)
    checks.equal(`the keyboard reaches all of ${at || 'today'}, and is seen where it is`, await walked(support), { missed: 0, unseen: 0 })
  }
  for (const at of ['/system', '/system/services', '/system/limits', '/system/bans', '/log', '/channels', '/points', '/staff']) {
    await go(admin, at)
    checks.equal(`the keyboard reaches all of ${at}, and is seen where it is`, await walked(admin), { missed: 0, unseen: 0 })
  }
  await twoHalves(admin)
  for (const [role, desk] of desks) {
    checks.equal(`${role}: no request to anywhere else`, desk.seen.strangers, [])
    checks.equal(`${role}: no error on a page`, desk.seen.errors, [])
  }
} catch (fault) {
  for (const [role, desk] of desks) await desk.picture(`roles-failed-${role}`).catch(() => undefined)
  checks.broke(fault)
} finally {
  for (const desk of desks.values()) await desk.close()
}
process.exit(checks.close())
