// The authenticated bill query beside Fastify and `pgbench -S`; how long a start takes and what an idle gateway holds.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { LIMIT, LOAD_CORE, SECONDS_EACH, SERVER_CORE, demo, inTurn, json, load, memoryMb, n, portBase, start, stopAll, work } from './stand.mjs'

/** Signs in, links the first home and reads its newest bill. */
export async function household({ line, sandbox }) {
  const post = (url, body, headers) => json(url, { method: 'POST', body: JSON.stringify(body), headers })
  const people = (await json(`${sandbox}/sim/people`)).body
  const { auth_code } = (await post(`${sandbox}/sim/alipay/authorize`, { person: people[0].person })).body
  const session = (await post(`${line}/v1/sessions`, { grant: 'alipay', auth_code })).body
  const bearer = { authorization: `Bearer ${session.access_token}` }
  const consents = (await json(`${line}/v1/me/consents`, { headers: bearer })).body.items
  const consent = consents.find((item) => item.purpose === 'identity_match')
  await post(`${line}/v1/me/consents`, { purpose: consent.purpose, version: consent.version }, bearer)
  const matched = (await post(`${line}/v1/binding-matches`, {}, bearer)).body
  const bound = (await post(`${line}/v1/bindings`, { match_tokens: matched.candidates.map((c) => c.match_token) }, bearer)).body
  const bindingId = bound.items[0].binding_id
  const bills = (await json(`${line}/v1/bindings/${bindingId}/bills`, { headers: bearer })).body.items
  const route = `/v1/bindings/${bindingId}/bills/${bills[0].period}`
  const bill = await json(`${line}${route}`, { headers: bearer })
  const jwks = (await json(`${line}/.well-known/jwks.json`)).body
  return { bearer, session, bindingId, route, bill, jwk: jwks.keys[0] }
}

function pgbench(database) {
  const said = execFileSync('taskset', ['-c', LOAD_CORE, 'pgbench', '-n', '-S', '-M', 'prepared', '-c', '16', '-j', '1', '-T', String(SECONDS_EACH), database],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return { rate: Number(/tps = ([\d.]+)/.exec(said)[1]), p50: Number(/latency average = ([\d.]+)/.exec(said)[1]), p99: NaN }
}

export async function fastify(house) {
  const plan = { port: await portBase(), bodyFile: path.join(work, 'bill.json'), jwk: house.jwk, audience: 'lifeline-line', issuer: 'lifeline',
    bindingId: house.bindingId, accountId: house.session.account_id, limit: LIMIT,
    etag: house.bill.headers.get('etag') ?? '', cacheControl: house.bill.headers.get('cache-control') ?? '' }
  writeFileSync(plan.bodyFile, house.bill.bytes)
  const file = path.join(work, 'fastify.json')
  writeFileSync(file, JSON.stringify(plan))
  const child = start(SERVER_CORE, process.execPath, ['tests/bench/fastify/server.mjs', file])
  await new Promise((done, fail) => {
    child.stdout.once('data', done)
    child.once('exit', () => fail(new Error('the Fastify peer did not start')))
  })
  const url = `http://127.0.0.1:${plan.port}${house.route}`
  const theirs = await json(url, { headers: house.bearer })
  const digest = (bytes) => createHash('sha256').update(bytes).digest('hex')
  if (digest(theirs.bytes) !== digest(house.bill.bytes)) throw new Error('the peer answers other bytes')
  return { child, url }
}

export async function run() {
  const sqlite = await demo('sqlite', [])
  const postgresUrl = execFileSync('deploy/dev/new-database.sh', { encoding: 'utf8' }).trim()
  const postgres = await demo('postgres', ['--database-url', postgresUrl, '--redis-url', process.env.TEST_REDIS_URL])
  const starts = {}
  for (const [name, one] of Object.entries({ sqlite, postgres })) {
    starts[name] = { first_ready_ms: one.firstReadyMs, ready_ms: one.readyMs, idle_mb: one.idleMb }
  }
  const houses = { sqlite: await household(sqlite.addresses), postgres: await household(postgres.addresses) }
  const peer = await fastify(houses.sqlite)
  const floor = execFileSync('deploy/dev/new-database.sh', { encoding: 'utf8' }).trim()
  execFileSync('pgbench', ['-i', '-q', '-s', '10', floor], { stdio: 'ignore' })
  const bill_query = inTurn({
    'lifeline sqlite': () => load(sqlite.addresses.line + houses.sqlite.route, houses.sqlite.bearer),
    'lifeline postgres': () => load(postgres.addresses.line + houses.postgres.route, houses.postgres.bearer),
    'fastify': () => load(peer.url, houses.sqlite.bearer),
    'pgbench -S': () => pgbench(floor),
  })
  const memory_after_mb = { sqlite: memoryMb(sqlite.addresses.pid), postgres: memoryMb(postgres.addresses.pid) }
  await stopAll()
  return { start: starts, bill_query, memory_after_mb }
}

export function text({ start, bill_query, memory_after_mb }) {
  const peer = bill_query.fastify.median
  const floor = bill_query['pgbench -S'].median
  const rows = Object.entries(bill_query).map(([name, s]) =>
    `| ${name} | ${n(s.median)} | ${n(s.low)} to ${n(s.high)} | ${n(s.p50, 2)} | ${n(s.p99, 2)} | ${n(s.median / peer, 2)} | ${n(s.median / floor, 2)} |`)
  const began = Object.entries(start).map(([name, s]) => `| ${name} | ${n(s.first_ready_ms)} | ${n(s.ready_ms)} | ${n(s.idle_mb, 1)} |`)
  return `## Authenticated bill query
Same answer bytes, token verified and cached, per-address and per-account limit, ownership checked. Fastify answers from memory; the PostgreSQL server shares core 1 with the load.

| who | requests/s (median) | range | p50 ms | p99 ms | to Fastify | to pgbench -S |
|---|---|---|---|---|---|---|
${rows.join('\n')}

## Start and idle
| engine | first start ms (keys, schema) | later start ms | idle gateway MB |
|---|---|---|---|
${began.join('\n')}

Gateway memory after the load: SQLite ${n(memory_after_mb.sqlite, 1)} MB, PostgreSQL ${n(memory_after_mb.postgres, 1)} MB.
`
}
