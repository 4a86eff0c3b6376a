/**
 * What a stolen session must not do, in Chromium, against the stand-in line: a payment out of the ordinary, leaving a home, giving up the account's phone,
 * merging accounts and being certified by a face wait for a code to the owner's phone, and then do just what the code was for.
 *
 *   (cd miniapp && npm run build:h5) && node sure.mjs
 */
import path from 'node:path'
import { startMock } from '../../miniapp/mock/line.mjs'
import { Checks } from './checks.mjs'
import { openPhone } from './phone.mjs'

const checks = new Checks()
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')
const CODE = '135790'
const REFUSAL = { type: 'about:blank', title: 'STEP_UP_REQUIRED', status: 403, code: 'STEP_UP_REQUIRED', trace_id: 't' }

/** A household whose next act of this kind wants a code. */
async function household(name, method, guarded, act) {
  const line = await startMock({ creditAfterMs: 60_000 })
  const { world } = line
  Object.assign(world, { signedIn: true, linked: [...world.homes] })
  const phone = await openPhone({ home: line.base, outside: [line.base], pictures })
  const { page } = phone
  const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
  const keys = []
  const hand = {
    page, at, world, keys,
    shows: (testId) => at(testId).waitFor(),
    enabled: (testId) => page.locator(`[data-testid="${testId}"]:visible:enabled`).first().waitFor(),
    go: (screen) => page.goto(`${line.base}/#/pages/${screen}`),
    asked: () => page.waitForRequest((request) => request.url().endsWith('/v1/otps') && request.method() === 'POST'),
    async whole(what) {
      checks.equal(`${name}: no serious finding of axe ${what}`, await phone.axe(), [])
      await phone.picture(`sure-${name}-${what}`)
    },
  }
  try {
    await page.addInitScript(() => localStorage.setItem('lifeline.signed_in', '1'))
    await page.route(`**/v1${guarded}`, async (route) => {
      const request = route.request()
      if (request.method() !== method) return route.continue()
      keys.push(request.headers()['idempotency-key'])
      if (!world.steppedUp) return route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(REFUSAL) })
      world.steppedUp = false
      return route.continue()
    })
    await act(hand)
    checks.equal(`${name}: nothing thrown`, phone.seen.errors.filter((error) => error.startsWith('uncaught')), [])
    checks.equal(`${name}: no request to anywhere else`, phone.seen.strangers, [])
  } catch (thrown) {
    await phone.picture(`sure-${name}-failed`).catch(() => undefined)
    checks.broke(`${name}: ${thrown}`)
  } finally {
    await phone.close()
    line.stop()
  }
}

await household('pay', 'POST', '/payments', async ({ page, at, shows, enabled, go, asked, whole, world, keys }) => {
  const due = world.homes[0].bills.filter((bill) => !bill.paid).reduce((sum, bill) => sum + bill.total_fen, 0)
  await go('payments/confirm?binding_id=b-1')
  await enabled('pay-now')
  await at('pay-now').click()
  await shows('code-pay')
  checks.equal('nothing is ordered before the code', world.payments.length, 0)
  await whole('asked')
  const sent = asked()
  await at('send-code-pay').click()
  checks.equal('the code is for this home and this sum', (await sent).postDataJSON(), { purpose: 'pay', items: [{ binding_id: 'b-1', amount_fen: due }] })
  await at('code-pay').fill('000000')
  await at('do-pay').click()
  await page.getByText('验证码不对或已过期').first().waitFor()
  checks.equal('a wrong code orders nothing', world.payments.length, 0)
  await at('code-pay').fill(CODE)
  await at('do-pay').click()
  await page.locator('#pay').waitFor()
  checks.equal('the right one orders once', world.payments.map((payment) => payment.amount_fen), [due])
  checks.that('the refused wish and the order are one wish', keys.length === 2 && keys[0] !== undefined && keys[0] === keys[1], JSON.stringify(keys))
})

await household('unlink', 'DELETE', '/bindings/b-1', async ({ page, at, shows, go, asked, whole, world }) => {
  await go('bindings/index')
  await shows('home-b-1')
  const home = page.locator('[data-testid="home-b-1"]:visible').first()
  await home.locator('[data-testid="unlink"]').click()
  await at('unlink-sure').click()
  await shows('code-unlink')
  checks.that('the home stays before the code', world.linked.some((each) => each.id === 'b-1'))
  await whole('asked')
  const sent = asked()
  await at('send-code-unlink').click()
  checks.equal('the code is for this home', (await sent).postDataJSON(), { purpose: 'unlink', binding_id: 'b-1' })
  await at('code-unlink').fill('12')
  await at('do-unlink').click()
  checks.that('half a code is not sent', !world.steppedUp && world.linked.some((each) => each.id === 'b-1'))
  await at('code-unlink').fill(CODE)
  await at('do-unlink').click()
  await page.locator('[data-testid="home-b-1"]').first().waitFor({ state: 'detached' })
  checks.equal('this home is left and no other', world.linked.map((each) => each.id), world.homes.filter((each) => each.id !== 'b-1').map((each) => each.id))
})

await household('phone', 'PATCH', '/me', async ({ at, shows, go, asked, whole, world }) => {
  const before = world.me.phone_masked
  await go('accounts/phone')
  await shows('phone-number')
  await at('phone-number').fill('19000000044')
  const first = asked()
  await at('send-code').click()
  checks.equal('the first code goes to the new phone', (await first).postDataJSON(), { purpose: 'verify_phone', phone: '19000000044' })
  await at('phone-code').fill('123456')
  await at('phone-submit').click()
  await shows('code-change_phone')
  checks.equal('the phone stays before its own code', world.me.phone_masked, before)
  checks.that('who lost the phone has another way', await at('phone-lost').isVisible())
  await whole('asked')
  const sent = asked()
  await at('send-code-change_phone').click()
  checks.equal('the code of the old phone is for this new one', (await sent).postDataJSON(), { purpose: 'change_phone', phone: '19000000044' })
  await at('code-change_phone').fill(CODE)
  await at('do-change_phone').click()
  await shows('phone-taken')
  checks.equal('then it is given up', world.me.phone_masked, '190****0044')
})

await household('merge', 'POST', '/me/merges', async ({ at, shows, go, asked, whole, world }) => {
  world.me.other_account = true
  await go('accounts/merge')
  await at('merge-ask').click()
  await shows('code-merge')
  checks.equal('no code for the other account before the one to the phone', world.merge, undefined)
  checks.that('who lost the phone has another way to merge', await at('merge-phone-lost').isVisible())
  await whole('asked')
  const sent = asked()
  await at('send-code-merge').click()
  checks.equal('the code is for merging', (await sent).postDataJSON(), { purpose: 'merge' })
  await at('code-merge').fill(CODE)
  await at('do-merge').click()
  await shows('merge-code')
  checks.equal('then the request is there', world.merge.state, 'open')
})

await household('give', 'POST', '/me/merge-confirmations', async ({ page, at, shows, go, whole, world }) => {
  world.me.other_account = true
  await go('accounts/merge')
  await at('merge-typed').fill('135790')
  await at('merge-confirm').click()
  await shows('code-merge')
  checks.that('who lost the phone has another way to give the account up', await at('merge-phone-lost').isVisible())
  await whole('asked')
  await at('merge-again').click()
  await shows('merge-typed')
  checks.equal('what was typed is still there', await page.locator('[data-testid="merge-typed"]:visible').first().inputValue(), '135790')
  await at('merge-confirm').click()
  await shows('code-merge')
  await at('send-code-merge').click()
  await at('code-merge').fill(CODE)
  await at('do-merge').click()
  await shows('merge-given')
  checks.that('the account is given up after the code', !world.steppedUp)
})

await household('face', 'POST', '/me/certifications', async ({ page, at, shows, go, asked, whole, world }) => {
  Object.assign(world, { idNumber: '150499199001010014' })
  Object.assign(world.me, { real_name: 'missing', name_masked: null, id_no_masked: null })
  await go('accounts/certify')
  await shows('certify-terms')
  await at('certify-name').fill('何洁')
  await at('certify-id').fill('150499199001010014')
  await at('certify-face').click()
  await shows('code-certify')
  checks.equal('no face is asked for before the code', world.certification, undefined)
  await whole('asked')
  await at('certify-back').click()
  await shows('certify-name')
  await at('certify-face').click()
  await shows('code-certify')
  const sent = asked()
  await at('send-code-certify').click()
  checks.equal('the code is for being certified', (await sent).postDataJSON(), { purpose: 'certify' })
  await at('code-certify').fill(CODE)
  await at('do-certify').click()
  await page.waitForURL('**/alipay/face')
  checks.equal('then what was typed goes to Alipay', world.certification.kind, 'face')
})

await household('lost', 'POST', '/me/certifications', async ({ page, at, shows, go, whole, world, keys }) => {
  const visible = (testId) => page.locator(`[data-testid="${testId}"]:visible`).count()
  const said = (text) => page.locator('[data-testid="certify-lost"]:visible', { hasText: text }).first().waitFor()
  Object.assign(world.me, { real_name: 'missing', name_masked: null, id_no_masked: null })
  await go('accounts/certify')
  await shows('certify-terms')
  await at('certify-name').fill('何洁')
  await at('certify-id').fill('150499199001010014')
  await at('certify-face').click()
  await shows('code-certify')
  await at('certify-phone-lost').click()
  await said('在支付宝里打开我们的小程序')
  await checks.comes('whom nobody certified types nothing that would be refused', () => visible('certify-name'), 0)
  await whole('there')
  Object.assign(world.me, { real_name: 'verified', name_masked: '*洁', id_no_masked: '150***********0014' })
  await page.reload()
  await said('重新登录后再刷脸')
  await said('补办原号码的手机卡')
  await shows('certify-face')
  checks.equal('a browser cannot compare', await visible('certify-certverify'), 0)
  checks.equal('one face was asked for, and refused before', keys.length, 1)
  await whole('face')
})

await household('no-phone', 'POST', '/payments', async ({ page, at, shows, enabled, go, whole, world }) => {
  const refusal = { ...REFUSAL, title: 'PHONE_REQUIRED', status: 409, code: 'PHONE_REQUIRED' }
  await page.route('**/v1/otps', (route) => route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify(refusal) }))
  await go('payments/confirm?binding_id=b-1')
  await enabled('pay-now')
  await at('pay-now').click()
  await shows('code-pay')
  await at('send-code-pay').click()
  await shows('problem')
  await whole('told')
  await at('problem-cure').click()
  await shows('phone-number')
  await at('back').click()
  await shows('code-pay')
  checks.equal('who has no phone is led to adding one, and back to the payment', world.payments.length, 0)
})

await household('application', 'POST', '/requests', async ({ page, at, shows, go, whole, world }) => {
  Object.assign(world.me, { real_name: 'missing', name_masked: null, phone_masked: null })
  await go('requests/new?kind=new_user')
  await shows('apply-first')
  checks.equal('nobody writes an application that names nobody', await page.locator('[data-testid="request-text"]:visible').count(), 0)
  await whole('first')
  await at('apply-phone').click()
  await shows('phone-number')
  await at('back').click()
  await at('apply-certify').click()
  await shows('certify-terms')
  Object.assign(world.me, { real_name: 'verified', name_masked: '*明', phone_masked: '190****0001' })
  await at('back').click()
  await shows('request-text')
  Object.assign(world.me, { real_name: 'missing', name_masked: null, phone_masked: null })
  await go('requests/new?kind=feedback')
  await page.reload()
  await shows('request-text')
  checks.equal('who is known writes, and any other letter is everybody\'s', await page.locator('[data-testid="apply-first"]:visible').count(), 0)
})

process.exit(checks.close())
