/** A phone-sized Chromium with a fresh profile that writes down everything it should not do. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'
import { PATIENCE_MS } from './checks.mjs'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
]

/** Opens a phone. `home` is the origin under test, `outside` the origins a person is sent to. */
export async function openPhone({ home, outside, pictures, width = 390, colorScheme = 'light' }) {
  fs.mkdirSync(pictures, { recursive: true })
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'phone-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true, args: FLAGS, viewport: { width, height: 780 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, locale: 'zh-CN', timezoneId: 'Asia/Shanghai', colorScheme,
  })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = context.pages()[0] ?? (await context.newPage())
  const seen = watch(page, home, outside)
  return {
    page, seen,
    picture: (name, fullPage = true) => page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage }),
    axe: () => axe(page),
    async close() {
      await context.close()
      fs.rmSync(profile, { recursive: true, force: true })
    },
  }
}

/** Console errors on our pages, page errors, and requests that leave the places this journey knows. */
function watch(page, home, outside) {
  const seen = { errors: [], strangers: [] }
  const onOurs = () => page.url().startsWith(home)
  page.on('console', (message) => {
    if (message.type() === 'error' && onOurs()) seen.errors.push(`${message.text()} (${message.location().url.replace(/\?.*/, '')})`)
  })
  page.on('pageerror', (fault) => seen.errors.push(`uncaught: ${fault.message}`))
  page.on('request', (request) => {
    const url = request.url()
    if (url.startsWith('data:') || url.startsWith('blob:') || url.startsWith(`${home}/`)) return
    // The only way out of our pages is that the person goes somewhere else.
    const walk = request.isNavigationRequest() || !onOurs()
    if (!(walk && outside.some((origin) => url.startsWith(`${origin}/`)))) seen.strangers.push(url.replace(/\?.*/, ''))
  })
  return seen
}

/** Serious and critical findings of axe-core on what is on the screen now. */
async function axe(page) {
  await page.evaluate(fs.readFileSync(AXE, 'utf8'))
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
  return found.violations
    .filter((violation) => ['serious', 'critical'].includes(violation.impact))
    .map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.target.join(' ')).slice(0, 3).join(' | ')}`)
}
