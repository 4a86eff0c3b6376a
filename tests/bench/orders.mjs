// Orders and notices in bulk: the load of a payment's create and of Alipay's notices, each counted from start to the last answer.
import { createPrivateKey, randomUUID, sign as signed } from 'node:crypto'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { tradeOf } from './responder.mjs'

const AT_ONCE = 64
const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE })

/** One request; the answer's status and text. */
function ask(base, method, route, body, headers = {}) {
  return new Promise((done, fail) => {
    const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
    const kind = typeof body === 'string' ? 'application/x-www-form-urlencoded' : 'application/json'
    const request = http.request(base + route, { method, agent, headers: { 'content-type': kind, 'content-length': Buffer.byteLength(text), ...headers } }, (answer) => {
      const chunks = []
      answer.on('data', (chunk) => chunks.push(chunk)).on('end', () => done({ status: answer.statusCode, text: Buffer.concat(chunks).toString('utf8') }))
    })
    request.on('error', fail).end(text)
  })
}

async function must(base, method, route, body, headers) {
  const answer = await ask(base, method, route, body, headers)
  if (answer.status >= 300) throw new Error(`${method} ${route}: ${answer.status} ${answer.text}`)
  return answer.text ? JSON.parse(answer.text) : null
}

/** Runs every piece of work, so many at once; seconds from the first to the last. */
async function all(pieces, work) {
  const left = pieces.values()
  const began = performance.now()
  await Promise.all(Array.from({ length: AT_ONCE }, async () => { for (const piece of left) await work(piece) }))
  return (performance.now() - began) / 1000
}

/** Signs so many people in and links their homes; one entry a home. */
export async function settle(line, from, count) {
  const homes = []
  await all(Array.from({ length: count }, (_, at) => from + at), async (n) => {
    const session = await must(line, 'POST', '/v1/sessions', { grant: 'alipay', auth_code: `c${n}` })
    const bearer = { authorization: `Bearer ${session.access_token}` }
    const consents = (await must(line, 'GET', '/v1/me/consents', undefined, bearer)).items
    const { purpose, version } = consents.find((item) => item.purpose === 'identity_match')
    await must(line, 'POST', '/v1/me/consents', { purpose, version }, bearer)
    const { candidates } = await must(line, 'POST', '/v1/binding-matches', {}, bearer)
    const linked = await must(line, 'POST', '/v1/bindings', { match_tokens: candidates.map((one) => one.match_token) }, bearer)
    for (const one of linked.items) homes.push({ bearer, binding_id: one.binding_id })
  })
  return homes
}

/** Orders one top-up a home: orders a second, and the orders. */
export async function create(line, homes) {
  const orders = []
  const seconds = await all(homes, async ({ bearer, binding_id }) => {
    const wish = { binding_id, purpose: 'top_up', amount_fen: 1000 }
    const order = await must(line, 'POST', '/v1/payments', wish, { ...bearer, 'idempotency-key': `bench-${randomUUID()}` })
    orders.push(order)
  })
  return { rate: homes.length / seconds, orders }
}

/** The notice that an order was paid, signed as Alipay signs. */
function notice(order, { app_id, seller_id }, platform) {
  const at = new Date().toLocaleString('sv-SE', { timeZone: 'Asia/Shanghai' })
  const params = { app_id, seller_id, charset: 'utf-8', notify_id: randomUUID().replaceAll('-', ''), notify_time: at, notify_type: 'trade_status_sync',
    version: '1.0', out_trade_no: order.out_trade_no, trade_no: tradeOf(order.out_trade_no), trade_status: 'TRADE_SUCCESS', total_amount: '10.00',
    receipt_amount: '10.00', buyer_pay_amount: '10.00', gmt_create: at, gmt_payment: at }
  const content = Object.keys(params).sort().map((name) => `${name}=${params[name]}`).join('&')
  const sign = signed('RSA-SHA256', Buffer.from(content), platform).toString('base64')
  return new URLSearchParams({ ...params, sign_type: 'RSA2', sign }).toString()
}

/**
 * Tells the gateway of every order once: notices a second, from the first to the last that was applied. They are signed
 * before the clock starts. `success` only says that a notice is stored, so the last orders are looked at until they are paid.
 */
export async function notify({ line, callback }, homes, orders, merchant, keysDir) {
  const platform = createPrivateKey(readFileSync(path.join(keysDir, 'platform_private.pem'), 'utf8'))
  const bodies = orders.map((order) => notice(order, merchant, platform))
  const began = performance.now()
  await all(bodies, async (body) => {
    const answer = await ask(callback, 'POST', '/v1/callbacks/alipay', body)
    if (answer.text !== 'success') throw new Error(`a notice was answered ${answer.status} ${answer.text}`)
  })
  const bearers = new Map(homes.map((home) => [home.binding_id, home.bearer]))
  await all(orders.slice(-AT_ONCE), async ({ payment_id, binding_id }) => {
    while (['CREATED', 'PAYING'].includes((await must(line, 'GET', `/v1/payments/${payment_id}`, undefined, bearers.get(binding_id))).state)) { /* not yet */ }
  })
  return { rate: bodies.length * 1000 / (performance.now() - began) }
}
