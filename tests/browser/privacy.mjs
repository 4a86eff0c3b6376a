/**
 * A person's own data, in Chromium, against the stand-in line: the file, the wish to be erased, taking it back.
 *
 *   (cd miniapp && npm run build:h5) && node privacy.mjs
 */
import path from 'node:path'
import { startMock } from '../../miniapp/mock/line.mjs'
import { Checks } from './checks.mjs'
import { openPhone } from './phone.mjs'

const checks = new Checks()
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')
const CODE = '135790'

async function person(name, act) {
  const line = await startMock({ creditAfterMs: 60_000 })
  line.world.signedIn = true
  const phone = await openPhone({ home: line.base, outside: [line.base], pictures })
  const { page } = phone
  const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
  const shows = (testId) => at(testId).waitFor()
  const whole = async () => {
    checks.equal(`${name}: no serious finding of axe`, await phone.axe(), [])
    await phone.picture(`privacy-${name}`)
  }
  try {
    await page.addInitScript(() => localStorage.setItem('lifeline.signed_in', '1'))
    await page.goto(`${line.base}/#/pages/accounts/index`)
    await shows('open-privacy')
    await at('open-privacy').click()
    await shows('screen-privacy')
    await act({ page, at, shows, whole, world: line.world })
    checks.equal(`${name}: nothing thrown`, phone.seen.errors.filter((error) => error.startsWith('uncaught')), [])
    checks.equal(`${name}: no request to anywhere else`, phone.seen.strangers, [])
  } catch (thrown) {
    await phone.picture(`privacy-${name}-failed`).catch(() => undefined)
    checks.broke(`${name}: ${thrown}`)
  } finally {
    await phone.close()
    line.stop()
  }
}

await person('export', async ({ page, at, shows, whole }) => {
  await at('ask-export').click()
  const sent = page.waitForRequest((request) => request.url().endsWith('/v1/otps'))
  await at('send-code-export').click()
  checks.equal('the code is for the export alone', (await sent).postDataJSON(), { purpose: 'export' })
  await at('code-export').fill('000000')
  await at('do-export').click()
  await page.getByText('验证码不对或已过期').first().waitFor()
  checks.that('a wrong code hands nothing out', !(await page.locator('[data-testid="export-done"]:visible').count()))
  await at('code-export').fill(CODE)
  const kept = page.waitForEvent('download')
  await at('do-export').click()
  checks.equal('the browser keeps a file', (await kept).suggestedFilename(), 'my-data.json')
  await shows('export-done')
  checks.that('and stays on the screen', page.url().includes('pages/privacy/index'))
  await whole()
})

await person('erase', async ({ page, at, shows, whole, world }) => {
  await at('ask-erase').click()
  await at('code-erase').fill('12')
  await at('do-erase').click()
  checks.that('half a code is not sent', !world.steppedUp)
  await at('code-erase').fill(CODE)
  await at('do-erase').click()
  await shows('cooling')
  checks.equal('the wish is with the service', world.erasure?.state, 'cooling')
  await whole()
  await at('take-back').click()
  await shows('ask-erase')
  checks.equal('it is taken back', world.erasure, undefined)
  await page.reload()
  await shows('ask-erase')
})

await person('seller', async ({ page, at, shows, whole, world }) => {
  await checks.comes('before asking, who sells power reads that this ends first', async () => (await at('erase').innerText()).includes('光伏合作还没有结束'), true)
  await page.route('**/v1/me', (route) => {
    if (route.request().method() !== 'DELETE') return route.continue()
    return route.fulfill({ status: 409, contentType: 'application/problem+json', body: JSON.stringify({ title: 'MONEY_OPEN', status: 409, code: 'MONEY_OPEN', trace_id: 't' }) })
  })
  await at('ask-erase').click()
  await at('code-erase').fill(CODE)
  await at('do-erase').click()
  await shows('problem')
  await checks.comes('and is told where to ask for that', async () => (await at('problem').innerText()).includes('在“光伏”里申请结束合作'), true)
  world.erasure = { state: 'cooling', asked_at: '2020-01-01T08:00:00+08:00', due_at: '2020-01-16T08:00:00+08:00' }
  await page.reload()
  await shows('erasure-waits')
  checks.equal('a wish that is due and waits names no day that is over', await page.locator('[data-testid="cooling"]:visible').count(), 0)
  await whole()
  await at('take-back').click()
  await shows('ask-erase')
})

await person('twice', async ({ page, at, shows, world }) => {
  const asked = []
  const SLOW = /\/v1\/(otps|me\/consents|me\/erasure)$/
  await page.route(SLOW, async (route) => {
    const request = route.request()
    if (request.method() === 'GET') return route.continue()
    asked.push(`${request.method()} ${new URL(request.url()).pathname}`)
    await new Promise((again) => setTimeout(again, 500))
    return route.continue()
  })
  await at('ask-export').click()
  await at('send-code-export').dblclick({ force: true })
  await page.getByText('秒后').first().waitFor()
  checks.equal('who taps twice for a code is sent one', asked, ['POST /v1/otps'])
  world.erasure = { state: 'cooling', asked_at: '2020-01-01T08:00:00+08:00', due_at: '2099-01-16T08:00:00+08:00' }
  await page.reload()
  await at('take-back').dblclick({ force: true })
  await shows('ask-erase')
  checks.equal('and takes a wish back once', asked.slice(1), ['DELETE /v1/me/erasure'])
  await at('open-consents').click()
  await at('consent-notices').dblclick({ force: true })
  await checks.comes('and agrees', async () => (await at('consent-notices').innerText()).includes('撤回'), true)
  checks.equal('once', asked.slice(2), ['POST /v1/me/consents'])
})

process.exit(checks.close())
