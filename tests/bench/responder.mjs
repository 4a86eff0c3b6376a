// Alipay and the marketing system as cheap as they can be: any number of people with homes, prepared answers, no books.
// It takes the place of lifeline-sandbox beside a copy of the binary, so that a demo starts it as it starts its sandbox and
// what is measured is the gateway. Person n owns HOMES_EACH homes; what it must sign it signs.
import { createDecipheriv, createPrivateKey, sign as signed } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { parseArgs } from 'node:util'

export const HOMES_EACH = 9
const SHANGHAI_MS = 8 * 3_600_000

/** The resident ID of person n, with its check character (GB 11643-1999). */
export function idOf(n) {
  const day = new Date(Date.UTC(1960, 0, 1) + (n % 15_000) * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')
  const first = `150499${day}${String(Math.floor(n / 15_000)).padStart(3, '0')}`
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce((total, weight, at) => total + weight * Number(first[at]), 0)
  return first + '10X98765432'[sum % 11]
}

const homesOf = (n) => Array.from({ length: HOMES_EACH }, (_, at) => `150${String(n).padStart(8, '0')}${String(at).padStart(2, '0')}`)
// Written by hand: the library's way takes longer than the rest of an answer.
const now = () => `${new Date(Date.now() + SHANGHAI_MS).toISOString().slice(0, 19)}+08:00`

/** What Alipay answers, by method. The auth code and the token name the person. */
function alipay(method, params) {
  const biz = JSON.parse(params.get('biz_content') ?? '{}')
  const done = { code: '10000', msg: 'Success' }
  switch (method) {
    case 'alipay.system.oauth.token': {
      const n = params.get('code').slice(1)
      return { access_token: `t${n}`, open_id: `bench-wallet-${n}`, user_id: `2088${n.padStart(12, '0')}`, expires_in: '300' }
    }
    case 'alipay.user.info.share': {
      const n = params.get('auth_token').slice(1)
      return { ...done, open_id: `bench-wallet-${n}`, user_id: `2088${n.padStart(12, '0')}`, is_certified: 'T', cert_type: '0',
        user_name: '欧阳测', cert_no: idOf(Number(n)), mobile: `190${n.padStart(8, '0')}` }
    }
    case 'alipay.trade.create':
      return { ...done, out_trade_no: biz.out_trade_no, trade_no: tradeOf(biz.out_trade_no) }
    default:
      return { code: '40004', msg: 'Business Failed', sub_code: 'ACQ.TRADE_NOT_EXIST', sub_msg: 'none' }
  }
}

export const tradeOf = (outTradeNo) => `2088${Buffer.from(outTradeNo).toString('hex').slice(-24)}`

function marketing(keys, method, parts, body) {
  const [what, number, rest] = parts
  const as_of = now()
  if (what === 'capabilities') return { fence: true, refund_vouchers: true, business_date: as_of.slice(0, 10), cutoff_time: '22:30' }
  if (what === 'identity-matches') {
    const n = people.get(open(keys, 'id_no_enc', body.id_no_enc))
    const candidates = homesOf(n).map((no) => ({ match_token: `m${no}`, consumer_no_masked: `*********${no.slice(-4)}`,
      holder_masked: '欧**', address_masked: '测试路***', role: 'HOLDER' }))
    return { level: 'FULL', candidates }
  }
  if (what === 'bindings') return { consumer_no: body.match_token.slice(1), role: 'HOLDER', holder_version: 1 }
  if (what === 'payments' && method === 'POST') {
    return [201, { state: 'POSTED', fenced: false, mkt_txn_no: `B${body.channel_txn_no}`, consumer_no: body.consumer_no, amount_fen: body.amount_fen,
      paid_at: body.paid_at, business_date: as_of.slice(0, 10), posted_at: as_of, allocations: [], prepaid_fen: body.amount_fen }]
  }
  if (what === 'payments') return { state: 'NOT_FOUND', fenced: false }
  if (rest === 'real-name-checks') return { state: 'verified' }
  if (rest === 'arrears') return { items: [], total_fen: 0, arrears_version: 'none', as_of }
  if (rest === 'balance') return { prepaid_fen: 0, estimated_since_bill_fen: 0, available_fen: 0, as_of }
  return { consumer_no: number, holder_masked: '欧**', address_masked: '测试路***', org_no: '15401', region: '150499', category: 'residential', tariff_code: 'NM-RES',
    tariff_name: '居民生活用电', pay_mode: 'postpaid', status: 'active', meters: [], holder_version: 1, real_name: 'verified', as_of }
}

/** ID number -> person. */
const people = new Map()

function open(keys, field, envelope) {
  const bytes = Buffer.from(envelope, 'base64')
  const cipher = createDecipheriv('aes-256-gcm', Buffer.from(keys.field_key_hex, 'hex'), bytes.subarray(0, 12))
  cipher.setAAD(Buffer.from(field)).setAuthTag(bytes.subarray(-16))
  return cipher.update(bytes.subarray(12, -16), undefined, 'utf8') + cipher.final('utf8')
}

function serve(options) {
  const keys = JSON.parse(readFileSync(path.join(options['keys-dir'], 'marketing.json'), 'utf8'))
  const platform = createPrivateKey(readFileSync(path.join(options['keys-dir'], 'platform_private.pem'), 'utf8'))
  const say = (answer, status, value) => {
    const text = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
    answer.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length }).end(text)
  }
  const handle = (asked, body, answer) => {
    const url = new URL(asked.url, 'http://localhost')
    if (url.pathname === '/gateway.do') {
      const params = new URLSearchParams(`${url.search.slice(1)}&${body}`)
      const method = params.get('method')
      const node = JSON.stringify(alipay(method, params))
      const sign = signed('RSA-SHA256', Buffer.from(node), platform).toString('base64')
      return say(answer, 200, `{"${method.replaceAll('.', '_')}_response":${node},"sign":"${sign}"}`)
    }
    if (url.pathname.startsWith('/mkt/v1/')) {
      const said = marketing(keys, asked.method, url.pathname.slice('/mkt/v1/'.length).split('/'), body ? JSON.parse(body) : {})
      return Array.isArray(said) ? say(answer, ...said) : say(answer, 200, said)
    }
    return url.pathname.startsWith('/sms/v1/') ? say(answer, 202, {}) : say(answer, 404, {})
  }
  const server = http.createServer({ keepAliveTimeout: 60_000 }, (asked, answer) => {
    const chunks = []
    asked.on('data', (chunk) => chunks.push(chunk)).on('end', () => {
      try { handle(asked, Buffer.concat(chunks).toString('utf8'), answer) } catch (error) { say(answer, 500, { code: String(error) }) }
    })
  })
  server.listen(Number(options.port), '127.0.0.1', () => {
    writeFileSync(options['ready-file'], JSON.stringify({ sandbox: `http://127.0.0.1:${options.port}` }))
  })
  process.stdin.resume().on('end', () => process.exit(0))
}

if (process.argv[1] === import.meta.filename) {
  for (let n = 0; n < 100_000; n++) people.set(idOf(n), n)
  const text = (names) => Object.fromEntries(names.map((name) => [name, { type: 'string', multiple: name === 'ops' }]))
  const { values } = parseArgs({ options: { ...text(['port', 'line', 'callback', 'ops', 'keys-dir', 'ready-file']), 'exit-with-stdin': { type: 'boolean' }, 'no-seed': { type: 'boolean' } } })
  serve(values)
}
