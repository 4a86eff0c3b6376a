/**
 * The publisher's desk in Chromium against a running demo: one person writes an outlet with a picture, another reviews and publishes it,
 * a household finds it, and it is withdrawn again. Each page is looked at by axe.
 *
 *   READY_FILE=ready.json node publishing.mjs
 */
import { Checks } from './checks.mjs'
import { click, consoleAt, line, openDesk } from './desk.mjs'

const checks = new Checks()
const MARKUP = '<script>window.hurt=1</script>'
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC', 'base64')

const state = (desk) => desk.page.locator('#state').innerText()
async function press(desk, action) {
  await click(desk, desk.page.locator(`form[action$="/${action}"] button`))
  await desk.page.locator('.said').waitFor()
}
async function whole(desk, name) {
  checks.equal(`${name}: no serious finding of axe`, await desk.axe(), [])
  await desk.picture(`publishing-${name}`)
}

/** The titles that households find under these words. */
async function found(what) {
  const page = await (await fetch(`${line}/v1/outlets?q=${encodeURIComponent(what)}`)).json()
  return page.items.map((item) => item.title)
}

const [writer, reviewer] = [await openDesk('publisher'), await openDesk('reviewer')]
try {
  const { page } = writer
  await page.goto(`${consoleAt}/console/pictures`)
  await whole(writer, 'picture')
  await page.setInputFiles('[name="file"]', { name: 'a.png', mimeType: 'image/png', buffer: PIXEL })
  await click(writer, page.locator('main form button'))
  const picture = (await page.locator('#taken').innerText()).trim().split(' ')[1]
  checks.that('LN-11 a picture is taken up', /^[0-9a-f-]{36}$/.test(picture), picture)
  await page.goto(`${consoleAt}/console/articles`)
  await whole(writer, 'desk')
  await page.selectOption('[name="kind"]', 'outlet')
  await click(writer, page.locator('main form button').last())
  await page.fill('[name="title"]', '元宝山供电营业厅')
  await page.fill('[name="summary"]', MARKUP)
  const facts = { region: '1504', address: '赤峰市元宝山区示例路 3 号', phone: '0476-0000009', hours: '8:30-17:00', services: '缴费、过户', latitude: '42.04', longitude: '119.29' }
  for (const [name, value] of Object.entries(facts)) await page.fill(`[name="${name}"]`, value)
  await page.fill('[name="text"]', `# 乘车\n1. 坐 3 路\n2. 到示例路站\n\n!! ${picture} | 门前`)
  await whole(writer, 'form')
  await click(writer, page.locator('main form button'))
  await page.locator('.said').waitFor()
  checks.equal('LN-11 the preview shows what was written, markup as text', [
    await page.locator('#preview li').count(), await page.locator('#preview img').count(), (await page.locator('#preview').innerText()).includes(MARKUP), await page.evaluate(() => window.hurt ?? 0),
  ], [2, 1, true, 0])
  await whole(writer, 'draft')
  const at = page.url().split('?')[0]
  await press(writer, 'submit')
  checks.equal('nobody reads it before it is published', await found('元宝山'), [])
  checks.that('LN-11 who wrote it does not publish it', (await page.locator('#own-work').innerText()).includes('另一位同事'))
  checks.equal('LN-11 and is not offered to', await page.locator('form[action$="/publish"]').count(), 0)
  await reviewer.page.goto(at)
  await press(reviewer, 'publish')
  checks.equal('LN-11 another person publishes it', [await state(reviewer), await found('元宝山')], ['已发布', ['元宝山供电营业厅']])
  await whole(reviewer, 'published')
  await reviewer.page.fill('form[action$="/withdraw"] [name="reason"]', '地址有误')
  await press(reviewer, 'withdraw')
  checks.equal('LN-11 and withdraws it', [await state(reviewer), await found('元宝山')], ['已撤下', []])
  for (const desk of [writer, reviewer]) checks.equal('no request to anywhere else', desk.seen.strangers, [])
} catch (fault) {
  await writer.picture('publishing-failed').catch(() => undefined)
  await reviewer.picture('publishing-failed-reviewer').catch(() => undefined)
  checks.broke(fault)
} finally {
  await writer.close()
  await reviewer.close()
}
process.exit(checks.close())
