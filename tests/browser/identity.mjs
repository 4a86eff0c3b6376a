/**
 * Having one's name checked and making a phone one's own, in Chromium: first against the stand-in line, then, with READY_FILE, against a
 * running demo, where the face is shown on the sandbox's page and the code is read from its inbox.
 *
 *   (cd miniapp && npm run build:h5) && node identity.mjs
 *   READY_FILE=ready.json node identity.mjs
 */
import fs from 'node:fs'
import path from 'node:path'
import { startMock } from '../../miniapp/mock/line.mjs'
import { Checks, patiently } from './checks.mjs'
import { openPhone } from './phone.mjs'

const checks = new Checks()
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')
const NAME = '何洁'
const ID_NUMBER = '150499199001010014'
const WRONG_DIGIT = '150499199001010015'
const SOMEBODY_ELSES = '150499198506150026'
const LOGIN = 'he.jie'
const PASSWORD = 'Tr4x-behind-the-barn'

function handsOf(phone) {
  const { page } = phone
  const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
  return {
    ...phone, at,
    shows: (testId) => at(testId).waitFor(),
    type: (testId, text) => page.locator(`[data-testid="${testId}"]:visible`).first().fill(text),
    textOf: async (testId) => (await at(testId).innerText()).replace(/\s+/g, ''),
  }
}

/** Somebody signed in of whom Alipay told no ID number, on a fresh phone. */
async function person(name, act, options = {}) {
  const line = await startMock({})
  const { world } = line
  Object.assign(world, { signedIn: true, idNumber: ID_NUMBER })
  Object.assign(world.me, { real_name: 'missing', name_masked: null, id_no_masked: null })
  const phone = await openPhone({ home: line.base, outside: [line.base], pictures, ...options })
  const hand = {
    ...handsOf(phone), world,
    go: (screen) => phone.page.goto(`${line.base}/#/pages/${screen}`),
    async whole() {
      checks.equal(`${name}: no serious finding of axe`, await phone.axe(), [])
      await phone.picture(`identity-${name}`)
    },
  }
  try {
    await phone.page.addInitScript(() => localStorage.setItem('lifeline.signed_in', '1'))
    await act(hand)
    checks.equal(`${name}: nothing thrown`, phone.seen.errors.filter((error) => error.startsWith('uncaught')), [])
    checks.equal(`${name}: no request to anywhere else`, phone.seen.strangers, [])
  } catch (thrown) {
    await phone.picture(`identity-${name}-failed`).catch(() => undefined)
    checks.broke(`${name}: ${thrown}`)
  } finally {
    await phone.close()
    line.stop()
  }
}

/** Everything this page keeps, and its address: what was typed must be in none of it. */
const kept = (page) => page.evaluate(() => JSON.stringify([window.location.href, { ...localStorage }, { ...sessionStorage }]))

async function onTheStandIn() {
  await person('face', async ({ at, shows, type, textOf, go, whole, page }) => {
    await go('accounts/index')
    await shows('who')
    await at('open-certify').click()
    await shows('certify-terms')
    checks.equal('a browser cannot be asked to compare', await page.locator('[data-testid="certify-certverify"]:visible').count(), 0)
    let begun = 0
    page.on('request', (request) => { if (request.method() === 'POST' && request.url().endsWith('/v1/me/certifications')) begun += 1 })
    await at('certify-face').click()
    await checks.comes('nothing typed, both are asked for', () => page.locator('.field-wrong:visible').count(), 2)
    await type('certify-name', NAME)
    await type('certify-id', WRONG_DIGIT)
    await at('certify-face').click()
    await checks.comes('a wrong check digit is told on the spot', () => page.locator('.field-wrong:visible').count(), 1)
    checks.equal('and nothing was sent', begun, 0)
    await whole()
    await type('certify-id', ' 150499 19900101 0014 ')
    const sent = page.waitForRequest((request) => request.url().endsWith('/v1/me/certifications') && request.method() === 'POST')
    await at('certify-face').click()
    checks.equal('name and number go in the body', (await sent).postDataJSON(), { kind: 'face', name: NAME, id_number: ID_NUMBER, terms_version: 't-1' })
    await page.waitForURL('**/alipay/face')
    await page.locator('#done').click()
    await shows('certify-pending')
    checks.that('what was typed is kept nowhere', !(await kept(page)).includes('150499') && !(await kept(page)).includes(NAME))
    await whole()
    await at('certify-look').click()
    await shows('certify-pending')
    await page.goBack()
    await page.waitForURL('**/alipay/face')
    await page.locator('#look').click()
    await page.locator('#done').click()
    await shows('certified')
    await whole()
    await at('certify-me').click()
    await shows('who')
    await checks.comes('the name is verified now', async () => (await textOf('who')).includes('支付宝已实名'), true)
    await checks.comes('and nobody is asked again', () => page.locator('[data-testid="open-certify"]:visible').count(), 0)
  })

  await person('not-mine', async ({ at, shows, type, go, whole, page, textOf }) => {
    await go('accounts/certify')
    await type('certify-name', NAME)
    await type('certify-id', SOMEBODY_ELSES)
    await at('certify-face').click()
    await page.waitForURL('**/alipay/face')
    await page.locator('#look').click()
    await page.locator('#done').click()
    await shows('problem')
    await checks.comes('a refusal says that nothing was kept', async () => (await textOf('problem')).includes('没有保存'), true)
    await whole()
    await at('problem-cure').click()
    await shows('certify-name')
    await checks.comes('its button begins anew, with nothing typed', () => page.locator('[data-testid="certify-id"]:visible').first().inputValue(), '')
  })

  await person('phone', async ({ at, shows, type, textOf, go, whole, page }) => {
    await go('accounts/index')
    await at('open-phone').click()
    await shows('phone-number')
    checks.equal('a browser is told no phone', await page.locator('[data-testid="wallet-phone"]').count(), 0)
    await checks.comes('no code before there is a number', () => at('send-code').isDisabled(), true)
    await type('phone-number', '190 0000 0044')
    const sent = page.waitForRequest((request) => request.url().endsWith('/v1/otps'))
    await at('send-code').click()
    checks.equal('the code goes to what was typed', (await sent).postDataJSON(), { purpose: 'verify_phone', phone: '19000000044' })
    await type('phone-code', '000000')
    await at('phone-submit').click()
    await shows('problem')
    await whole()
    await type('phone-code', '123456')
    await at('phone-submit').click()
    await shows('phone-taken')
    await checks.comes('the new phone is shown masked', async () => (await textOf('phone-taken')).includes('190****0044'), true)
    checks.that('the number is kept nowhere', !(await kept(page)).includes('19000000044'))
    await whole()
  })

  await person('password', async ({ at, shows, type, go, whole, page, world }) => {
    world.me.phone_masked = null
    await go('accounts/index')
    await shows('own-no-phone')
    checks.equal('who has no phone is told that one comes first', await page.locator('[data-testid="own-password-open"]:visible').count(), 0)
    world.me.phone_masked = '190****0001'
    await page.reload()
    await at('own-password-open').click()
    await at('own-password-set').click()
    await checks.comes('nothing typed, name and code are asked for', () => page.locator('[data-testid="own-password"] .field-wrong:visible').count(), 2)
    await type('own-login', LOGIN)
    await type('own-new-password', PASSWORD)
    const asked = page.waitForRequest((request) => request.url().endsWith('/v1/otps'))
    await at('send-code').click()
    checks.equal('the code is for this alone', (await asked).postDataJSON(), { purpose: 'set_password' })
    await type('own-password-code', '000000')
    await at('own-password-set').click()
    await shows('problem')
    await whole()
    const set = page.waitForRequest((request) => request.url().endsWith('/v1/me/password') && request.postDataJSON().otp === '135790')
    const devices = page.waitForRequest((request) => request.url().endsWith('/v1/sessions') && request.method() === 'GET')
    await type('own-password-code', '135790')
    await at('own-password-set').click()
    checks.equal('name, password and code go in the body', (await set).postDataJSON(), { login: LOGIN, password: PASSWORD, otp: '135790' })
    await shows('own-password-done')
    await devices
    await checks.comes('the password is not kept on the screen', () => at('own-new-password').inputValue(), '')
    checks.that('nor anywhere else', !(await kept(page)).includes(PASSWORD))
  })

  await person('merge', async ({ at, shows, type, textOf, go, whole, page, world }) => {
    Object.assign(world.me, { real_name: 'verified', name_masked: '*明', other_account: true })
    await go('accounts/index')
    await at('open-merge').click()
    await at('merge-ask').click()
    await shows('merge-code')
    await checks.comes('the code is shown to be typed elsewhere', () => textOf('merge-code'), '246810')
    await at('merge-look').click()
    await shows('merge-code')
    await whole()
    world.merge.state = 'merged'
    await at('merge-look').click()
    await shows('merge-kept')
    await go('accounts/index')
    await at('open-merge').click()
    await type('merge-typed', '12')
    await at('merge-confirm').click()
    await checks.comes('a short code is not sent', () => page.locator('.field-wrong:visible').count(), 1)
    await type('merge-typed', '111111')
    await at('merge-confirm').click()
    await shows('merge-refused')
    await type('merge-typed', '135790')
    await at('merge-confirm').click()
    await shows('merge-given')
    await whole()
    world.signedIn = false
    await at('merge-sign-in').click()
    await shows('sign-in')
    checks.that('who gave an account up signs in anew', true)
  })

  await person('merge-stale', async ({ at, shows, go, whole, page, world }) => {
    world.me.other_account = true
    const refusal = { type: 'about:blank', title: 'FRESH_SIGN_IN_REQUIRED', status: 403, code: 'FRESH_SIGN_IN_REQUIRED', trace_id: 't' }
    await page.route('**/v1/me/merges', (route) => route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(refusal) }))
    await go('accounts/merge')
    await at('merge-ask').click()
    await shows('problem')
    await at('problem-cure').click()
    await shows('screen-sign-in')
    checks.equal('a sign-in that is too old is ended, so that another one can begin', world.signedIn, false)
    await whole()
    await page.unroute('**/v1/me/merges')
    await at('sign-in').click()
    await page.locator('#allow').click()
    await shows('screen-merge')
    await at('merge-ask').click()
    await shows('merge-code')
    checks.that('and it leads back to merging', true)
  })

  await person('large-type', async ({ shows, go, whole, page, at }) => {
    await page.addInitScript(() => localStorage.setItem('lifeline.elder', '1'))
    for (const [screen, first, button] of [['accounts/certify', 'certify-terms', 'certify-face'], ['accounts/phone', 'phone-number', 'phone-submit']]) {
      await go(screen)
      await shows(first)
      await checks.comes(`${screen}: large type has targets of 60`, async () => (await at(button).boundingBox()).height >= 60, true)
      checks.equal(`${screen}: nothing hangs over the side`, await page.evaluate(() => [...document.querySelectorAll('.screen *')].filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > 320.5).length), 0)
    }
    await whole()
  }, { width: 320 })
}

async function onTheDemo(ready) {
  const [line, sandbox] = [new URL(ready.line).origin, new URL(ready.sandbox).origin]
  const json = async (url) => (await fetch(url)).json()
  const phone = await openPhone({ home: line, outside: [sandbox], pictures })
  const { at, shows, type, textOf, page } = handsOf(phone)
  try {
    const silent = (await json(`${sandbox}/sim/people`)).find((each) => each.profile.certified && !each.profile.id_number)
    checks.that('the demo has somebody of whom Alipay tells no ID number', silent !== undefined)
    await page.goto(`${line}/`)
    await at('sign-in').click()
    await page.locator(`[data-person="${silent.person}"]`).first().click()
    await page.locator('#allow').first().click()
    await shows('consent')
    await at('agree').click()
    await shows('problem')
    await at('problem-cure').click()
    await shows('certify-terms')
    checks.equal('demo: no serious finding of axe', await phone.axe(), [])
    await type('certify-name', silent.name)
    await type('certify-id', silent.id_number)
    await at('certify-face').click()
    await shows('code-certify')
    const owned = () => codesTo(sandbox, silent.phone, json)
    const none = (await owned()).length
    await at('send-code-certify').click()
    await type('code-certify', await codeAfter(owned, none))
    await at('do-certify').click()
    await page.waitForURL((url) => url.origin === sandbox)
    await page.locator('#face').selectOption(silent.person)
    await page.locator('#show').click()
    await shows('certified')
    await phone.picture('10-certified')
    checks.that('demo: what was typed is kept nowhere', !(await kept(page)).includes(silent.id_number))
    await at('certify-match').click()
    await shows('agree')
    await at('agree').click()
    await shows('match-found')
    await checks.comes('demo: the certified name finds the home', async () => (await page.locator('[data-testid="candidate"]:visible').count()) >= 1, true)
    await at('confirm-match').click()
    await shows('tab-me')
    await at('tab-me').click()
    await at('open-phone').click()
    const number = '19000000914'
    const added = () => codesTo(sandbox, number, json)
    await type('phone-number', number)
    await at('send-code').click()
    await type('phone-code', await codeAfter(added, 0))
    await at('phone-submit').click()
    await shows('code-change_phone')
    const sofar = (await owned()).length
    await at('send-code-change_phone').click()
    await type('code-change_phone', await codeAfter(owned, sofar))
    await at('do-change_phone').click()
    await shows('phone-taken')
    await checks.comes('demo: the phone is theirs', async () => (await textOf('phone-taken')).includes('0914'), true)
    await phone.picture('10-phone')
    await setsPassword({ at, type, shows, go: (screen) => page.goto(`${line}/#/pages/${screen}`) }, added)
    await entersElsewhere(line, sandbox, added)
    const expected = phone.seen.errors.filter((error) => !error.includes('binding-matches') && !error.includes('/v1/me)') && !error.includes('/v1/me/certifications)'))
    checks.equal('demo: no error in the console but the refused match, and the face and the phone that a code came before', expected, [])
    checks.equal('demo: no request to anywhere else', phone.seen.strangers, [])
  } catch (thrown) {
    await phone.picture('identity-demo-failed').catch(() => undefined)
    checks.broke(thrown)
  } finally {
    await phone.close()
  }
}

/** User name and password, set on one's own page by a code to one's own phone. */
async function setsPassword({ at, type, shows, go }, codes) {
  await go('accounts/index')
  await at('own-password-open').click()
  await type('own-login', LOGIN)
  await type('own-new-password', PASSWORD)
  const before = (await codes()).length
  await at('send-code').click()
  await type('own-password-code', await codeAfter(codes, before))
  await at('own-password-set').click()
  await shows('own-password-done')
}

/** In another browser, without Alipay. */
async function entersElsewhere(line, sandbox, codes) {
  const other = await openPhone({ home: line, outside: [sandbox], pictures })
  const { at, shows, type, page } = handsOf(other)
  try {
    await page.goto(`${line}/`)
    await at('by-password').click()
    await type('password-login', LOGIN)
    await type('password-password', PASSWORD)
    const before = (await codes()).length
    await at('password-ask').click()
    await shows('password-asked')
    checks.equal('EC-16 name and password alone sign nobody in', await page.evaluate(() => localStorage.getItem('lifeline.signed_in')), null)
    await type('password-code', await codeAfter(codes, before))
    await at('password-enter').click()
    await shows('switch-home')
    checks.that('EC-16 name, password and SMS code sign a household in elsewhere', true)
    checks.equal('EC-16 no request of that browser to anywhere else', other.seen.strangers, [])
  } finally {
    await other.close()
  }
}

/** The code that reached a phone after so many others. */
async function codeAfter(codes, before) {
  const come = await patiently(async () => (await codes()).slice(before).at(-1))
  if (!come) throw new Error('no code came')
  return come
}

async function codesTo(sandbox, number, json) {
  const texts = JSON.stringify(await json(`${sandbox}/sim/sms?phone=${number}`))
  return texts.split('验证码 ').slice(1).map((text) => text.slice(0, 6))
}

if (process.env.READY_FILE) await onTheDemo(JSON.parse(fs.readFileSync(process.env.READY_FILE, 'utf8')))
else await onTheStandIn()
process.exit(checks.close())
