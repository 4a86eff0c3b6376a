/**
 * The ways to what needs no home, by taps: whoever is not signed in, has no home yet or reads in large type reaches every service, and
 * whoever is signed in the inbox. And a home's own screens that the services page opens without naming a home. Runs the real H5 bundle
 * against the stand-in line, as `states.mjs` does.
 *
 *   (cd miniapp && npm run build:h5) && node ways.mjs
 */
import { Checks } from './checks.mjs'
import { stage } from './household.mjs'

const checks = new Checks()
const household = stage(checks, 'way')

await household('nobody', async ({ go, shows, at, whole, world }) => {
  world.signedIn = false
  await go('home/index')
  await shows('sign-in')
  await at('open-services').click()
  await shows('screen-services')
  await whole()
  await at('way-guide').click()
  await shows('screen-shelf')
  checks.that('LN-03 whoever is not signed in gets to the first steps', true)
  await at('back').click()
  await shows('screen-services')
  await at('back').click()
  await shows('sign-in')
  checks.that('LN-03 and back to signing in', true)
})

await household('no-home', async ({ go, shows, at, whole, world }) => {
  world.linked = []
  await go('home/index')
  await shows('consent')
  await whole()
  await at('open-services').click()
  await shows('way-new_user')
  await at('way-new_user').click()
  await shows('request-text')
  checks.that('LN-03 who has no home yet gets to applying for supply', true)
  await go('bindings/manual')
  await shows('consumer-no')
  await at('open-services').click()
  await shows('way-guide')
  checks.that('LN-03 also where a number is typed', true)
  await go('accounts/index')
  await shows('who')
  await at('open-notices').click()
  await shows('screen-notices')
  checks.that('who has no home reads messages', true)
  await go('publications/hub')
  await at('way-top_up').click()
  await shows('consent')
  checks.that('who has no home to top up is asked to link one', true)
})

await household('large-type', async ({ go, shows, at, whole }) => {
  await go('home/index')
  await shows('amount-due')
  await at('open-services').click()
  await shows('screen-services')
  await whole()
  await at('way-outages').click()
  await shows('screen-outages')
  checks.that('LN-03 large type has a way to the outages', true)
}, { kept: { 'lifeline.elder': '1' } })

await household('chosen-home', async ({ go, shows, at, textOf, whole, world }) => {
  await go('publications/hub')
  await at('way-top_up').click()
  await shows('top-up')
  await checks.comes('LN-03 topping up from the services is for the chosen home', async () => (await textOf('pay-for')).includes(world.homes[0].consumer_no.slice(-4)), true)
  await go('publications/hub')
  await at('way-records').click()
  await shows('records-own')
  await checks.comes('LN-09 the records say whose they are, and of which home', async () => [
    (await textOf('records-own')).includes('您本人'), (await textOf('records-home')).includes(world.homes[0].consumer_no.slice(-4)),
  ], [true, true])
  const [hall, bank] = world.homes[0].bills.filter((bill) => bill.paid).map((bill) => `receipt-MK${bill.period.replace('-', '')}`)
  await checks.comes('LN-09 what was paid at the hall and at a bank is listed, with sum and day', async () => [
    (await textOf(hall)).includes('营业厅'), (await textOf(bank)).includes('银行'), /\d{2}-\d{2}.*¥\d/.test(await textOf(hall)),
  ], [true, true, true])
  await whole()
})

await household('chosen-home-payer', async ({ go, shows, page, world, textOf }) => {
  world.homes[0].standing = { role: 'payer_only' }
  let asked = 0
  page.on('request', (request) => { if (request.url().includes('/receipts')) asked += 1 })
  await go('payments/history')
  await shows('records-payer')
  checks.that('LN-09 who only pays is told who sees the rest, and nothing of it is asked for', (await textOf('records-payer')).includes('户主') && asked === 0, asked)
})

process.exit(checks.close())
