/**
 * A stand-in for the gateway while working on the screens: serves dist/h5 and enough of `/v1` to walk from sign-in to "credited".
 *
 *   npm run build:h5 && npm run mock            # http://127.0.0.1:8790
 *
 * It keeps nothing, checks little and is no part of any build. The real thing is `make run`.
 */
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { daily, household, receipts, shanghai, yuan } from './household.mjs'

const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../dist/h5')
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css' }
const POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"

/** Starts the stand-in; `creditAfterMs` is how long a payment stays "being credited". */
export function startMock({ port = 0, creditAfterMs = 3000 } = {}) {
  const world = { ...household(), linked: [], payments: [], keys: new Map(), notices: [], signedIn: false, creditAfterMs }
  const server = http.createServer((request, response) => {
    handle(world, request, response).catch((fault) => reply(response, 500, { code: 'INTERNAL', detail: String(fault) }))
  })
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      world.base = `http://127.0.0.1:${server.address().port}`
      resolve({ base: world.base, world, stop: () => server.close() })
    })
  })
}

async function handle(world, request, response) {
  const url = new URL(request.url, world.base)
  const text = await bodyOf(request)
  if (url.pathname.startsWith('/alipay/')) return alipay(world, url, response)
  if (url.pathname.startsWith('/sim/')) return sim(world, url, response)
  if (!url.pathname.startsWith('/v1/')) return file(url.pathname, response)
  const method = request.headers['x-http-method-override'] ?? request.method
  const pattern = Object.keys(routes).find((key) => match(key, `${method} ${url.pathname.slice(3)}`))
  if (!pattern) return problem(response, 404, 'NOT_FOUND')
  if (!OPEN.includes(pattern) && request.headers.authorization !== 'Bearer mock') return problem(response, 401, 'UNAUTHENTICATED')
  const params = match(pattern, `${method} ${url.pathname.slice(3)}`)
  return routes[pattern]({ world, url, request, response, params, body: text ? JSON.parse(text) : {} })
}

const OPEN = ['POST /oauth-starts', 'POST /sessions', 'GET /pay/:id', 'GET /me/export']

const routes = {
  'POST /oauth-starts': ({ world, response }) => reply(response, 201, { authorize_url: `${world.base}/alipay/authorize?state=s-1` }),
  'POST /sessions': ({ world, response, body }) => {
    if (body.grant === 'refresh' && !world.signedIn && !body.refresh_token) return problem(response, 401, 'UNAUTHENTICATED')
    world.signedIn = true
    return reply(response, 201, { access_token: 'mock', token_type: 'Bearer', expires_in: 900, refresh_token: body.state ? undefined : 'mock-refresh', account_id: 'acc-1' })
  },
  'GET /sessions': ({ response }) => reply(response, 200, { items: [{ session_id: 's-1', client: 'h5', created_at: shanghai(Date.now()), last_seen_at: shanghai(Date.now()), current: true }] }),
  'DELETE /sessions/:id': ({ world, response }) => {
    world.signedIn = false
    return reply(response, 204)
  },
  'GET /generation-accounts/:id': ({ world, response, params }) => {
    const account = world.generators?.find((each) => each.generation_account_id === params.id)
    return account ? reply(response, 200, account) : problem(response, 404, 'NOT_FOUND')
  },
  'GET /me': ({ world, response }) => reply(response, 200, world.me),
  'GET /me/erasure': ({ world, response }) => reply(response, 200, world.erasure ?? { state: 'none' }),
  'DELETE /me/erasure': ({ world, response }) => {
    world.erasure = undefined
    return reply(response, 204)
  },
  'POST /sessions/current/step-up': ({ world, response, body }) => {
    if (body.otp !== '135790') return problem(response, 422, 'OTP_WRONG')
    world.steppedUp = true
    return reply(response, 200, { access_token: 'mock', token_type: 'Bearer', expires_in: 900, purpose: 'export', good_for: 600 })
  },
  'POST /me/export/document-links': ({ world, response }) => {
    if (!world.steppedUp) return problem(response, 403, 'STEP_UP_REQUIRED')
    world.steppedUp = false
    return reply(response, 201, { url: '/v1/me/export?ticket=mock', expires_in: 60 })
  },
  'GET /me/export': ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-disposition': 'attachment; filename="my-data.json"' })
    return response.end(JSON.stringify({ account: { items: [{ name: '李明' }], more: false } }))
  },
  'DELETE /me': ({ world, response }) => {
    if (!world.steppedUp) return problem(response, 403, 'STEP_UP_REQUIRED')
    world.steppedUp = false
    world.erasure = { state: 'cooling', asked_at: shanghai(Date.now()), due_at: shanghai(Date.now() + 15 * 86_400_000) }
    return reply(response, 202, world.erasure)
  },
  'PATCH /me': ({ world, response, body }) => (body.otp === '123456' ? told(world, response, body.phone) : problem(response, 422, 'OTP_WRONG')),
  'PUT /me/password': ({ response, body }) => (body.otp === '135790' ? reply(response, 204) : problem(response, 422, 'OTP_WRONG')),
  'POST /me/phone': ({ world, response, body }) => {
    if (body.response !== 'closed') return problem(response, 422, 'PHONE_NOT_TOLD')
    return world.phoneGuarded ? problem(response, 403, 'STEP_UP_REQUIRED') : told(world, response, '19000000001')
  },
  'POST /me/merges': ({ world, response }) => {
    world.merge = { merge_id: 'merge-1', state: 'open', expires_at: shanghai(Date.now() + 600_000) }
    return reply(response, 201, { ...world.merge, code: '246810' })
  },
  'GET /me/merges/:id': ({ world, response }) => reply(response, 200, world.merge),
  'POST /me/merge-confirmations': ({ world, response, body }) => (body.code === '135790' ? reply(response, 200, { homes: world.linked.length }) : problem(response, 409, 'MERGE_REFUSED')),
  'GET /me/certifications': ({ response }) => reply(response, 200, { version: 't-1', text: '您填写的姓名和身份证号只加密发送给支付宝核验一次，核验通过前不保存。', kinds: ['certverify', 'face'] }),
  'POST /me/certifications': ({ world, response, body }) => {
    world.certification = { kind: body.kind, right: body.id_number === world.idNumber }
    const face = body.kind === 'face' ? { url: `${world.base}/alipay/face`, certify_id: 'face-1' } : {}
    return reply(response, 201, { certification_id: 'cert-1', kind: body.kind, state: 'pending', expires_at: shanghai(Date.now() + 1_800_000), held: 'sealed-1', ...face })
  },
  'POST /me/certifications/:id/outcome': ({ world, response, body }) => {
    const { kind, right, shown } = world.certification
    if (body.held !== 'sealed-1') return problem(response, 422, 'INVALID_FIELD')
    if (kind === 'face' && !shown) return reply(response, 200, { certification_id: 'cert-1', kind, state: 'pending', expires_at: shanghai(Date.now()) })
    if (!right) return problem(response, 422, 'CERTIFICATION_REFUSED')
    Object.assign(world.me, { real_name: 'verified', name_masked: '*洁', id_no_masked: '150***********0061' })
    return reply(response, 200, { certification_id: 'cert-1', kind, state: 'certified', expires_at: shanghai(Date.now()) })
  },
  'GET /me/consents': ({ world, response }) => reply(response, 200, { items: world.consents }),
  'POST /me/consents': ({ world, response, body }) => consent(world, response, body.purpose, shanghai(Date.now()), 201),
  'DELETE /me/consents': ({ world, response, body }) => consent(world, response, body.purpose, null, 204),
  'POST /binding-matches': ({ world, response }) => {
    if (!world.consents[0].given_at) return problem(response, 403, 'CONSENT_REQUIRED')
    return reply(response, 200, { level: 'full', candidates: world.homes.map((home) => ({ match_token: `m-${home.id}`, ...masked(world, home) })) })
  },
  'POST /otps': ({ response }) => reply(response, 202, { expires_in: 300, resend_after: 60 }),
  'POST /bindings': ({ world, response, body }) => {
    const wanted = world.homes.filter((home) => body.match_tokens?.includes(`m-${home.id}`) || body.consumer_no === home.consumer_no)
    if (wanted.length === 0) return problem(response, 404, 'CANNOT_CONFIRM')
    for (const home of wanted) if (!world.linked.includes(home)) world.linked.push(home)
    return reply(response, 201, { items: wanted.map((home) => binding(world, home)) })
  },
  'GET /bindings': ({ world, response }) => reply(response, 200, { items: world.linked.map((home) => binding(world, home)), next_cursor: null }),
  'GET /bindings/:id': withHome(({ world, response, home }) => reply(response, 200, {
    ...binding(world, home), category: 'residential', tariff: { code: 'R1', name: '居民阶梯电价' }, meters: [{ meter_no_masked: '****0731', multiplier: 1 }],
    pay_mode: home.pay_mode, status: home.status ?? 'active', real_name: home.real_name ?? { state: 'verified' }, ...world.asOf(),
  })),
  'GET /bindings/:id/archive-filling': withHome(({ world, response }) => reply(response, 200, world.filling ?? { state: 'none', fields: [] })),
  'POST /bindings/:id/archive-filling': withHome(({ world, response, body }) => {
    if (!world.consents[1].given_at) return problem(response, 403, 'CONSENT_REQUIRED')
    if (body.otp !== undefined && body.otp !== '135790') return problem(response, 422, 'OTP_WRONG')
    const names = body.otp === undefined ? ['id_no', 'name'] : ['id_no', 'mobile', 'name']
    world.filling = { state: 'asked', fields: names.map((name) => ({ name })) }
    return reply(response, 202, world.filling)
  }),
  'PATCH /bindings/:id': withHome(({ world, response, home, body }) => {
    home.label = body.label
    return reply(response, 200, binding(world, home))
  }),
  'DELETE /bindings/:id': withHome(({ world, response, home }) => {
    world.linked = world.linked.filter((each) => each !== home)
    return reply(response, 204)
  }),
  'GET /bindings/:id/arrears': withHome(({ world, response, home }) => reply(response, 200, arrears(world, home))),
  'GET /bindings/:id/balance': withHome(({ world, response, home }) => reply(response, 200, {
    prepaid_fen: home.prepaid_fen, estimated_since_bill_fen: 830, available_fen: home.prepaid_fen - 830, ...world.asOf(),
  })),
  'GET /bindings/:id/bills': withHome(({ world, response, home, url }) => {
    const from = Number(url.searchParams.get('cursor') ?? 0)
    const to = from + Number(url.searchParams.get('limit') ?? 12)
    return reply(response, 200, { items: home.bills.slice(from, to), next_cursor: to < home.bills.length ? String(to) : null, ...world.asOf() })
  }),
  'GET /bindings/:id/bills/:period': withHome(({ world, response, home, params }) => {
    const bill = home.bills.find((each) => each.period === params.period)
    return bill ? reply(response, 200, { ...bill, ...world.asOf() }) : problem(response, 404, 'NOT_FOUND')
  }),
  'GET /bindings/:id/usage': withHome(({ world, response, url }) => reply(response, 200, daily(world, url.searchParams.get('to')))),
  'GET /bindings/:id/receipts': withHome(({ world, response, home }) => reply(response, 200, receipts(world, home))),
  'GET /bindings/:id/payments': withHome(({ world, response, home }) => reply(response, 200, {
    items: world.payments.filter((payment) => payment.homes.some((part) => part.binding_id === home.id)).map((payment) => progress(world, payment)).reverse(), next_cursor: null,
  })),
  'POST /payments': ({ world, response, request, body }) => {
    const key = request.headers['idempotency-key']
    if (!key || (body.keep_as_prepayment && body.purpose !== 'arrears')) return problem(response, 400, 'INVALID_FIELD')
    if (!world.keys.has(key)) {
      const homes = [{ binding_id: body.binding_id, amount_fen: body.amount_fen }]
      const payment = { keep_as_prepayment: false, ...body, homes, payment_id: `p-${world.payments.length + 1}`, state: 'PAYING', created: Date.now() }
      world.payments.push(payment)
      world.keys.set(key, payment)
    }
    return reply(response, 201, progress(world, world.keys.get(key)))
  },
  'POST /checkouts': ({ world, response, request, body }) => {
    const key = request.headers['idempotency-key']
    if (!key || body.items.length === 0) return problem(response, 400, 'INVALID_FIELD')
    if (!world.keys.has(key)) {
      const homes = body.items.map(({ binding_id, amount_fen }) => ({ binding_id, amount_fen }))
      const payment = {
        payment_id: `p-${world.payments.length + 1}`, binding_id: homes[0].binding_id, homes, purpose: 'arrears', keep_as_prepayment: body.keep_as_prepayment ?? false, via: body.via,
        amount_fen: homes.reduce((sum, home) => sum + home.amount_fen, 0), state: 'PAYING', created: Date.now(),
      }
      world.payments.push(payment)
      world.keys.set(key, payment)
    }
    return reply(response, 201, progress(world, world.keys.get(key)))
  },
  'GET /payments/:id': withPayment(({ world, response, payment }) => reply(response, 200, progress(world, payment))),
  'POST /payments/:id/close': withPayment(({ world, response, payment }) => {
    if (payment.paid) return problem(response, 409, 'ALREADY_PAID')
    payment.closed = Date.now()
    return reply(response, 200, progress(world, payment))
  }),
  'GET /pay/:id': ({ response, params }) => {
    response.writeHead(303, { location: `/alipay/cashier?payment=${params.id}` })
    response.end()
  },
  'GET /notices': ({ world, response, url }) => {
    const from = Number(url.searchParams.get('cursor') ?? 0)
    const to = from + Number(url.searchParams.get('limit') ?? 20)
    const unread = world.notices.filter((notice) => !notice.read_at).length
    return reply(response, 200, { items: world.notices.slice(from, to), unread, next_cursor: to < world.notices.length ? String(to) : null })
  },
  'PATCH /notices/:id': ({ world, response, params }) => {
    const notice = world.notices.find((each) => each.notice_id === params.id)
    if (notice) notice.read_at = shanghai(Date.now())
    return reply(response, 200, notice ?? {})
  },
}

function withHome(then) {
  return (context) => {
    const home = context.world.linked.find((each) => each.id === context.params.id)
    return home ? then({ ...context, home }) : problem(context.response, 404, 'NOT_FOUND')
  }
}

function withPayment(then) {
  return (context) => {
    const payment = context.world.payments.find((each) => each.payment_id === context.params.id)
    return payment ? then({ ...context, payment }) : problem(context.response, 404, 'NOT_FOUND')
  }
}

function told(world, response, phone) {
  world.me.phone_masked = `${phone.slice(0, 3)}****${phone.slice(-4)}`
  return reply(response, 200, world.me)
}

function consent(world, response, purpose, givenAt, status) {
  world.consents.find((each) => each.purpose === purpose).given_at = givenAt
  return reply(response, status, status === 204 ? undefined : { purpose })
}

const masked = (world, home) => ({
  consumer_no_masked: `*********${home.consumer_no.slice(-4)}`, holder_masked: world.me.name_masked, address_masked: home.address, role: 'holder',
})
const binding = (world, home) => ({ binding_id: home.id, ...masked(world, home), label: home.label ?? null, state: 'active', created_at: shanghai(Date.now()), ...home.standing })

function arrears(world, home) {
  const part = (payment) => payment.homes.find((each) => each.binding_id === home.id)
  const settled = world.payments.filter((payment) => part(payment) && payment.purpose === 'arrears' && payment.paid)
  for (const payment of settled) if (progress(world, payment).state === 'POSTED') home.bills[0].paid = true
  const inFlight = settled.filter((payment) => progress(world, payment).state !== 'POSTED').reduce((sum, payment) => sum + part(payment).amount_fen, 0)
  const items = home.bills.filter((bill) => !bill.paid).map((bill) => ({
    receivable_id: `r-${bill.period}`, period: bill.period, principal_fen: bill.total_fen, late_fee_fen: 0, paid_fen: 0, due_date: bill.due_date,
  }))
  const total_fen = items.reduce((sum, item) => sum + item.principal_fen, 0) - inFlight
  return { items, total_fen, due_date: items.at(-1)?.due_date, in_flight_fen: inFlight, held: false, arrears_version: 'v1', ...world.asOf() }
}

/** The payment as the gateway would tell it now. */
function progress(world, payment) {
  const { created, paid, closed, ...told } = payment
  const posted = paid && Date.now() - paid > world.creditAfterMs
  if (posted && !payment.told) {
    payment.told = true
    world.notices.unshift({ notice_id: `n-${payment.payment_id}`, kind: 'credited', title: '电费已入账', body: `您缴纳的 ${yuan(payment.amount_fen)} 元已入账。`, payment_id: payment.payment_id, created_at: shanghai(Date.now()), read_at: null })
  }
  const state = closed ? 'CLOSED' : posted ? 'POSTED' : paid ? 'POSTING' : 'PAYING'
  const code = { CLOSED: 'CLOSED', POSTED: 'DONE', POSTING: 'BEING_CREDITED', PAYING: 'PAY_IN_CASHIER' }[state]
  const open = state === 'PAYING'
  return {
    ...told, told: undefined, state, homes: payment.homes.map((part) => ({ as_prepayment: false, ...part, state, posted_at: posted ? shanghai(paid + world.creditAfterMs) : undefined })), out_trade_no: `LL20261120${payment.payment_id}`, created_at: shanghai(created), expire_at: shanghai(created + 900_000),
    trade_no: open && payment.via !== 'h5' ? `2026112022001400${payment.payment_id}` : undefined,
    pay_url: open && payment.via === 'h5' ? `${world.base}/v1/pay/${payment.payment_id}` : undefined,
    paid_at: paid ? shanghai(paid) : null, posted_at: posted ? shanghai(paid + world.creditAfterMs) : null, closed_at: closed ? shanghai(closed) : null, refunds: [],
    next: { code, by: paid && !posted ? shanghai(paid + 60_000) : null },
  }
}

/** Alipay's two pages, with the element ids of the sandbox. */
function alipay(world, url, response) {
  const page = (body) => reply(response, 200, `<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width"><body>${body}`, 'text/html; charset=utf-8')
  if (url.pathname === '/alipay/authorize') {
    return page(`<button data-person="li-ming">李明</button><a id="allow" href="${world.base}/?auth_code=c-1&state=s-1&app_id=a">允许</a><a id="refuse" href="${world.base}/?state=s-1">拒绝</a>`)
  }
  if (url.pathname === '/alipay/face') {
    if (url.searchParams.has('shown')) world.certification.shown = true
    const back = `${world.base}/#/pages/accounts/certify?certification_id=cert-1`
    return page(`<a id="look" href="/alipay/face?shown=1">看镜头</a><a id="done" href="${back}">返回</a>`)
  }
  const payment = world.payments.find((each) => each.payment_id === url.searchParams.get('payment'))
  const back = `${world.base}/#/pages/payments/index?payment_id=${payment.payment_id}`
  if (url.pathname === '/alipay/paid') {
    payment.paid ??= Date.now()
    response.writeHead(303, { location: back })
    return response.end()
  }
  return page(`<h1>${yuan(payment.amount_fen)}</h1><a id="pay" href="/alipay/paid?payment=${payment.payment_id}">付款</a><a id="cancel" href="${back}">取消</a>`)
}

/** What the browser test reads of the other side. */
function sim(world, url, response) {
  if (url.pathname === '/sim/people') return reply(response, 200, [{ person: 'li-ming', name: '李明', phone: '19000000001', id_last6: '000013', consumer_nos: world.homes.map((home) => home.consumer_no), generation_nos: [] }])
  const home = world.homes.find((each) => url.pathname.endsWith(each.consumer_no))
  if (!home) return problem(response, 404, 'NOT_FOUND')
  const receivables = home.bills.filter((bill) => !bill.paid).map((bill) => ({ bill_period: bill.period, principal_fen: bill.total_fen, late_fee_fen: 0, paid_fen: 0 }))
  const postings = world.payments.filter((payment) => payment.homes.some((part) => part.binding_id === home.id) && progress(world, payment).state === 'POSTED').map((payment) => ({ amount_fen: payment.homes.find((part) => part.binding_id === home.id).amount_fen, state: 'POSTED' }))
  return reply(response, 200, { consumer_no: home.consumer_no, receivables, postings, prepaid_fen: home.prepaid_fen, fences: [] })
}

function match(pattern, asked) {
  const [names, values] = [pattern.split(/[ /]/), asked.split(/[ /]/)]
  if (names.length !== values.length) return undefined
  const params = {}
  for (const [index, name] of names.entries()) {
    if (name.startsWith(':')) params[name.slice(1)] = decodeURIComponent(values[index])
    else if (name !== values[index]) return undefined
  }
  return params
}

async function bodyOf(request) {
  const parts = []
  for await (const part of request) parts.push(part)
  return Buffer.concat(parts).toString('utf8')
}

function file(name, response) {
  const wanted = path.join(root, path.normalize(name))
  const found = wanted.startsWith(root) && fs.existsSync(wanted) && fs.statSync(wanted).isFile() ? wanted : path.join(root, 'index.html')
  response.setHeader('content-security-policy', POLICY)
  reply(response, 200, fs.readFileSync(found), TYPES[path.extname(found)] ?? 'application/octet-stream')
}

function problem(response, status, code) {
  reply(response, status, { type: 'about:blank', title: code, status, code, trace_id: 'mock' }, 'application/problem+json')
}

function reply(response, status, body, type = 'application/json') {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
  response.end(body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body))
}

if (process.argv[1] && import.meta.url === new URL(`file://${path.resolve(process.argv[1])}`).href) {
  const { base } = await startMock({ port: Number(process.env.PORT ?? 8790) })
  console.log(`The screens, with a made-up household: ${base}`)
}
