/**
 * Runs the real Alipay bundle (miniapp/dist/alipay) in Node, from sign-in to "credited", and holds both bundles against the seam: neither
 * carries the other's code.
 *
 *   (cd miniapp && npm run build:alipay && npm run build:h5) && node alipay_bundle.mjs
 */
import fs from 'node:fs'
import path from 'node:path'
import { startMock } from '../../miniapp/mock/line.mjs'
import { Checks } from './checks.mjs'
import { MiniRuntime } from './mini_runtime.mjs'

const dist = path.resolve(import.meta.dirname, '../../miniapp/dist')
for (const bundle of ['alipay/app.js', 'h5/index.html']) {
  if (!fs.existsSync(path.join(dist, bundle))) {
    console.error(`miniapp/dist/${bundle} is missing: run npm run build:alipay and npm run build:h5 in miniapp first.`)
    process.exit(2)
  }
}
const checks = new Checks()
const line = await startMock({ creditAfterMs: 1200 })
const mini = new MiniRuntime(path.join(dist, 'alipay'), line.base)
const { world } = line

const yuan = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`
const requests = (method, name) => mini.calledWith('request').filter((options) => options.method === method && new URL(options.url).pathname === name)

async function signIn() {
  mini.launch()
  await mini.until('sign-in', () => mini.text().includes('支付宝登录'))
  mini.tap('支付宝登录')
  await mini.until('match', () => mini.text().includes('同意并匹配'))
  checks.equal('getAuthCode is asked once, for auth_user', mini.calledWith('getAuthCode').map((options) => options.scopes), ['auth_user'])
  const [opened] = requests('POST', '/v1/sessions')
  checks.equal('the code goes to the line and nowhere else', JSON.parse(opened.data), { grant: 'alipay', auth_code: 'code-of-the-runtime' })
  checks.equal('the refresh token is kept in Alipay’s storage', mini.storage.get('lifeline.refresh_token'), 'mock-refresh')
  checks.that('the access token is not kept', ![...mini.storage.values()].includes('mock'))
}

async function match() {
  mini.tap('同意并匹配')
  await mini.until('candidates', () => mini.text().includes('都是我的'))
  checks.equal('the consent is given for its version', JSON.parse(requests('POST', '/v1/me/consents')[0].data), { purpose: 'identity_match', version: '1' })
  mini.tap('都是我的')
  await mini.until('home', () => mini.text().includes('去缴费'))
  checks.equal('all homes are confirmed in one tap', JSON.parse(requests('POST', '/v1/bindings')[0].data).match_tokens.length, world.homes.length)
}

async function switchTo(chosen) {
  mini.tap('*明')
  await mini.until('the choice of homes', () => mini.text().includes(world.homes.at(-1).address) && mini.text().includes('关联其他户号'))
  mini.tap(`尾号 ${chosen.consumer_no.slice(-4)}`)
}

async function home() {
  const due = world.homes.find((each) => !each.bills[0].paid)
  const settled = world.homes.find((each) => each.bills[0].paid)
  await switchTo(settled)
  await mini.until('the other home', () => mini.text().includes('没有待缴电费'))
  checks.that('the other home shows its own figures', !mini.text().includes(yuan(due.bills[0].total_fen)))
  await switchTo(due)
  const amount = yuan(due.bills[0].total_fen)
  await mini.until('the amount due', () => mini.text().includes(amount) && mini.text().includes('去缴费'))
  checks.that('home draws the amount that the line answered', mini.text().includes(amount))
  const spoken = mini.find((node) => node.role === 'img' || node.p?.role === 'img' || Object.values(node).includes('img'))
  checks.that('amounts keep their spoken name in the template', spoken.some((node) => Object.values(node).some((value) => /元.*[角分]$/.test(String(value)))))
  checks.that('buttons keep their role in the template', mini.find((node) => Object.values(node).includes('button')).length > 2)
  return due
}

async function pay(due) {
  mini.tap('去缴费')
  await mini.until('the button to pay', () => mini.tappable('支付宝付款') !== undefined)
  checks.that('confirm warns before the first payment', mini.text().includes('第一次给这个户号缴费'))
  mini.onTradePay = () => {
    world.payments.at(-1).paid = Date.now()
    return { resultCode: '9000' }
  }
  mini.tap('支付宝付款')
  await mini.until('tracker', () => mini.page.route === 'pages/payments/index' && mini.text().includes('已下单'))
  const [order] = requests('POST', '/v1/payments')
  const body = JSON.parse(order.data)
  checks.equal('the order is for the amount shown, by the mini-program', [body.amount_fen, body.via, body.purpose], [due.bills[0].total_fen, 'mini', 'arrears'])
  checks.that('the order carries an idempotency key', /^[0-9A-Za-z_-]{16,64}$/.test(order.headers['idempotency-key']), order.headers['idempotency-key'])
  checks.equal('tradePay gets the trade number of the order', mini.calledWith('tradePay').map((options) => options.tradeNO), [`2026112022001400${world.payments[0].payment_id}`])
  checks.that('9000 alone is not "credited"', !mini.text().includes('供电公司已入账'))
  await mini.until('credited', () => mini.text().includes('供电公司已入账'))
  checks.that('the tracker ends when the line says so', true)
}

async function notices() {
  mini.tap('回到首页')
  await mini.until('home', () => mini.text().includes('没有待缴电费'))
  const bell = mini.find((node) => (node.cl ?? '').includes('bell') && !(node.cl ?? '').includes('bell-count') && /\btap\b/.test(node.cl))[0]
  const at = { id: bell.uid ?? bell.sid, dataset: { sid: bell.sid } }
  mini.page.eh({ type: 'tap', target: at, currentTarget: at, detail: {}, timeStamp: Date.now() })
  await mini.until('inbox', () => mini.text().includes('电费已入账'))
  await mini.until('read', () => world.notices.every((notice) => notice.read_at))
  const [patch] = mini.calledWith('request').filter((options) => options.url.includes('/v1/notices/'))
  checks.equal('a change goes as a POST that says PATCH', [patch.method, patch.headers['x-http-method-override']], ['POST', 'PATCH'])
}

async function phone() {
  my.reLaunch({ url: '/pages/accounts/phone' })
  await mini.until('the wallet can be asked', () => mini.tappable('使用支付宝绑定的手机号') !== undefined)
  const button = mini.tappable('使用支付宝绑定的手机号')
  const at = { id: button.uid ?? button.sid, dataset: { sid: button.sid } }
  const allow = () => mini.page.eh({ type: 'getAuthorize', target: at, currentTarget: at, detail: {}, timeStamp: Date.now() })
  world.phoneGuarded = true
  allow()
  await mini.until('the phone of before is asked', () => mini.text().includes('确认由现在的手机更换'))
  mini.tap('发送验证码')
  await mini.until('the code', () => requests('POST', '/v1/otps').length === 1)
  checks.equal('the code is for the wallet’s own phone', JSON.parse(requests('POST', '/v1/otps')[0].data), { purpose: 'change_phone' })
  world.phoneGuarded = false
  mini.tap('取消')
  await mini.until('the wallet again', () => mini.tappable('使用支付宝绑定的手机号') !== undefined)
  const again = mini.tappable('使用支付宝绑定的手机号')
  at.id = again.uid ?? again.sid
  at.dataset.sid = again.sid
  allow()
  await mini.until('the phone', () => mini.text().includes('手机号已更新'))
  const [told] = requests('POST', '/v1/me/phone')
  checks.equal('what the wallet told goes on as it came', JSON.parse(told.data), { response: 'closed', sign: 'signed', sign_type: 'RSA2', encrypt_type: 'AES', charset: 'UTF-8' })
  checks.that('the phone is shown masked', mini.text().includes('190****0001'))
}

/** Whose phone is lost is not led to a face that wants a code to it, nor kept from being compared. */
async function lostPhone() {
  const before = { ...world.me }
  const can = (word) => mini.tappable(word) !== undefined
  for (const [real_name, face] of [['missing', false], ['verified', true]]) {
    world.me.real_name = real_name
    my.reLaunch({ url: '/pages/accounts/certify?for=phone' })
    await mini.until(`the ways of who is ${real_name}`, () => mini.text().includes('补办原号码的手机卡') && can('授权支付宝比对') && can('刷脸核验') === face)
    checks.that(`who lost the phone and is ${real_name} can be compared, and shows a face only where it counts`, true)
  }
  Object.assign(world.me, before)
}

/** Who one is is shown in a browser: the mini-program says where, and the address can be pasted there. */
async function sellsPower() {
  world.generators = [{ generation_account_id: 'g-1', state: 'keyed', generation_no_masked: '*********0061', feed_in: 'full', settlement_day: 5, created_at: world.me.created_at }]
  my.reLaunch({ url: '/pages/settlement/account?id=g-1' })
  await mini.until('the step in a browser', () => mini.tappable('复制网址') !== undefined)
  mini.tap('复制网址')
  await mini.until('the address is copied', () => mini.text().includes('地址已复制'))
  const [{ text }] = mini.calledWith('setClipboard')
  checks.that('PV-06 the address of the pages is copied', /^https?:\/\/[^/]+$/.test(text), text)
  checks.that('PV-06 and can be read', mini.text().includes(text))
}

/** Opened by its own address with nothing handed over: whatever the line answers, the page says something. */
async function everyPage() {
  const { pages } = JSON.parse(fs.readFileSync(path.join(dist, 'alipay/app.json'), 'utf8'))
  checks.that('the pages of the app are listed', pages.length > 20, `${pages.length}`)
  const blank = []
  for (const name of pages) {
    const before = mini.page
    my.reLaunch({ url: `/${name}` })
    await mini.until(name, () => mini.page !== before && mini.text().trim() !== '').catch(() => blank.push(name))
  }
  checks.equal('LN-37 every page of the mini-program opens by its own address and says something', blank, [])
}

function bundleText(name) {
  const folder = path.join(dist, name)
  return fs.readdirSync(folder, { recursive: true })
    .filter((file) => /\.(js|json|axml|acss|css|html)$/.test(file))
    .map((file) => fs.readFileSync(path.join(folder, file), 'utf8'))
    .join('\n')
}

function seam() {
  const [mini_program, h5] = [bundleText('alipay'), bundleText('h5')]
  for (const marker of ['lifeline.signed_in', 'lifeline.return_to', 'lifeline.held', 'same-origin']) {
    checks.that(`h5 has "${marker}", the mini-program has not`, h5.includes(marker) && !mini_program.includes(marker))
  }
  for (const marker of ['getAuthCode(', 'tradePay({', 'startAPVerify(', 'getPhoneNumber(', 'lifeline.refresh_token']) {
    checks.that(`the mini-program has "${marker}", h5 has not`, mini_program.includes(marker) && !h5.includes(marker))
  }
  checks.that('a template keeps accessible names', /aria-label/.test(fs.readFileSync(path.join(dist, 'alipay/base.axml'), 'utf8')))
}

try {
  seam()
  await signIn()
  await match()
  await pay(await home())
  await notices()
  await phone()
  await lostPhone()
  await sellsPower()
  await everyPage()
} catch (fault) {
  checks.broke(fault)
}
line.stop()
process.exit(checks.close())
