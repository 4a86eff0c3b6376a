/**
 * The desk of support, of the reviewer and of the administrator in Chromium against a running demo: a customer is found, seen masked, one
 * thing in clear; paying is suspended by two persons; a bill is made again; a function is closed in a channel and open again; the
 * statistics and the cases are looked at; what was typed when a session ended comes back. Each page is looked at by axe, and the ways
 * are walked by the keyboard.
 *
 *   READY_FILE=ready.json node console.mjs
 */
import { Checks } from './checks.mjs'
import { call, click, code, consoleAt, given, household, line, openDesk, sandbox, signIn } from './desk.mjs'

const checks = new Checks()
const go = (desk, where) => desk.page.goto(`${consoleAt}/console/${where}`)
const text = (desk) => desk.page.locator('main').innerText()
async function whole(desk, name) {
  checks.that(`${name}: a page with its heading`, (await desk.page.locator('main h1').innerText()).length > 1)
  checks.equal(`${name}: no serious finding of axe`, await desk.axe(), [])
  await desk.picture(`console-${name}`)
}

/** A form is sent half an hour after its session was last used: after signing in anew it is there as it was typed, and is sent by hand. */
async function cameBack(desk, customer) {
  const form = 'form[action$="/functions/pay"]'
  const typed = '客户又来电，要求恢复'
  await desk.page.goto(customer)
  await desk.page.fill(`${form} [name="reason"]`, typed)
  const { now } = await call(`${sandbox}/sim/clock`, { advance_s: 1_900 })
  await click(desk, desk.page.locator(`${form} button`))
  checks.that('LN-55 a session that is over says that what was typed is kept', (await text(desk)).includes('填写的内容已保留'))
  checks.that('LN-55 and nothing of it stands in an address', !decodeURIComponent(desk.page.url()).includes(typed))
  await whole(desk, 'over')
  // The demo's clock stands still from here on.
  await signIn(desk, 'support', Math.floor(Date.parse(now) / 30_000) - Math.floor(Date.now() / 30_000))
  checks.equal('LN-55 signing in leads to it', new URL(desk.page.url()).pathname, '/console/kept')
  checks.equal('LN-55 it is there as it was typed', await desk.page.inputValue(`${form} [name="reason"]`), typed)
  await whole(desk, 'kept')
  await click(desk, desk.page.locator(`${form} button`).first())
  await desk.page.locator('.said').first().waitFor()
  await go(desk, 'kept')
  checks.equal('LN-55 once sent it is kept no longer', new URL(desk.page.url()).pathname, '/console')
}

await household('li-ming')
const [support, reviewer, admin] = [await openDesk('support'), await openDesk('reviewer'), await openDesk('admin')]
try {
  await go(support, 'customers')
  await whole(support, 'customers')
  const links = support.page.locator('main tbody a')
  checks.that('EC-19 the demo has customers', (await links.count()) > 0)
  const masked = await text(support)
  checks.that('EC-19 no phone and no ID number stands in clear', !/1[3-9]\d{9}|\d{17}[\dX]/.test(masked))
  await support.page.keyboard.press('Tab')
  checks.equal('the first stop of the keyboard leads to the page', await support.page.evaluate(() => document.activeElement.getAttribute('href')), '#page')
  await links.first().focus()
  await Promise.all([support.page.waitForNavigation(), support.page.keyboard.press('Enter')])
  await whole(support, 'customer')
  const customer = support.page.url().split('?')[0]
  checks.that('EC-19 the page is masked too', !/1[3-9]\d{9}|\d{17}[\dX]/.test((await text(support)).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '')))
  await support.page.selectOption('[name="field"]', 'phone')
  await support.page.fill('form[action$="/unmasking"] [name="reason"]', '客户来电核对停电通知')
  await support.page.fill('[name="code"]', code(given('support').totp_secret, 1))
  await click(support, support.page.locator('form[action$="/unmasking"] button'))
  checks.that('EC-19 one thing is shown in clear', /1[3-9]\d{9}/.test(await text(support)))
  await whole(support, 'clear')
  await support.page.goto(customer)
  checks.that('EC-19 and it is written down who saw what', (await text(support)).includes('客户来电核对停电通知'))
  const bills = support.page.locator('a[href$="/bills"]').first()
  if (await bills.count()) {
    await click(support, bills)
    await whole(support, 'bill')
    await support.page.goto(customer)
  }
  await support.page.fill('form[action$="/functions/pay"] [name="reason"]', '客户在营业厅申请暂停')
  await click(support, support.page.locator('form[action$="/functions/pay"] button'))
  await support.page.locator('.said').first().waitFor()
  await reviewer.page.goto(customer)
  await click(reviewer, reviewer.page.locator('form[action$="/functions/pay/approval"] button'))
  await reviewer.page.locator('.said').first().waitFor()
  checks.that('EC-21 another person lets it happen', /在线缴费 · 暂停/.test(await text(reviewer)))
  await support.page.goto(customer)
  await support.page.fill('form[action$="/functions/auto_debit"] [name="reason"]', '客户申请暂停自动扣款')
  await click(support, support.page.locator('form[action$="/functions/auto_debit"] button'))
  await support.page.locator('.said').first().waitFor()
  await reviewer.page.goto(customer)
  await click(reviewer, reviewer.page.locator('form[action$="/functions/auto_debit/approval"] button'))
  await reviewer.page.locator('.said').first().waitFor()
  checks.that('EC-21 auto-debit is suspended by two persons as well', /自动扣款 · 暂停/.test(await text(reviewer)))
  checks.that('EC-21 and that households cannot use it yet stands beside it', (await text(reviewer)).includes('客户目前还不能使用此功能'))
  await whole(reviewer, 'suspended')

  await go(admin, 'channels')
  await whole(admin, 'channels')
  const outlets = async () => (await fetch(`${line}/v1/outlets`, { headers: { 'user-agent': 'Mozilla/5.0' } })).status
  checks.equal('EC-15 the outlets are open', await outlets(), 200)
  const closing = admin.page.locator('form[action="/console/channels/h5/closings"]')
  const offered = await closing.locator('select option').evaluateAll((all) => all.map((one) => one.value))
  checks.equal('EC-15 what has no route is not offered for closing', offered.filter((one) => ['auto_debit', 'green_power', 'dunning'].includes(one)), [])
  await closing.locator('select').selectOption('outlets')
  await closing.locator('[name="reason"]').fill('正在更新网点资料')
  await click(admin, closing.locator('button'))
  await checks.comes('EC-15 a function that is closed is refused soon', outlets, 403)
  await whole(admin, 'channels-closed')
  await click(admin, admin.page.locator('form[action="/console/channels/h5/openings"] button').first())
  await checks.comes('EC-15 and served again', outlets, 200)
  const guard = () => admin.page.locator('form[action="/console/terminals/computer/guard"]')
  await guard().locator('select').selectOption('nothing')
  await guard().locator('[name="reason"]').fill('电脑网页异常请求')
  await click(admin, guard().locator('button'))
  await admin.page.locator('.said').first().waitFor()
  await checks.comes('EC-14 a kind of terminal that takes nothing is refused soon', outlets, 403)
  await whole(admin, 'terminals')
  await guard().locator('select').selectOption('everything')
  await guard().locator('[name="reason"]').fill('电脑网页异常请求')
  await click(admin, guard().locator('button'))
  await admin.page.locator('.said').first().waitFor()
  const changed = await admin.page.locator('#changes + ul').innerText()
  checks.that('EC-14 what was changed stands on the page, and why', changed.includes('不提供服务') && changed.includes('电脑网页异常请求'))
  const terminals = async () => {
    await go(admin, 'channels')
    return (await admin.page.locator('#terminals-h5 tbody tr').count()) > 0
  }
  await checks.comes('EC-15 kinds of terminals are scored beside their channel', terminals, true)
  checks.equal('EC-15 and the data of electricity use is assessed', await admin.page.locator('#data-standing tr').count(), 7)
  for (const [desk, where] of [[support, 'cases'], [support, 'statistics'], [admin, 'system'], [reviewer, 'cases']]) {
    await go(desk, where)
    await whole(desk, where)
  }
  await cameBack(support, customer)
  for (const desk of [support, reviewer, admin]) {
    checks.equal('no request to anywhere else', desk.seen.strangers, [])
    checks.equal('no error on a page', desk.seen.errors, [])
  }
} catch (fault) {
  for (const [name, desk] of [['support', support], ['reviewer', reviewer], ['admin', admin]]) await desk.picture(`console-failed-${name}`).catch(() => undefined)
  checks.broke(fault)
} finally {
  for (const desk of [support, reviewer, admin]) await desk.close()
}
process.exit(checks.close())
