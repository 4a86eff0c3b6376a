/**
 * Filling gaps of the utility's file, in Chromium, against the stand-in line: the holder's alone, after agreeing, the phone only with its code.
 * And what stands between a person and a home of theirs: each cure of the real name, a dispute, another holder.
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
/** The homes, read anew with `facts` of the first one. */
async function homesWith(facts) {
  Object.assign(world.homes[0], { real_name: undefined, standing: undefined }, facts)
  await page.goto(`${line.base}/#/pages/bindings/index`)
  await page.reload()
  await shows('home-b-1')
}

const textOf = async (testId) => (await at(testId).innerText()).replace(/\s+/g, '')

async function standings() {
  const led = []
  for (const [cure, words, button, screen] of [
    ['CERTIFY_AT_ALIPAY', '还没有实名核验', 'cure-certify', 'screen-certify'], ['AGREE_TO_MATCH', '没有同意实名比对', 'cure-match', 'screen-match'],
    ['ADD_AT_OUTLET', '可在下方补全', 'cure-outlets', 'screen-outlets'], ['TRANSFER_AT_OUTLET', '可到网点更正', 'cure-outlets', 'screen-outlets'],
  ]) {
    await homesWith({ real_name: { state: cure === 'TRANSFER_AT_OUTLET' ? 'mismatch' : 'missing', cure } })
    await at('home-details').click()
    await shows('real-name')
    await checks.comes(`${cure}: says what is missing`, async () => (await textOf('real-name')).includes(words), true)
    await at(button).click()
    await shows(screen)
    led.push(cure)
  }
  checks.equal('LN-10 each cure has a button that leads to where it is mended', led.length, 4)
  await homesWith({ standing: { state: 'disputed', role: 'payer_only' } })
  await shows('home-disputed')
  await shows('disputed-hotline')
  await page.goto(`${line.base}/#/pages/home/index`)
  await shows('home-disputed')
  await checks.comes('a disputed holder is no payer for others', async () => (await page.locator('main:visible').first().innerText()).includes('代缴人'), false)
  checks.equal('a disputed home: no serious finding of axe', await phone.axe(), [])
  await phone.picture('home-disputed')
  await homesWith({ standing: { state: 'holder_changed', role: 'payer_only', holder_masked: '*' } })
  await checks.comes('a home without a name goes by its number', async () => (await textOf('home-b-1')).includes('…4321'), true)
  await at('prove-again').click()
  await shows('screen-match')
}

/** Linking by real name offers it at once, by a tick of its own: one tap links and completes. */
async function whileLinking() {
  Object.assign(world, { linked: [], filling: undefined })
  Object.assign(world.homes[0], { real_name: undefined, standing: undefined })
  const consent = world.consents.find((each) => each.purpose === 'archive_update')
  const match = async () => {
    await page.goto(`${line.base}/#/pages/bindings/match`)
    await page.reload()
    await at('agree').click()
    await shows('confirm-match')
  }
  const before = offers.length
  consent.given_at = null
  await match()
  await checks.comes('completing the file is a choice of its own, and off', () => at('archive-tick').getAttribute('aria-checked'), 'false')
  await at('confirm-match').click()
  await shows('amount-due')
  checks.equal('without it nothing is offered', offers.length, before)
  world.linked = []
  await match()
  await at('archive-tick').click()
  await page.locator('[data-testid="archive-tick"][aria-checked="true"]:visible:enabled').waitFor()
  checks.equal('linking, with the offer beside it: no serious finding of axe', await phone.axe(), [])
  await phone.picture('archive-linking')
  await at('confirm-match').click()
  await shows('amount-due')
  checks.equal('LN-45 the links and the offers to the file go by one tap', offers.slice(before), world.homes.map(() => ({})))
}

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
  await page.getByText('验证码已发送').first().waitFor()
  checks.equal('of a code to one\'s own phone nothing is said of a home', await page.getByText('如果该户号预留了手机号').count(), 0)
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
  await standings()
  await whileLinking()
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
