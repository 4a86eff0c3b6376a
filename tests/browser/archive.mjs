/**
 * Filling gaps of the utility's file, in Chromium, against the stand-in line: the holder's alone, after agreeing, the phone only with its code.
 *
 *   (cd miniapp && npm run build:h5) && node archive.mjs
 */
import path from 'node:path'
import { startMock } from '../../miniapp/mock/line.mjs'
import { Checks } from './checks.mjs'
import { openPhone } from './phone.mjs'

const checks = new Checks()
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')
const FIELDS = { id_no: 'same', mobile: 'filled', name: 'conflict_review' }

const line = await startMock({ creditAfterMs: 60_000 })
const { world } = line
Object.assign(world, { signedIn: true, linked: [world.homes[0]] })
const phone = await openPhone({ home: line.base, outside: [line.base], pictures })
const { page } = phone
const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
const shows = (testId) => at(testId).waitFor()
const offers = []
page.on('request', (request) => { if (request.method() === 'POST' && request.url().endsWith('/archive-filling')) offers.push(request.postDataJSON()) })
try {
  await page.addInitScript(() => localStorage.setItem('lifeline.signed_in', '1'))
  await page.goto(`${line.base}/#/pages/bindings/index`)
  await at('home-details').click()
  await shows('archive-none')
  await at('archive-fill').click()
  await shows('archive-consent')
  checks.equal('nothing can be offered before agreeing', await page.locator('[data-testid="archive-send"]:visible').count(), 0)
  await at('archive-consent').click()
  await shows('archive-send')
  checks.equal('the consent is one of its own', world.consents.filter((each) => each.given_at).map((each) => each.purpose), ['archive_update'])
  await at('archive-phone').fill('19000000001')
  const sent = page.waitForRequest((request) => request.url().endsWith('/v1/otps'))
  await at('send-code').click()
  checks.equal('the code goes to the phone that is typed', (await sent).postDataJSON(), { purpose: 'verify_phone', phone: '19000000001' })
  await at('archive-code').fill('12')
  await at('archive-send').click()
  await checks.comes('half a code is told on the spot', () => page.locator('.field-wrong:visible').count(), 1)
  checks.equal('and nothing is sent', offers, [])
  await at('archive-code').fill('000000')
  await at('archive-send').click()
  await shows('problem')
  checks.equal('a wrong code offers nothing', world.filling, undefined)
  checks.equal('no serious finding of axe while asking', await phone.axe(), [])
  await phone.picture('archive-asking')
  await at('archive-code').fill('135790')
  await at('archive-send').click()
  await shows('archive-asked')
  checks.equal('only the code leaves the page: the values are the service\'s', offers.at(-1), { otp: '135790' })
  await checks.comes('on its way, nothing can be offered again', () => page.locator('[data-testid="archive-fill"]:visible').count(), 0)
  world.filling = { state: 'settled', fields: Object.entries(FIELDS).map(([name, result]) => ({ name, result })) }
  await at('archive-look').click()
  await shows('archive-settled')
  const words = []
  for (const name of Object.keys(FIELDS)) words.push((await at(`archive-${name}`).innerText()).trim())
  checks.equal('each field has an outcome of its own', new Set(words.map((text) => text.split('\n').at(-1))).size, 3)
  checks.equal('no serious finding of axe', await phone.axe(), [])
  await phone.picture('archive-settled')
  checks.equal('nothing thrown', phone.seen.errors.filter((error) => error.startsWith('uncaught')), [])
  checks.equal('no request to anywhere else', phone.seen.strangers, [])
} catch (thrown) {
  await phone.picture('archive-failed').catch(() => undefined)
  checks.broke(thrown)
} finally {
  await phone.close()
  line.stop()
}
process.exit(checks.close())
