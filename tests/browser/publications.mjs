/**
 * Public information in Chromium against a running demo: each of the twelve kinds has its list, its text and its search; outlets lead to
 * the map, outages know the person's homes; and what is unusual (nothing there, no answer, markup in a text) is shown as it should be.
 *
 *   READY_FILE=ready.json node publications.mjs
 */
import fs from 'node:fs'
import path from 'node:path'
import { Checks } from './checks.mjs'
import { openPhone } from './phone.mjs'

const checks = new Checks()
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')
const ready = JSON.parse(fs.readFileSync(process.env.READY_FILE, 'utf8'))
const [line, sandbox] = [new URL(ready.line).origin, new URL(ready.sandbox).origin]
// What each kind shows, by its requirement.
const ARTICLES = [
  ['news', 'LN-14 news are listed, found and read'],
  ['faq', 'LN-15 questions are listed, found and read'],
  ['knowledge', 'LN-16 common knowledge is listed, found and read'],
  ['guide', 'LN-17 first steps are listed, found and read'],
  ['policy', 'LN-22 policies are listed, found and read'],
  ['grid_news', 'LN-23 grid news are listed, found and read'],
  ['industry_news', 'LN-24 industry news are listed, found and read'],
  ['technology', 'LN-25 technologies are listed, found and read'],
  ['case', 'LN-26 cases are listed, found and read'],
]
const SHELVES = [
  ['outlets', 'outlet', '红山', 'LN-11 outlets are listed, found and read'],
  ['outages', 'outage', '检修', 'LN-12 outages are listed, found and read'],
  ['apps', 'app', 'e 充电', 'LN-13 apps are listed, found and read'],
]

const phone = await openPhone({ home: line, outside: [sandbox], pictures })
const { page } = phone
const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
const all = (testId) => page.locator(`[data-testid="${testId}"]:visible`)
const shows = (testId) => at(testId).waitFor()
const titles = async (testId) => all(testId).locator('.card-title').allInnerTexts()
const go = async (screen) => {
  await page.goto(`${line}/#/pages/${screen}`)
  await page.reload()
}
async function find(what) {
  await at('find-what').fill(what)
  await at('find').click()
}
async function whole(name) {
  checks.equal(`${name}: no serious finding of axe`, await phone.axe(), [])
  await phone.picture(`publications-${name}`)
}

/** Nobody has to be signed in for what is public. */
async function everyArticle() {
  for (const [kind, shown] of ARTICLES) {
    await go(`publications/index?kind=${kind}`)
    await shows('listed')
    const [first] = await titles('listed')
    await find(first.slice(0, 4))
    await page.locator('[data-testid="find-all"]:visible').waitFor()
    await shows('listed')
    const found = (await titles('listed')).includes(first)
    await find('氟里昂泵站')
    await shows('none-found')
    checks.equal(`${kind}: and nothing that is not there`, await all('listed').count(), 0)
    await at('find-all').click()
    await shows('listed')
    await all('listed').locator('.card-open').first().click()
    await shows('article-title')
    await checks.comes(shown, async () => [found, await at('article-title').innerText()], [true, first])
    await whole(kind)
  }
}

async function everyShelf() {
  for (const [screen, testId, what, shown] of SHELVES) {
    await go(`publications/${screen}`)
    await shows(testId)
    const before = await all(testId).count()
    await find(what)
    await page.locator('[data-testid="find-all"]:visible').waitFor()
    await shows(testId)
    await checks.comes(`${shown}: only what was looked for`, async () => {
      const left = await titles(testId)
      return left.length > 0 && left.length < before && left[0].includes(what)
    }, true)
    const [first] = await titles(testId)
    await whole(screen)
    await all(testId).locator('.card-open').first().click()
    await shows('article-title')
    await checks.comes(shown, () => at('article-title').innerText(), first)
  }
}

async function theMap() {
  await go('publications/outlets')
  await shows('outlet')
  await page.evaluate(() => {
    window.open = (...told) => {
      window.told = told
    }
  })
  await at('open-map').click()
  const [url, , how] = await page.evaluate(() => window.told)
  const map = new URL(url)
  checks.equal('LN-11 the map opens where the outlet is', [map.origin, /^11[89]\.\d{6},4[12]\.\d{6}$/.test(map.searchParams.get('position'))], ['https://uri.amap.com', true])
  checks.that('and learns nothing of this page', how.includes('noopener') && how.includes('noreferrer'))
}

async function everythingIsSearched() {
  await go('publications/hub')
  await shows('screen-services')
  await checks.comes('LN-03 every group has its ways', () => all('group').evaluateAll((groups) => groups.map((group) => [
    group.querySelector('h2').textContent, group.querySelectorAll('[data-testid^="way-"]').length,
  ])), [['充值缴费', 3], ['我的用电', 3], ['公共信息', 7], ['供电服务', 6], ['智慧用电', 5]])
  await whole('services')
  await at('search-everything').click()
  await shows('find-what')
  await find('检修')
  await shows('listed')
  const found = await titles('listed')
  checks.that('one search goes through all kinds', found.some((title) => title.includes('新城线')), found.join())
}

/** What is unusual is put in front of the line, request by request. */
async function unusual() {
  const reply = (body, status = 200) => ({ status, contentType: 'application/json', body: JSON.stringify(body) })
  const markup = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>'
  const text = {
    publication_id: '019aa2f0-0000-7000-8000-000000000001', kind: 'news', title: markup, summary: markup, published_at: '2026-11-20T10:01:02+08:00', edition: 1, source: markup,
    blocks: ['heading', 'paragraph'].map((kind) => ({ kind, text: markup })).concat([{ kind: 'list', items: [markup] }, { kind: 'steps', items: [markup] }]),
  }
  await page.route('**/v1/articles/*', (asked) => asked.fulfill(reply(text)))
  await go(`publications/detail?id=${text.publication_id}`)
  await shows('article-title')
  checks.equal('markup is text, everywhere', [
    await at('article-title').innerText(), await page.locator('main img, main script').count(), await page.evaluate(() => window.hurt ?? 0),
  ], [markup, 0, 0])
  await whole('markup')
  await page.unroute('**/v1/articles/*')
  await page.route('**/v1/outages?*', (asked) => asked.fulfill(reply({ items: [], next_cursor: null })))
  await go('publications/outages')
  await shows('none-found')
  await whole('no-outages')
  await page.unroute('**/v1/outages?*')
  let away = true
  await page.route('**/v1/apps?*', (asked) => (away ? asked.fulfill(reply({ type: 'about:blank', title: 'x', status: 503, code: 'STORE_UNAVAILABLE', trace_id: 't' }, 503)) : asked.continue()))
  await go('publications/apps')
  await shows('problem')
  await whole('no-apps')
  away = false
  await at('problem-cure').click()
  await shows('app')
  checks.that('one button brings the list back', true)
}

async function ownHomes() {
  await page.goto(`${line}/`)
  await at('sign-in').click()
  await page.locator('[data-person="li-ming"]').first().click()
  await page.locator('#allow').first().click()
  await shows('consent')
  await at('agree').click()
  await shows('match-found')
  await at('confirm-match').click()
  await shows('amount-due')
  await shows('open-outages')
  await at('open-outages').click()
  await shows('own-outage')
  const own = await titles('own-outage')
  checks.that('LN-12 an outage at the home is named first', own.length >= 1 && own.every((title) => title.includes('新城线')), own.join())
  await whole('own-outages')
}

const LEADS_TO = {
  home: 'home', top_up: 'confirm', several: 'several', bills: 'bills', records: 'records', homes: 'homes', outages: 'outages', outlets: 'outlets',
  news: 'shelf', faq: 'shelf', knowledge: 'shelf', guide: 'shelf', apps: 'apps', certify: 'certify', requests: 'requests', new_user: 'new-request',
  illegal_use: 'new-request', feedback: 'new-request', points: 'points', policy: 'shelf', grid_news: 'shelf', industry_news: 'shelf',
  technology: 'shelf', case: 'shelf',
}

/** Each way of the services page, tapped by somebody who has a home. */
async function everyWay() {
  const astray = []
  for (const [way, screen] of Object.entries(LEADS_TO)) {
    await page.goto(`${line}/#/pages/publications/hub`)
    await shows(`way-${way}`)
    await at(`way-${way}`).click()
    await shows(`screen-${screen}`).catch(() => astray.push(way))
  }
  checks.equal('LN-03 every way leads where it says', astray, [])
}

try {
  await everyArticle()
  await everyShelf()
  await theMap()
  await everythingIsSearched()
  await ownHomes()
  await everyWay()
  await unusual()
  checks.equal('no request to anywhere else', phone.seen.strangers, [])
  checks.equal('nothing thrown', phone.seen.errors.filter((error) => error.startsWith('uncaught')), [])
} catch (fault) {
  await phone.picture('publications-failed').catch(() => undefined)
  checks.broke(fault)
} finally {
  await phone.close()
}
process.exit(checks.close())
