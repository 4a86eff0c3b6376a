/**
 * The screens when things are not as usual: old figures, missing figures, refusals, lost replies, money on its way back. Runs the real
 * H5 bundle against the stand-in line; what is unusual is put in front of it request by request.
 *
 *   (cd miniapp && npm run build:h5) && node states.mjs
 */
import fs from 'node:fs'
import path from 'node:path'
import { Checks } from './checks.mjs'
import { arrears, payment, problem, stage } from './household.mjs'

const checks = new Checks()
const household = stage(checks, 'state')
const yuan = (fen) => `¥${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`

const old = { as_of: '2026-11-19T08:02:00+08:00', stale: true }
const TRACKER = 'payments/index?payment_id=p-9'
const CONFIRM = 'payments/confirm?binding_id=b-1&purpose=arrears'

await household('stale', async ({ answer, go, shows, textOf, at, whole }) => {
  await answer('/bindings/b-1/arrears', () => [200, arrears(12840, old)])
  await go('home/index')
  await shows('amount-due')
  await checks.comes('an old figure says from when it is and why', async () => (await textOf('as-of')).includes('营销系统暂时无法连接'), true)
  const [ink, grey] = await page_colours(at)
  checks.that('an old figure is greyed', ink !== grey)
  await whole()
  await go(CONFIRM)
  await shows('pay-total')
  // While it is read again the button waits with it.
  await at('read-again').and(at('screen-confirm').locator(':enabled')).waitFor()
  await checks.comes('an old figure cannot be paid, but read again', () => at('pay-now').isDisabled(), true)
})

async function page_colours(at) {
  const colour = (locator) => locator.evaluate((element) => getComputedStyle(element).color)
  return [await colour(at('screen-home')), await colour(at('amount-due'))]
}

await household('missing', async ({ answer, go, shows, at, whole, page }) => {
  let away = true
  await answer('/bindings/b-1/arrears', () => (away ? problem(503, 'ARREARS_UNAVAILABLE') : undefined))
  await go('home/index')
  await shows('problem')
  checks.equal('a missing figure is never 0', await page.locator('[data-testid="amount-due"]:visible').count(), 0)
  await checks.comes('a missing figure says so', async () => (await at('due-card').innerText()).includes('暂时还没有数据'), true)
  await whole()
  away = false
  await at('problem-cure').click()
  await shows('amount-due')
  checks.that('its button brings it back', true)
})

await household('gone-quiet', async ({ answer, go, shows, at, whole }) => {
  let away = false
  await answer('/bindings/b-1/arrears', () => (away ? 'lost' : undefined))
  await go('home/index')
  await shows('amount-due')
  const fresh = await at('amount-due').evaluate((element) => getComputedStyle(element).color)
  away = true
  await at('tab-bills').click()
  await shows('screen-bills')
  await at('tab-home').click()
  await shows('problem')
  await checks.comes('a figure that cannot be read again is kept, greyed', async () => fresh !== (await at('amount-due').evaluate((element) => getComputedStyle(element).color)), true)
  await whole()
  await at('pay').click()
  await shows('pay-total')
  await shows('problem')
  await checks.comes('and cannot be paid until it is read again', () => at('pay-now').isDisabled(), true)
  away = false
  await at('problem-cure').click()
  await at('pay-now').and(at('screen-confirm').locator(':enabled')).waitFor()
  await checks.comes('once read again, it can', () => at('pay-now').isEnabled(), true)
})

await household('changed', async ({ answer, go, shows, textOf, at, whole, page, due }) => {
  const keys = []
  let total = due
  await answer('/bindings/b-1/arrears', () => [200, arrears(total, { arrears_version: `v${total}` })])
  await answer('/payments', (request) => {
    keys.push(request.headers()['idempotency-key'])
    if (keys.length > 1) return undefined
    total += 13
    return problem(409, 'STALE_ARREARS', { current: { total_fen: total, arrears_version: `v${total}` } })
  })
  await go(CONFIRM)
  await shows('pay-now')
  await at('pay-now').click()
  await shows('amount-changed')
  await checks.comes('a changed bill says the new amount', async () => (await textOf('amount-changed')).includes(yuan(due + 13)), true)
  await page.locator('[data-testid="pay-total"]:visible', { hasText: yuan(due + 13).slice(1) }).first().waitFor()
  await checks.comes('the total is the new one, and nothing was paid', async () => [await textOf('pay-total'), keys.length], [yuan(due + 13), 1])
  await whole()
  await at('pay-now').click()
  await page.waitForURL(/alipay\/cashier/)
  checks.that('another amount goes with another key', keys.length === 2 && keys[0] !== keys[1])
})

await household('lost-reply', async ({ answer, go, shows, at, page, world }) => {
  const sent = []
  await answer('/payments', async (request) => {
    sent.push(`${request.headers()['idempotency-key']} ${request.postData()}`)
    if (sent.length > 1) return undefined
    // The order is made, only its answer is lost.
    await fetch(request.url(), { method: 'POST', headers: request.headers(), body: request.postData() })
    return 'lost'
  })
  await go(CONFIRM)
  await shows('pay-now')
  await at('pay-now').click()
  await page.waitForURL(/alipay\/cashier/)
  checks.equal('a lost reply is asked for again with the same key and body', [sent.length, new Set(sent).size], [2, 1])
  checks.equal('there is one order', world.payments.length, 1)
})

await household('left-meanwhile', async ({ answer, go, shows, at, page, world }) => {
  let release
  const held = new Promise((resolve) => { release = resolve })
  await answer('/payments', async () => {
    await held
    return undefined
  })
  await go('home/index')
  await at('pay').click()
  await at('pay-now').and(at('screen-confirm').locator(':enabled')).waitFor()
  const asked = page.waitForRequest((request) => request.url().endsWith('/v1/payments') && request.method() === 'POST')
  await at('pay-now').click()
  await asked
  await at('back').click()
  await shows('amount-due')
  const answered = page.waitForResponse((response) => response.url().endsWith('/v1/payments'))
  release()
  await answered
  await page.waitForTimeout(1000)
  checks.equal('an order that is answered after its screen was left opens no cashier', [await at('amount-due').isVisible(), world.payments.length], [true, 1])
})

await household('order-open', async ({ answer, go, shows, at, whole }) => {
  await answer('/payments', () => problem(409, 'PREVIOUS_ORDER_OPEN', { payment_id: 'p-9' }))
  await answer('/payments/p-9', () => [200, payment('PAYING', 'CHECKING_WITH_CHANNEL', { paid_at: null })])
  await go(CONFIRM)
  await shows('pay-now')
  await at('pay-now').click()
  await shows('problem')
  await whole()
  await at('problem-cure').click()
  await shows('tracker-PAYING')
  await checks.comes('an unknown outcome is said in words', async () => (await at('tracker-words').innerText()).includes('不会重复扣款'), true)
})

await household('cannot-confirm', async ({ answer, go, shows, textOf, at, whole }) => {
  const bodies = []
  await answer('/bindings', (request) => {
    if (request.method() !== 'POST') return undefined
    bodies.push(JSON.parse(request.postData()))
    return problem(404, 'CANNOT_CONFIRM')
  })
  await go('bindings/manual')
  await shows('consumer-no')
  await at('submit-proof').click()
  await checks.comes('what is typed is checked before it is sent', async () => bodies.length === 0 && (await at('screen-manual').innerText()).includes('13 位或 10 位数字'), true)
  await at('consumer-no').fill('1500 0000 0999 9')
  await at('proof').fill('12345x')
  await at('submit-proof').click()
  await shows('problem')
  checks.equal('number and proof go in the body', bodies[0], { consumer_no: '1500000009999', proof: { kind: 'id_last6', value: '12345X' } })
  const words = await textOf('problem')
  checks.that('it is never "not found"', words.includes('暂时无法确认') && !/不存在|找不到|未找到/.test(words))
  await whole()
  await at('proof-archived_sms').click()
  await at('send-code').click()
  await at('proof').fill('123456')
  await at('submit-proof').click()
  await shows('problem')
  await checks.comes('another reason reads the same', async () => [await textOf('problem'), bodies[1].proof], [words, { kind: 'archived_sms', otp: '123456' }])
})

await household('id-only', async ({ answer, go, shows, at, whole, world }) => {
  let bound
  let code
  await answer('/binding-matches', () => [200, { level: 'id_only', candidates: [{ match_token: 'm-1', consumer_no_masked: '*********4321', holder_masked: '*明', address_masked: '东胜区 ***', role: 'holder' }] }])
  await answer('/otps', (request) => {
    code = JSON.parse(request.postData())
    return undefined
  })
  await answer('/bindings', (request) => {
    if (request.method() !== 'POST') return undefined
    bound = JSON.parse(request.postData())
    return [201, { items: [] }]
  })
  await go('bindings/match')
  await shows('agree')
  await at('agree').click()
  await shows('proof')
  await checks.comes('one more proof is asked for, with the reason', async () => (await at('screen-match').innerText()).includes('预留手机号不同'), true)
  await at('send-code').click()
  await at('send-code').and(at('screen-match').locator(':disabled')).waitFor()
  checks.equal('the code is asked for by the offer, not by a number', code, { purpose: 'bind', match_token: 'm-1' })
  await whole()
  await at('proof').fill('246810')
  await at('submit-proof').click()
  await shows('amount-due')
  checks.equal('tokens and proof go together', bound, { match_tokens: ['m-1'], proof: { kind: 'archived_sms', otp: '246810' } })
  checks.that('a given consent is not given twice', world.consents[0].given_at === world.me.created_at)
})

await household('no-match', async ({ answer, go, shows, at, whole }) => {
  await answer('/binding-matches', () => [200, { level: 'none', candidates: [] }])
  await go('bindings/match')
  await shows('agree')
  await at('agree').click()
  await shows('match-none')
  await whole()
  await at('match-manual').click()
  await shows('consumer-no')
  checks.that('no match leads on, not to a dead end', true)
})

await household('checking', async ({ answer, go, shows, at, whole }) => {
  await answer('/payments/p-9', () => [200, payment('POSTING', 'CHECKING_WITH_UTILITY', { next: { code: 'CHECKING_WITH_UTILITY', by: '2026-11-20T10:02:00+08:00' } })])
  await go(TRACKER)
  await shows('tracker-POSTING')
  const words = await at('screen-tracker').innerText()
  checks.that('paid and not credited: do not pay again', words.includes('无需重复支付'))
  checks.that('later than expected: said, with what happens next', words.includes('比平时慢'))
  await whole()
})

await household('refunded', async ({ answer, go, shows, at, whole }) => {
  const refunds = [{ amount_fen: 12840, state: 'DONE', done_at: '2026-11-20T10:05:00+08:00' }]
  await answer('/payments/p-9', () => [200, payment('REFUNDED', 'REFUNDED', { refunds })])
  await go(TRACKER)
  await shows('refunds')
  await checks.comes('a refund says how much came back', async () => (await at('refunds').innerText()).includes('¥128.40 已退回'), true)
  await shows('station-returned-done')
  await whole()
})

await household('review', async ({ answer, go, shows, at, whole }) => {
  let asked = 0
  await answer('/payments/p-9', () => {
    asked += 1
    if (asked === 2) return 'lost'
    return [200, asked < 4 ? payment('UNDER_REVIEW', 'STAFF_WILL_DECIDE') : payment('POSTED', 'DONE', { posted_at: '2026-11-20T10:09:00+08:00' })]
  })
  await go(TRACKER)
  await shows('tracker-UNDER_REVIEW')
  await shows('hotline')
  await whole()
  await shows('tracker-POSTED')
  const after = asked
  await at('station-credited-done').waitFor()
  await new Promise((resolve) => { setTimeout(resolve, 2500) })
  checks.equal('asking goes on over a lost answer, and ends with the payment', asked, after)
})

await household('closed', async ({ go, shows, at, whole, world }) => {
  world.payments.push({ payment_id: 'p-9', binding_id: 'b-1', homes: [{ binding_id: 'b-1', amount_fen: 12840 }], purpose: 'arrears', amount_fen: 12840, created: Date.now(), via: 'h5' })
  await go(TRACKER)
  await shows('close-order')
  await at('close-order').click()
  await shows('tracker-CLOSED')
  await whole()
  await at('pay-again').click()
  await shows('pay-total')
  checks.that('a closed order can be paid anew', true)
})

await household('renewed', async ({ answer, go, shows, world, page }) => {
  let spent = true
  let refreshes = 0
  page.on('request', (request) => {
    if (request.method() === 'POST' && request.url().endsWith('/v1/sessions')) refreshes += 1
  })
  await answer('/bindings/*/*', () => (spent ? problem(401, 'UNAUTHENTICATED') : undefined))
  await answer('/sessions', (request) => {
    if (request.method() === 'POST' && refreshes > 1) spent = false
    return undefined
  })
  await go('home/index')
  await shows('amount-due')
  checks.equal('a spent token is renewed once for all that met it, unseen', refreshes, 2)
  world.signedIn = false
  await answer('/me', () => problem(401, 'UNAUTHENTICATED'))
  await page.locator('[data-testid="tab-me"]:visible').click()
  await shows('sign-in')
  checks.that('an ended session leads to sign-in', (await page.evaluate(() => localStorage.getItem('lifeline.signed_in'))) === null)
})

await household('limited', async ({ answer, go, shows, textOf, at, whole }) => {
  let asked = 0
  await answer('/bindings/b-1/arrears', () => {
    asked += 1
    return asked === 1 ? problem(429, 'RATE_LIMITED', { retry_after_s: 6 }) : undefined
  })
  await go('home/index')
  await shows('problem')
  await checks.comes('a limit says how long', async () => (await textOf('problem')).includes('6秒'), true)
  await checks.comes('its button waits as told', () => at('problem-cure').isDisabled(), true)
  await whole()
  checks.equal('nothing is asked meanwhile', asked, 1)
  await at('problem-cure').and(at('screen-home').locator(':enabled')).waitFor()
  await at('problem-cure').click()
  await shows('amount-due')
  checks.equal('and then once', asked, 2)
})

await household('prepaid', async ({ go, shows, textOf, at, whole, world }) => {
  await go('home/index')
  await shows('estimate')
  const postpaid = await at('due-card').innerText()
  checks.that('what was used since the bill is no debt where the bill comes later', !/-\s*¥/.test(postpaid) && !postpaid.includes('可用余额') && postpaid.includes('现在不用付'), postpaid)
  await at('switch-home').click()
  await at('choose-b-2').click()
  await shows('balance')
  await checks.comes('a prepaid home shows what is left', async () => (await textOf('balance')).includes(yuan(world.homes[1].prepaid_fen - 830)), true)
  await whole()
})

await household('closed-account', async ({ go, shows, at, whole, page, world }) => {
  world.homes[0].status = 'closed'
  world.homes[0].bills[0].paid = true
  await go('home/index')
  await shows('closed')
  checks.equal('a closed account has no outlook and takes no money', await page.locator('[data-testid="estimate"]:visible, [data-testid="open-top-up"]:visible').count(), 0)
  await checks.comes('its bills stay', () => at('last-bill').isVisible(), true)
  await whole()
})

await household('messages', async ({ answer, go, shows, at, whole, page, world }) => {
  const notices = world.consents.find((consent) => consent.purpose === 'notices')
  const tick = (state) => page.locator(`[data-testid="notices-tick"][aria-checked="${state}"]:visible:enabled`)
  await go('bindings/match')
  await shows('agree')
  checks.equal('the consent to matching does not bring another with it', await page.locator('[data-testid="notices-tick"]:visible').count(), 0)
  await at('agree').click()
  await tick('false').waitFor()
  checks.equal('messages are off until they are chosen', notices.given_at, null)
  await at('notices-tick').focus()
  await page.keyboard.press('Space')
  await tick('true').waitFor()
  checks.that('a tick is a consent of its own, from the keyboard too', Boolean(notices.given_at))
  await whole()
  await at('notices-tick').click()
  await tick('false').waitFor()
  checks.equal('and is taken back as easily', notices.given_at, null)
  await answer('/me/consents', (request) => (request.method() === 'GET' ? undefined : problem(503, 'STORE_UNAVAILABLE')))
  await at('notices-tick').click()
  await shows('problem')
  await checks.comes('what could not be kept is not shown as given', () => tick('false').isVisible(), true)
  await at('confirm-match').click()
  await shows('amount-due')
  checks.that('linking goes on without it', true)
})

await household('payer-only', async ({ answer, go, shows, at, whole, page, world, line }) => {
  const asked = []
  page.on('request', (request) => asked.push(request.url().replace(line.base, '')))
  await answer('/bindings?*', () => [200, { items: [{ binding_id: 'b-1', consumer_no_masked: '*********4321', holder_masked: '*明', address_masked: world.homes[0].address, role: 'payer_only', label: '爸妈家', state: 'active', created_at: world.me.created_at }], next_cursor: null }])
  await go('home/index')
  await shows('amount-due')
  await checks.comes('a payer sees the own name of the home', async () => (await at('switch-home').innerText()).includes('爸妈家'), true)
  checks.equal('a payer’s screen asks for no bill and no balance', asked.filter((url) => /\/(bills|balance)/.test(url)), [])
  await whole()
})

await household('nothing-here', async ({ go, shows, at, whole }) => {
  for (const [screen, name] of [['payments/confirm?binding_id=b-7&purpose=arrears', 'confirm'], ['payments/index', 'tracker'], ['billing/bill', 'bill'], ['payments/index?payment_id=p-7', 'tracker']]) {
    await go(screen)
    await shows('problem')
    await checks.comes(`${screen}: words and a way out`, async () => (await at(`screen-${name}`).innerText()).includes('回到首页'), true)
  }
  await whole()
  await at('problem-cure').click()
  await shows('amount-due')
})

await household('dark', async ({ go, shows, whole, at }) => {
  await go('home/index')
  await shows('last-bill')
  await checks.comes('dark paper', () => at('screen-home').evaluate((element) => getComputedStyle(element).backgroundColor), 'rgb(13, 21, 20)')
  await whole()
}, { colorScheme: 'dark' })

await household('english', async ({ go, shows, whole, at, page }) => {
  await go(`billing/bill?binding_id=b-1&period=${(await import('../../miniapp/mock/household.mjs')).household().homes[0].bills[0].period}`)
  await shows('comparison')
  const words = await at('screen-bill').innerText()
  checks.that('English speaks English', words.includes('Compared with the last bill') && !/[\u4e00-\u9fff]/.test(words), words.match(/[\u4e00-\u9fff]+/)?.[0])
  await checks.comes('the page says its title', () => page.title(), 'Bill explained')
  await checks.comes('the page says its language', () => page.evaluate(() => document.documentElement.lang), 'en')
  await whole()
}, { kept: { 'lifeline.language': 'en' } })

await household('narrow-elder', async ({ go, shows, whole, page, at }) => {
  await go('home/index')
  await shows('amount-due')
  await whole()
  await page.keyboard.press('Tab')
  await at('pay').focus()
  await page.keyboard.press('Enter')
  await shows('pay-total')
  checks.that('the keyboard alone gets to paying', true)
  await at('pay-now').and(at('screen-confirm').locator(':enabled')).waitFor()
  await page.keyboard.press('Tab')
  await checks.comes('and goes on inside the new screen', () => page.evaluate(() => Boolean(document.activeElement?.closest('[data-testid="screen-confirm"] main'))), true)
}, { width: 320, kept: { 'lifeline.elder': '1' } })

/** By its own address, as somebody comes who kept it: whatever the line answers, the page is there and says something. */
await household('every-page', async ({ page, line }) => {
  const listed = fs.readFileSync(path.resolve(import.meta.dirname, '../../miniapp/src/app.config.ts'), 'utf8')
  const names = [...listed.matchAll(/'(pages\/[a-z-]+\/[a-z-]+)'/g)].map(([, name]) => name)
  checks.that('the pages of the app are listed', names.length > 20, `${names.length}`)
  const blank = []
  for (const [n, name] of names.entries()) {
    await page.goto(`${line.base}/?n=${n}#/${name}`)
    const drawn = page.locator('main:visible', { hasText: /\S/ }).first().waitFor().then(() => page.locator('h1:visible').first().waitFor())
    await drawn.catch(() => blank.push(name))
    await page.waitForLoadState('networkidle').catch(() => undefined)
    if ((await page.locator('main:visible', { hasText: /\S/ }).count()) === 0 && !blank.includes(name)) blank.push(name)
  }
  checks.equal('LN-37 every page of the H5 pages opens by its own address and says something', blank, [])
})

process.exit(checks.close())
