/**
 * Lists that are longer than a page, in Chromium, against the stand-in line: every message can be seen and counts as read, every request, outlet,
 * outage and program can be reached.
 *
 *   (cd miniapp && npm run build:h5) && node lists.mjs
 */
import path from 'node:path'
import { startMock } from '../../miniapp/mock/line.mjs'
import { Checks } from './checks.mjs'
import { payment } from './household.mjs'
import { openPhone } from './phone.mjs'

const checks = new Checks()
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')
const AT = '2026-11-20T10:01:02+08:00'
const MESSAGES = 60
const listed = (n) => ({ publication_id: `019aa2f0-0000-7000-8000-${String(n).padStart(12, '0')}`, title: `第 ${n} 项`, summary: '', published_at: AT })
// Each list: its screen, its route, how an item is known, and how one looks.
const LISTS = [
  ['publications/outlets', 'outlets', 'outlet', (n) => ({ ...listed(n), address: '红山区', hours: '8:30-17:30', latitude: '42.265000', longitude: '118.921000', phone: '0476-1234567', services: [] })],
  ['publications/outages', 'outages', 'outage', (n) => ({ ...listed(n), kind: 'fault', begins_at: AT, ends_at: AT, area: '新城', lines: [], cause: '检修', over: false })],
  ['publications/apps', 'apps', 'app', (n) => ({ ...listed(n), url: 'https://example.invalid/', publisher: '国网' })],
  ['publications/index?kind=news', 'articles', 'listed', (n) => ({ ...listed(n), kind: 'news' })],
  ['requests/index', 'requests', 'request-feedback', (n) => ({ request_id: listed(n).publication_id, kind: 'feedback', state: 'filed', text: `第 ${n} 项`, anonymous: false, filed_at: AT, moved_at: AT })],
]

async function household(name, act) {
  const line = await startMock({ creditAfterMs: 60_000 })
  line.world.signedIn = true
  line.world.linked = [...line.world.homes]
  line.world.consents[0].given_at = line.world.me.created_at
  const phone = await openPhone({ home: line.base, outside: [line.base], pictures })
  const { page } = phone
  const all = (testId) => page.locator(`[data-testid="${testId}"]:visible`)
  const hand = {
    page, all, world: line.world,
    at: (testId) => all(testId).first(),
    shows: (testId) => all(testId).first().waitFor(),
    go: (screen) => page.goto(`${line.base}/#/pages/${screen}`),
    async whole() {
      checks.equal(`${name}: no serious finding of axe`, await phone.axe(), [])
      await phone.picture(`lists-${name}`)
    },
  }
  try {
    await page.addInitScript(() => localStorage.setItem('lifeline.signed_in', '1'))
    await act(hand)
    checks.equal(`${name}: no request to anywhere else`, phone.seen.strangers, [])
    checks.equal(`${name}: nothing thrown`, phone.seen.errors.filter((error) => error.startsWith('uncaught')), [])
  } catch (thrown) {
    await phone.picture(`lists-${name}-failed`).catch(() => undefined)
    checks.broke(`${name}: ${thrown}`)
  } finally {
    await phone.close()
    line.stop()
  }
}

const json = (body, status = 200) => ({ status, contentType: status < 400 ? 'application/json' : 'application/problem+json', body: JSON.stringify(body) })
const away = json({ type: 'about:blank', title: 'x', status: 503, code: 'STORE_UNAVAILABLE', trace_id: 't' }, 503)

await household('messages', async ({ page, all, at, shows, go, whole, world }) => {
  for (let n = 0; n < MESSAGES; n += 1) {
    world.notices.push({ notice_id: `n-${n}`, kind: 'credited', title: '电费已入账', body: `第 ${n} 笔`, created_at: AT, read_at: null })
  }
  const unread = () => world.notices.filter((notice) => !notice.read_at).length
  const asked = []
  page.on('request', (request) => {
    if (request.method() === 'PATCH') asked.push(request.url())
  })
  await go('home/index')
  await shows('amount-due')
  await checks.comes('the bell counts every unread message', () => page.locator('.bell-count:visible').allInnerTexts(), [String(MESSAGES)])
  await go('notices/index')
  await shows('notice-credited')
  await checks.comes('what is shown counts as read', unread, MESSAGES - 50)
  await at('more').click()
  await checks.comes('the older ones can be seen', () => all('notice-credited').count(), MESSAGES)
  await checks.comes('and count as read as well', unread, 0)
  checks.equal('each was told once', asked.length, MESSAGES)
  checks.equal('then the list has ended', await all('more').count(), 0)
  await whole()
  await go('home/index')
  await shows('amount-due')
  await checks.comes('the bell is quiet', () => page.locator('.bell-count:visible').count(), 0)
})

await household('late-refund', async ({ page, at, shows, go, whole, world }) => {
  const body = '您为尾号 0017 的户号支付的 85.20 元自 2026年11月20日 10:01 起退款，已超过一天，至今没有退完，比我们说的晚了。'
  world.notices.push({ notice_id: 'n-late', kind: 'refund_late', title: '退款比预计的慢', body, payment_id: 'p-late', created_at: AT, read_at: null })
  await go('notices/index')
  await shows('notice-refund_late')
  await checks.comes('a refund that is late is told with its sum', async () => (await at('notice-refund_late').innerText()).includes('85.20 元'), true)
  await checks.comes('and counts as read', () => world.notices.every((notice) => notice.read_at !== null), true)
  await whole()
  await at('notice-refund_late').getByText('查看这笔缴费').click()
  await checks.comes('its button opens the payment', () => page.url().includes('payment_id=p-late'), true)
})

for (const [screen, route, testId, item] of LISTS) {
  await household(route, async ({ page, all, at, shows, go, whole }) => {
    let broken = true
    await page.route('**/v1/bindings/*/outages*', (asked) => asked.fulfill(json({ items: [], office_unknown: false })))
    await page.route(`**/v1/${route}?*`, (asked) => {
      const cursor = new URL(asked.request().url()).searchParams.get('cursor')
      if (cursor === null) return asked.fulfill(json({ items: [item(1), item(2)], next_cursor: 'c' }))
      return asked.fulfill(broken ? away : json({ items: cursor === 'c' ? [item(3)] : [], next_cursor: null }))
    })
    await go(screen)
    await shows(testId)
    checks.equal(`${route}: the first page by itself`, await all(testId).count(), 2)
    await at('more').click()
    await shows('problem')
    checks.equal(`${route}: a page that does not come takes nothing away`, await all(testId).count(), 2)
    broken = false
    await at('problem-cure').click()
    await checks.comes(`${route}: the next page stands behind the first`, () => all(testId).count(), 3)
    checks.equal(`${route}: and there is no other`, [await all('more').count(), await all('problem').count()], [0, 0])
    await whole()
  })
}

// What is read of one home: its rows are known by the beginning of their mark.
const ROWS = [
  ['payments/history?binding_id=b-1', 'payments', 'payment-', 'screen-tracker', (n) => payment('POSTED', 'DONE', { payment_id: `p-${n}` })],
  ['billing/index', 'bills', 'bill-', 'screen-bill', (n) => ({ period: `2025-0${n}`, total_fen: 5000 + n, energy_kwh: '90', paid: true })],
]

for (const [screen, route, mark, behind, item] of ROWS) {
  await household(`home-${route}`, async ({ page, at, shows, go }) => {
    const rows = () => page.locator(`[data-testid^="${mark}"]:visible`).count()
    let first = { items: [item(1), item(2)], next_cursor: 'c' }
    let later = 0
    let release
    const held = new Promise((resolve) => { release = resolve })
    await page.route(new RegExp(`/v1/bindings/b-1/${route}\\?`), async (asked) => {
      if (new URL(asked.request().url()).searchParams.get('cursor') === null) return asked.fulfill(json({ as_of: AT, stale: false, ...first }))
      later += 1
      await held
      return asked.fulfill(json({ as_of: AT, stale: false, items: [item(3)], next_cursor: null }))
    })
    await go(screen)
    await checks.comes(`${route}: the first page by itself`, rows, 2)
    await at('more').dblclick()
    release()
    await checks.comes(`${route}: the next page stands behind the first`, rows, 3)
    checks.equal(`${route}: who taps twice is given it once`, later, 1)
    first = { items: [item(4), item(1)], next_cursor: 'd' }
    await page.locator(`[data-testid^="${mark}"]:visible`).first().click()
    await shows(behind)
    await at('back').click()
    await checks.comes(`${route}: once the first page has moved on, what stood behind it is read anew`, rows, 2)
    await at('more').waitFor()
  })
}

process.exit(checks.close())
