/**
 * The screens when a figure or the way of the money is in doubt: a bill that is being verified or does not
 * add up, a refund that is late, a balance that does not come or is used up; and a cashier that is not reached. Runs the real H5 bundle against the
 * stand-in line, as `states.mjs` does.
 *
 *   (cd miniapp && npm run build:h5) && node doubts.mjs
 */
import { Checks } from './checks.mjs'
import { arrears, payment, problem, stage } from './household.mjs'

const checks = new Checks()
const household = stage(checks, 'doubt')
const yuan = (fen) => `¥${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`
const HELD = '核对期间无需缴费'

await household('held', async ({ answer, go, shows, at, textOf, whole, page, world }) => {
  const ordered = []
  await answer('/bindings/b-1/arrears', () => [200, arrears(12840, { due_date: '2026-10-25', held: true })])
  await answer('/payments', (request) => {
    if (request.method() !== 'POST') return undefined
    ordered.push(request.postDataJSON())
    return problem(409, 'BILL_HELD')
  })
  const buttons = (name) => page.locator(`[data-testid="${name}"]:visible`).count()
  await go('home/index')
  await shows('held')
  const card = await textOf('due-card')
  checks.that('EC-07 a bill that is being verified: nothing is to be paid', card.includes(HELD), card)
  checks.equal('EC-07 and nothing asks for it, nor calls it overdue', [await buttons('pay'), /已过|请在/.test(card)], [0, false])
  await whole()
  const { period } = world.homes[0].bills[0]
  await go(`billing/bill?binding_id=b-1&period=${period}`)
  await shows('held')
  await checks.comes('EC-07 its own page says the same', async () => [(await textOf('bill-head')).includes(HELD), await buttons('pay')], [true, 0])
  await go('billing/index')
  await checks.comes('EC-07 and the list', async () => (await textOf(`bill-${period}`)).includes('核对中'), true)
  await go('payments/several')
  await shows('held-b-1')
  await checks.comes('EC-07 it is no part of a payment for several homes', () => at('choose-b-1').getAttribute('aria-checked'), 'false')
  await go('payments/confirm?binding_id=b-1&purpose=arrears')
  await shows('held')
  checks.equal('EC-07 an old link to paying says it as well', [await buttons('pay-now'), ordered.length], [0, 0])
})

await household('kept', async ({ answer, go, shows, at, whole, page }) => {
  const [sent, keys] = [[], []]
  await answer('/payments', (request) => {
    if (request.method() !== 'POST') return undefined
    sent.push(request.postDataJSON())
    keys.push(request.headers()['idempotency-key'])
    return sent.length === 1 ? problem(409, 'PREVIOUS_ORDER_OPEN', { payment_id: 'p-9' }) : undefined
  })
  const ready = () => at('pay-now').and(at('screen-confirm').locator(':enabled')).waitFor()
  const ticked = () => at('keep-as-prepayment').getAttribute('aria-checked')
  await go('payments/confirm?binding_id=b-1&purpose=arrears')
  await ready()
  await checks.comes('LN-04 what is not due any more goes back, unless the payer says otherwise', ticked, 'false')
  await at('pay-now').click()
  await shows('problem')
  checks.equal('LN-04 and nothing is said of it', sent[0].keep_as_prepayment, undefined)
  await ready()
  await at('keep-as-prepayment').click()
  await checks.comes('LN-04 a tick says otherwise', ticked, 'true')
  await whole()
  await at('pay-now').click()
  await page.waitForURL(/alipay\/cashier/)
  checks.equal('LN-04 the order says that it is to be kept as prepayment', sent[1].keep_as_prepayment, true)
  checks.that('LN-04 which is another wish, under another key', keys[0] !== keys[1])
  await page.locator('#pay').click()
  await shows('stations')
  await checks.comes('LN-04 the order shows what was chosen', async () => (await at('screen-tracker').innerText()).includes('留作预存'), true)
  const homes = [{ binding_id: 'b-1', amount_fen: 12840, state: 'POSTED', as_prepayment: true }]
  await answer('/payments/p-9', () => [200, payment('POSTED', 'DONE', { homes, keep_as_prepayment: true, posted_at: '2026-11-20T10:02:00+08:00' })])
  await go('payments/index?payment_id=p-9')
  await shows('kept')
  checks.that('LN-04 and what became of it', (await at('kept').innerText()).includes('已留作这一户的预存'))
  await go('payments/confirm?binding_id=b-1&purpose=top_up')
  await shows('top-up')
  checks.equal('LN-04 a top-up asks nothing of it', await page.locator('[data-testid="keep-as-prepayment"]:visible').count(), 0)
})

await household('does-not-add-up', async ({ answer, go, shows, at, textOf, whole, world }) => {
  const [bill] = world.homes[0].bills
  const [first, ...rest] = bill.lines
  const dear = { ...first, amount_fen: first.amount_fen + 1_000, recomputed: false }
  await answer(`/bindings/b-1/bills/${bill.period}`, () => [200, { ...bill, lines: [dear, ...rest], adds_up: false, as_of: new Date().toISOString(), stale: false }])
  await go(`billing/bill?binding_id=b-1&period=${bill.period}`)
  await shows('differs')
  checks.that('LN-07 a line that does not follow says so', (await textOf('differs')).includes('以账单为准'))
  const line = `line-${first.tier}`
  await at(line).click()
  await shows(`${line}-formula`)
  const working = await textOf(`${line}-formula`)
  const text = (fen) => yuan(fen).slice(1)
  checks.that('LN-07 no equation is shown that is not true', working.includes(`=${text(first.amount_fen)}元`) && working.includes(`账单上是${text(dear.amount_fen)}元`), working)
  await shows('sum-differs')
  checks.equal('LN-07 nor a sum', await textOf('bill-sum'), yuan(bill.total_fen + 1_000))
  await whole()
  await at('dispute').click()
  await shows('screen-new-request')
  await checks.comes('LN-07 and it can be questioned', async () => (await at('screen-new-request').innerText()).includes('对账单有疑问'), true)
})

await household('not-as-metered', async ({ answer, go, shows, at, textOf, whole, world }) => {
  const [bill] = world.homes[0].bills
  const [metered] = bill.readings
  const stated = String(Number(bill.energy_kwh) * 10)
  const [first, ...rest] = bill.lines
  await answer(`/bindings/b-1/bills/${bill.period}`, () => [200, {
    ...bill, energy_kwh: stated, energy_recomputed: false, as_of: new Date().toISOString(), stale: false,
    readings: [{ ...metered, energy_kwh: stated, recomputed: false }], lines: [{ ...first, price_recomputed: false }, ...rest],
  }])
  await go(`billing/bill?binding_id=b-1&period=${bill.period}`)
  await shows('reading-differs')
  await at('reading').click()
  await shows('reading-formula')
  const working = await textOf('reading-formula')
  checks.that('EC-07 the readings come to what they come to, whatever is billed', working.includes(`=${bill.energy_kwh}度`) && working.includes(`账单上是${stated}度`), working)
  await at('energy').click()
  await shows('energy-formula')
  const together = await textOf('energy-formula')
  checks.that('EC-07 nor is a sum of meters shown that is none', !together.includes('相加') && together.includes(stated), together)
  await shows('energy-differs')
  await shows('price-differs')
  await whole()
  await at('dispute').click()
  await shows('screen-new-request')
})

await household('question', async ({ answer, go, shows, at, page, world }) => {
  const sent = []
  let away = true
  await answer('/bindings?*', () => (away ? problem(503, 'STORE_UNAVAILABLE') : undefined))
  await answer('/requests*', (request) => {
    if (request.method() !== 'POST') return [200, { items: [], next_cursor: null }]
    sent.push(request.postDataJSON().binding_id)
    return [201, {}]
  })
  await go('requests/new?kind=bill_dispute&binding_id=b-2')
  await shows('problem')
  checks.equal('a bill is not questioned before its home is known', await page.locator('[data-testid="send-request"]:visible').count(), 0)
  away = false
  await at('problem-cure').click()
  await at('request-text').fill('这个月的电量和表上的不一样')
  await at('send-request').click()
  await shows('screen-requests')
  checks.equal('the question names its home', sent, [world.homes[1].id])
  await go('requests/new?kind=bill_dispute&binding_id=b-7')
  await shows('problem')
  checks.equal('nor that of a home that is not ours', await page.locator('[data-testid="send-request"]:visible').count(), 0)
})

await household('day-by-day', async ({ answer, go, shows, at, textOf, whole, page }) => {
  const asked = []
  let away = true
  await answer('/bindings/b-1/usage*', (request) => {
    asked.push(new URL(request.url()).searchParams.get('to'))
    return away ? problem(503, 'FIGURE_UNAVAILABLE') : undefined
  })
  await go('billing/index')
  await shows('usage-open')
  checks.equal('EC-04 days are read when they are asked for', asked, [])
  await at('usage-open').click()
  await shows('problem')
  checks.equal('EC-04 days that do not come are no days without use', await page.locator('[data-testid^="day-"]:visible').count(), 0)
  away = false
  await at('problem-cure').click()
  await shows('usage-total')
  const days = page.locator('[data-testid^="day-2"]:visible')
  checks.equal('EC-04 a household sees what it used each day', await days.count(), 31)
  // The stand-in's sum of tenths: 31 days of which one was lost.
  const tenths = (await days.allInnerTexts()).map((text) => /([\d.]+) 度/.exec(text)?.[1]).filter(Boolean).reduce((sum, kwh) => sum + Math.round(Number(kwh) * 10), 0)
  checks.that('EC-04 and the sum of the days', (await textOf('usage-total')).includes(`共${tenths / 10}度`), await textOf('usage-total'))
  const lost = await days.nth(1).innerText()
  checks.that('EC-04 a lost day says so and is no zero', lost.includes('无数据') && !lost.includes('度') && (await textOf('usage-lost')).includes('1天'), lost)
  checks.that('EC-04 an estimated day says so', (await days.nth(2).innerText()).includes('估算'))
  await whole()
  const first = (await days.last().getAttribute('data-testid')).slice(4)
  const before = new Date(Date.parse(`${first}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10)
  await at('usage-earlier').click()
  await shows(`day-${before}`)
  checks.equal('EC-04 earlier days go on where these begin', asked.at(-1), before)
  await at('usage-newest').click()
  await shows(`day-${first}`)
})

await household('late-refund', async ({ answer, go, shows, textOf, whole }) => {
  const refunds = [{ amount_fen: 12840, state: 'PENDING', done_at: null }]
  const refunding = (by) => [200, payment('REFUNDING', 'REFUND_ON_THE_WAY', { refunds, next: { code: 'REFUND_ON_THE_WAY', by } })]
  let by = new Date(Date.now() + 3600_000).toISOString()
  await answer('/payments/p-9', () => refunding(by))
  await go('payments/index?payment_id=p-9')
  await shows('tracker-REFUNDING')
  await checks.comes('a refund says by when it comes', async () => (await textOf('station-returned-now')).includes('预计'), true)
  by = '2026-11-20T10:02:00+08:00'
  await shows('late')
  const words = await textOf('late')
  checks.that('one that is late says so, and promises no credit', words.includes('退款比平时慢') && !words.includes('入账'), words)
  await whole()
})

await household('ordered-in-alipay', async ({ answer, go, shows, textOf, whole, page }) => {
  await answer('/payments/p-9', () => [200, payment('PAYING', 'PAY_IN_CASHIER', { paid_at: null, trade_no: '2026112022001400' })])
  await go('payments/index?payment_id=p-9')
  await shows('pay-in-alipay')
  checks.that('an order made in Alipay says where it is paid', (await textOf('pay-in-alipay')).includes('支付宝小程序'))
  checks.equal('and no button leads nowhere', await page.locator('[data-testid="open-cashier"]:visible').count(), 0)
  await shows('close-order')
  await whole()
})

await household('brought-back', async ({ go, shows, at, page }) => {
  // The cashier answers nothing to show, so the page stays as it was left: as the browser keeps it for the way back.
  await page.route('**/v1/pay/**', (asked) => asked.fulfill({ status: 204 }))
  await go('payments/confirm?binding_id=b-1&purpose=arrears')
  await at('pay-now').and(at('screen-confirm').locator(':enabled')).waitFor()
  await at('pay-now').click()
  await checks.comes('on the way to the cashier nothing is tapped twice', async () => (await at('pay-now').innerText()).includes('正在'), true)
  await page.evaluate(() => window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))
  await checks.comes('whoever comes back by the way back can pay', () => at('pay-now').isEnabled(), true)
  await shows('pay-total')
})

await household('balance-missing', async ({ answer, go, shows, at, textOf, whole, page }) => {
  let away = true
  await answer('/bindings/b-2/balance', () => (away ? problem(503, 'FIGURE_UNAVAILABLE') : undefined))
  await go('home/index')
  await at('switch-home').click()
  await at('choose-b-2').click()
  await shows('balance-problem')
  await checks.comes('LN-05 a balance that does not come says so', async () => (await textOf('balance-missing')).includes('暂时还没有数据'), true)
  checks.equal('LN-05 and is never 0', await page.locator('[data-testid="balance"]:visible').count(), 0)
  await whole()
  away = false
  await at('balance-problem').locator('[data-testid="problem-cure"]').click()
  await shows('balance')
  checks.that('LN-05 its button brings it back', true)
})

await household('supply-missing', async ({ answer, go, shows, at, textOf, page }) => {
  let away = true
  await answer('/bindings/b-2', () => (away ? problem(503, 'UPSTREAM_UNAVAILABLE') : undefined))
  await go('home/index')
  await at('switch-home').click()
  await at('choose-b-2').click()
  await shows('supply-problem')
  checks.that('LN-05 while it is not known how a home pays, nobody reads that there is nothing to do', !(await textOf('due-card')).includes('不用做什么'))
  away = false
  await at('supply-problem').locator('[data-testid="problem-cure"]').click()
  await shows('balance-left')
  checks.equal('LN-05 its button brings what is left', await page.locator('[data-testid="supply-problem"]:visible').count(), 0)
}, { kept: { 'lifeline.elder': '1' } })

await household('large-type-ahead', async ({ go, shows, textOf, at, whole, page, world }) => {
  const [, ahead] = world.homes
  await go('home/index')
  await at('switch-home').click()
  await at('choose-b-2').click()
  await shows('balance-left')
  await checks.comes('LN-05 in large type the one number of a home that pays ahead is what is left', () => textOf('balance-left'), yuan(ahead.prepaid_fen - 830))
  checks.equal('LN-05 and no other', await page.locator('[data-testid="due-card"]:visible .amount').count(), 1)
  const region = await page.locator('[data-testid="due-card"]:visible').first().getAttribute('aria-label')
  checks.equal('LN-05 and the region is called by it', region, (await page.locator('[data-testid="due-card"]:visible h2').first().innerText()).trim())
  await whole()
  ahead.prepaid_fen = 500
  await page.reload()
  await shows('balance-short')
  const card = await textOf('due-card')
  checks.that('LN-05 when nothing is left nobody reads that there is nothing to do', card.includes('余额不足') && !card.includes('不用做什么'), card)
  await whole()
  await at('top-up-now').click()
  await shows('top-up')
  checks.that('LN-04 and topping up is one tap away', true)
}, { kept: { 'lifeline.elder': '1' } })

process.exit(checks.close())
