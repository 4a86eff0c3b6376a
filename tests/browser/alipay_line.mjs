/**
 * The real Alipay bundle (miniapp/dist/alipay) in Node against a running demo: sign in, agree, link, pay, credited, inbox.
 *
 *   READY_FILE=ready.json node alipay_line.mjs
 *
 * Alipay's side is the sandbox: it gives the code, takes the money, and its books are the judge.
 */
import fs from 'node:fs'
import path from 'node:path'
import { Checks } from './checks.mjs'
import { MiniRuntime } from './mini_runtime.mjs'

const dist = path.resolve(import.meta.dirname, '../../miniapp/dist/alipay')
if (!process.env.READY_FILE || !fs.existsSync(path.join(dist, 'app.js'))) {
  console.error('Set READY_FILE to the file of `lifeline demo --ready-file`, and run npm run build:alipay in miniapp first.')
  process.exit(2)
}
const ready = JSON.parse(fs.readFileSync(process.env.READY_FILE, 'utf8'))
const sandbox = new URL(ready.sandbox).origin
const checks = new Checks()

async function outside(where, body) {
  const answer = await fetch(`${sandbox}${where}`, body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${where} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}
const yuan = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`

const [person] = await outside('/sim/people')
const account = () => outside(`/sim/marketing/consumers/${person.consumer_nos[0]}`)
const before = await account()
const mini = new MiniRuntime(dist, new URL(ready.line).origin)
mini.onAuthCode = async () => (await outside('/sim/alipay/authorize', { person: person.person })).auth_code
mini.onTradePay = async ({ tradeNO }) => ({ resultCode: (await outside('/sim/alipay/pay', { trade_no: tradeNO, outcome: 'paid' })).result_code })

async function signInAndLink() {
  mini.launch()
  await mini.until('sign-in', () => mini.text().includes('支付宝登录'))
  mini.tap('支付宝登录')
  await mini.until('match', () => mini.text().includes('同意并匹配'))
  checks.that('the refresh token is kept in Alipay’s storage', Boolean(mini.storage.get('lifeline.refresh_token')))
  mini.tap('同意并匹配')
  await mini.until('candidates', () => mini.text().includes('关联这一户') || mini.text().includes('都是我的'))
  checks.that('messages by SMS are a choice of their own', mini.text().includes('（可选）'))
  mini.tap(mini.text().includes('都是我的') ? '都是我的' : '关联这一户')
  await mini.until('home', () => mini.text().includes('去缴费') && mini.text().includes(yuan(before.due_fen)))
  checks.that('home draws what the marketing system says is due', true)
}

async function pay() {
  mini.tap('去缴费')
  await mini.until('the button to pay', () => mini.tappable('支付宝付款') !== undefined)
  checks.that('confirm warns before the first payment', mini.text().includes('第一次给这个户号缴费'))
  mini.tap('支付宝付款')
  await mini.until('tracker', () => mini.page.route === 'pages/payments/index' && mini.text().includes('已下单'))
  const [order] = mini.calledWith('tradePay')
  checks.that('the trade number is one that Alipay has', (await outside('/sim/alipay/trades')).some((trade) => trade.trade_no === order.tradeNO), order.tradeNO)
  await mini.until('credited', () => mini.text().includes('供电公司已入账'))
  const after = await account()
  checks.equal('posted once, to the fen, and nothing is due', [after.postings.map((posting) => [posting.state, posting.amount_fen]), after.due_fen], [[['POSTED', before.due_fen]], 0])
}

async function inbox() {
  mini.tap('回到首页')
  await mini.until('home', () => mini.text().includes('没有待缴电费'))
  const bell = mini.find((node) => /\bbell\b(?!-)/.test(node.cl ?? '') && /\btap\b/.test(node.cl))[0]
  const at = { id: bell.uid ?? bell.sid, dataset: { sid: bell.sid } }
  mini.page.eh({ type: 'tap', target: at, currentTarget: at, detail: {}, timeStamp: Date.now() })
  await mini.until('inbox', () => mini.text().includes('电费已入账'))
  const marked = () => mini.replies.filter(({ path: place }) => place.startsWith('/v1/notices/'))
  await mini.until('the answer to "read"', () => marked().length > 0)
  checks.equal('a POST that says PATCH is taken for one', marked().map(({ method, status }) => [method, status]), [['POST', 200]])
}

try {
  await signInAndLink()
  await pay()
  await inbox()
} catch (fault) {
  checks.broke(fault)
}
checks.equal('no request was refused', mini.replies.filter(({ status }) => status >= 400), [])
process.exit(checks.close())
