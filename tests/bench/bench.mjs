// Measures ours and the peers in turn (A-B-A-B), server on core 0, load on core 1, and writes the report.
// Method: docs/PERFORMANCE.md. Every process started here is ended here, by pid.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, copyFileSync, fsyncSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { create, notify, settle } from './orders.mjs'

const target = process.argv[2]
const ROUNDS = Number(process.env.ROUNDS ?? 5)
const SECONDS_EACH = Number(process.env.SECONDS_EACH ?? 5)
const CONNECTIONS = 64
const LIMIT = 900_000_000
const PEOPLE_EACH = 100
const out = path.join(target, 'bench')
const work = mkdtempSync(path.join(os.tmpdir(), 'lifeline-bench-'))
const running = new Set()
const [SERVER_CORE, LOAD_CORE] = os.cpus().length > 1 ? ['0', '1'] : ['0', '0']

function start(core, command, args, options = {}) {
  const child = spawn('taskset', ['-c', core, command, ...args], { stdio: ['ignore', 'pipe', 'inherit'], ...options })
  running.add(child)
  child.on('exit', () => running.delete(child))
  return child
}

async function stop(child) {
  if (child.exitCode !== null) return
  const gone = new Promise((done) => child.once('exit', done))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 8000)
  await gone
  clearTimeout(timer)
}

async function portBase() {
  const free = (port) => new Promise((done) => {
    const probe = net.createServer().once('error', () => done(false)).listen(port, '127.0.0.1', () => probe.close(() => done(true)))
  })
  for (;;) {
    const base = 20000 + Math.floor(Math.random() * 30000)
    const all = await Promise.all([0, 1, 2, 3, 4].map((at) => free(base + at)))
    if (all.every(Boolean)) return base
  }
}

async function untilReady(child, file, within) {
  const began = performance.now()
  for (;;) {
    try { return JSON.parse(readFileSync(file, 'utf8')) } catch { /* not yet */ }
    if (child.exitCode !== null || performance.now() - began > within) throw new Error('the demo did not become ready')
    await new Promise((done) => setTimeout(done, 2))
  }
}

const memoryMb = (pid) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024

/**
 * A copy of the binary whose outside is the responder: a demo starts what lies beside it. The responder shares the load's
 * core, so that the server's core is the gateway's alone.
 */
function standIn() {
  const folder = path.join(work, 'stand-in')
  mkdirSync(folder, { recursive: true })
  const binary = path.join(folder, 'lifeline')
  copyFileSync(path.join(target, 'release', 'lifeline'), binary)
  const responder = path.resolve('tests/bench/responder.mjs')
  const script = `#!/bin/sh\nexec taskset -c ${LOAD_CORE} ${process.execPath} ${responder} "$@"\n`
  writeFileSync(path.join(folder, 'lifeline-sandbox'), script, { mode: 0o755 })
  return binary
}

/** Starts a release demo; answers its addresses, how long it took and what it holds when idle. */
async function demo(name, extra, binary = path.join(target, 'release', 'lifeline')) {
  const base = await portBase()
  const home = path.join(work, name)
  mkdirSync(home, { recursive: true })
  const ready = path.join(home, 'ready.json')
  const begin = async () => {
    rmSync(ready, { force: true })
    const began = performance.now()
    const child = start(SERVER_CORE, binary,
      ['demo', '--data-dir', path.join(home, 'data'), '--port-base', String(base), '--ready-file', ready, ...extra],
      { env: { ...process.env, LIFELINE__LIMITS__PER_ADDRESS_MINUTE: String(LIMIT), LIFELINE__LIMITS__PER_NETWORK_MINUTE: String(LIMIT), LIFELINE__LIMITS__FUNCTIONS_PERCENT: String(LIMIT), LIFELINE__LIMITS__PER_ACCOUNT_MINUTE: String(LIMIT), LIFELINE_LOG: 'warn' } })
    child.stdout.resume()
    const addresses = await untilReady(child, ready, 60000)
    return { child, addresses, readyMs: performance.now() - began }
  }
  const first = await begin() // makes keys and schema
  await stop(first.child)
  const again = await begin()
  await new Promise((done) => setTimeout(done, 2000)) // idle
  return { ...again, keysDir: path.join(home, 'data', 'keys'), firstReadyMs: first.readyMs, idleMb: memoryMb(again.addresses.pid) }
}

async function json(url, options = {}) {
  const answer = await fetch(url, { ...options, headers: { 'content-type': 'application/json', ...options.headers } })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  return { body: await answer.clone().json(), bytes: Buffer.from(await answer.arrayBuffer()), headers: answer.headers }
}

/** Signs in, links the first home and reads its newest bill. */
async function household({ line, sandbox }) {
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

/** One round of wrk: requests per second and the 50th and 99th percentile in ms. Any refusal voids it. */
function load(url, bearer) {
  const said = execFileSync('taskset', ['-c', LOAD_CORE, 'wrk', '-t1', `-c${CONNECTIONS}`, `-d${SECONDS_EACH}s`, '--latency',
    '-H', `Authorization: ${bearer.authorization}`, url], { encoding: 'utf8' })
  if (/Non-2xx/.test(said)) throw new Error(`refusals under load:\n${said}`)
  const ms = (text) => { const [, n, unit] = /([\d.]+)(us|ms|s)/.exec(text); return Number(n) * { us: 0.001, ms: 1, s: 1000 }[unit] }
  // Anchored: a line above may end in a share like 90.50%.
  const percentile = (p) => ms(new RegExp(`^\\s+${p}%\\s+(\\S+)`, 'm').exec(said)[1])
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(said)[1]), p50: percentile(50), p99: percentile(99) }
}

function pgbench(database) {
  const said = execFileSync('taskset', ['-c', LOAD_CORE, 'pgbench', '-n', '-S', '-M', 'prepared', '-c', '16', '-j', '1', '-T', String(SECONDS_EACH), database],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return { rate: Number(/tps = ([\d.]+)/.exec(said)[1]), p50: Number(/latency average = ([\d.]+)/.exec(said)[1]), p99: NaN }
}

/** RSA-2048 signatures a second on the server's core: what a create cannot beat, for each is signed. */
function rsaSigns() {
  const said = execFileSync('taskset', ['-c', SERVER_CORE, 'openssl', 'speed', '-seconds', String(SECONDS_EACH), 'rsa2048'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return { rate: Number(/rsa 2048 bits\s+\S+\s+\S+\s+([\d.]+)/.exec(said.replaceAll(/rsa\s+2048/g, 'rsa 2048'))[1]) }
}

/** The SQL of one notice again and again, over the orders that are there: what the database alone can do. */
function pgbenchNotices(database) {
  const said = execFileSync('taskset', ['-c', LOAD_CORE, 'pgbench', '-n', '-f', 'tests/bench/notice.sql', '-M', 'prepared', '-c', '16', '-j', '1', '-T', String(SECONDS_EACH), database],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  const failed = /failed transactions: (\d+)/.exec(said)?.[1] ?? '0'
  if (failed !== '0') throw new Error(`pgbench failed:\n${said}`)
  return { rate: Number(/tps = ([\d.]+)/.exec(said)[1]) }
}

/** Creates and notices on both engines, and what bounds them; each round settles new people, off the clock. */
async function orders() {
  const MERCHANT = { app_id: '2021000000000001', seller_id: '2088000000000009' }
  const binary = standIn()
  const database = execFileSync('deploy/dev/new-database.sh', { encoding: 'utf8' }).trim()
  const ours = {
    'lifeline sqlite': await demo('orders-sqlite', [], binary),
    'lifeline postgres': await demo('orders-postgres', ['--database-url', database, '--redis-url', process.env.TEST_REDIS_URL], binary),
  }
  const rounds = { create: { 'RSA-2048 sign': [] }, notice: { 'pgbench script': [] } }
  for (const name of Object.keys(ours)) { rounds.create[name] = []; rounds.notice[name] = [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, one] of Object.entries(ours)) {
      const homes = await settle(one.addresses.line, 1 + round * PEOPLE_EACH, PEOPLE_EACH)
      const created = await create(one.addresses.line, homes)
      rounds.create[name].push(created)
      rounds.notice[name].push(await notify(one.addresses, homes, created.orders, MERCHANT, one.keysDir))
    }
    rounds.create['RSA-2048 sign'].push(rsaSigns())
    if (round === 0) execFileSync('psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-f', 'tests/bench/notice_rows.sql', database], { stdio: 'inherit' })
    rounds.notice['pgbench script'].push(pgbenchNotices(database))
  }
  for (const one of Object.values(ours)) await stop(one.child)
  const told = (turns) => Object.fromEntries(Object.entries(turns).map(([name, all]) => [name, summary(all)]))
  return { create: told(rounds.create), notice: told(rounds.notice) }
}

/** Milliseconds per 4 KiB write with fsync: what the disk allows, to be read beside the rest. */
function fsyncMs() {
  const file = openSync(path.join(work, 'fsync'), 'w')
  const block = Buffer.alloc(4096, 1)
  const began = performance.now()
  for (let i = 0; i < 200; i++) { writeSync(file, block); fsyncSync(file) }
  const taken = performance.now() - began
  closeSync(file)
  return taken / 200
}

const median = (values) => { const sorted = [...values].sort((a, b) => a - b); return sorted[Math.floor(sorted.length / 2)] }
function summary(rounds) {
  const rates = rounds.map((r) => r.rate)
  return { median: median(rates), low: Math.min(...rates), high: Math.max(...rates), p50: median(rounds.map((r) => r.p50)), p99: median(rounds.map((r) => r.p99)) }
}

async function fastify(house) {
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

async function main() {
  const report = { at: new Date().toISOString(), commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim(),
    cores: os.cpus().length, load: os.loadavg()[0], fsync_ms: fsyncMs(), rounds: ROUNDS, seconds_each: SECONDS_EACH, connections: CONNECTIONS, start: {}, bill_query: {} }
  const sqlite = await demo('sqlite', [])
  const postgresUrl = execFileSync('deploy/dev/new-database.sh', { encoding: 'utf8' }).trim()
  const postgres = await demo('postgres', ['--database-url', postgresUrl, '--redis-url', process.env.TEST_REDIS_URL])
  for (const [name, one] of Object.entries({ sqlite, postgres })) {
    report.start[name] = { first_ready_ms: one.firstReadyMs, ready_ms: one.readyMs, idle_mb: one.idleMb }
  }
  const houses = { sqlite: await household(sqlite.addresses), postgres: await household(postgres.addresses) }
  const peer = await fastify(houses.sqlite)
  const floor = execFileSync('deploy/dev/new-database.sh', { encoding: 'utf8' }).trim()
  execFileSync('pgbench', ['-i', '-q', '-s', '10', floor], { stdio: 'ignore' })
  const turns = {
    'lifeline sqlite': () => load(sqlite.addresses.line + houses.sqlite.route, houses.sqlite.bearer),
    'lifeline postgres': () => load(postgres.addresses.line + houses.postgres.route, houses.postgres.bearer),
    'fastify': () => load(peer.url, houses.sqlite.bearer),
    'pgbench -S': () => pgbench(floor),
  }
  for (const turn of Object.values(turns)) turn() // warm
  const rounds = Object.fromEntries(Object.keys(turns).map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round++) for (const [name, turn] of Object.entries(turns)) rounds[name].push(turn())
  for (const [name, all] of Object.entries(rounds)) report.bill_query[name] = summary(all)
  report.memory_after_mb = { sqlite: memoryMb(sqlite.addresses.pid), postgres: memoryMb(postgres.addresses.pid) }
  for (const child of [...running]) await stop(child)
  Object.assign(report, await orders())
  write(report)
}

function write(report) {
  const peer = report.bill_query.fastify.median
  const floor = report.bill_query['pgbench -S'].median
  const n = (value, digits = 0) => (Number.isFinite(value) ? value.toFixed(digits) : '-')
  const rows = Object.entries(report.bill_query).map(([name, s]) =>
    `| ${name} | ${n(s.median)} | ${n(s.low)} to ${n(s.high)} | ${n(s.p50, 2)} | ${n(s.p99, 2)} | ${n(s.median / peer, 2)} | ${n(s.median / floor, 2)} |`)
  const bounded = (turns, bound) => Object.entries(turns).map(([name, s]) =>
    `| ${name} | ${n(s.median)} | ${n(s.low)} to ${n(s.high)} | ${n(s.median / turns[bound].median, 2)} |`).join('\n')
  const starts = Object.entries(report.start).map(([name, s]) => `| ${name} | ${n(s.first_ready_ms)} | ${n(s.ready_ms)} | ${n(s.idle_mb, 1)} |`)
  const text = `# Benchmark at ${report.commit}, ${report.at}

${report.cores} cores, server on core 0, load on core 1, ${report.rounds} rounds of ${report.seconds_each} s in turn, ${report.connections} connections, load average ${n(report.load, 2)} at the start, 4 KiB write + fsync ${n(report.fsync_ms, 2)} ms.

## Authenticated bill query
Same answer bytes, token verified and cached, per-address and per-account limit, ownership checked. Fastify answers from memory; the PostgreSQL server shares core 1 with the load.

| who | requests/s (median) | range | p50 ms | p99 ms | to Fastify | to pgbench -S |
|---|---|---|---|---|---|---|
${rows.join('\n')}

## Create a payment
Top-ups of one home each: link, limits and arrears looked up, order written, ordered at Alipay, answered. A prepared responder stands in for Alipay and marketing, on the load's core.

| who | creates/s (median) | range | to the sign rate |
|---|---|---|---|
${bounded(report.create, 'RSA-2048 sign')}

## Handle a notice
From the first notice sent to the last applied; each is verified, stored, and applied with its ledger lines, outbox, evidence and audit rows. The script is the same SQL.

| who | notices/s (median) | range | to the script |
|---|---|---|---|
${bounded(report.notice, 'pgbench script')}

## Start and idle
| engine | first start ms (keys, schema) | later start ms | idle gateway MB |
|---|---|---|---|
${starts.join('\n')}

Gateway memory after the load: SQLite ${n(report.memory_after_mb.sqlite, 1)} MB, PostgreSQL ${n(report.memory_after_mb.postgres, 1)} MB.
`
  mkdirSync(out, { recursive: true })
  writeFileSync(path.join(out, 'report.json'), JSON.stringify(report, null, 2))
  writeFileSync(path.join(out, 'report.md'), text)
  process.stdout.write(text)
}

let status = 0
try { await main() } catch (error) { process.stderr.write(`bench: ${error.stack ?? error}\n`); status = 1 }
for (const child of [...running]) await stop(child)
rmSync(work, { recursive: true, force: true })
process.exit(status)
