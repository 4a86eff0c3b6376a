// Payment creates and Alipay's notices on both engines, and what bounds them.
import { execFileSync } from 'node:child_process'
import { LOAD_CORE, ROUNDS, SECONDS_EACH, SERVER_CORE, cpuMs, demo, n, standIn, stopAll, summary } from './stand.mjs'
import { create, notify, settle } from './orders.mjs'

const PEOPLE_EACH = 100

/** RSA-2048 signatures a second on the server's core: what a create cannot beat, for each is signed. */
function rsaSigns() {
  const said = execFileSync('taskset', ['-c', SERVER_CORE, 'openssl', 'speed', '-seconds', String(SECONDS_EACH), 'rsa2048'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const rate = Number(/rsa 2048 bits\s+\S+\s+\S+\s+([\d.]+)/.exec(said.replaceAll(/rsa\s+2048/g, 'rsa 2048'))[1])
  return { rate, cpu_ms: 1000 / rate }
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
export async function run() {
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
      const used = async (work) => {
        const before = cpuMs(one.addresses.pid)
        const done = await work()
        return { ...done, cpu_ms: (cpuMs(one.addresses.pid) - before) / homes.length }
      }
      const created = await used(() => create(one.addresses.line, homes))
      rounds.create[name].push(created)
      rounds.notice[name].push(await used(() => notify(one.addresses, homes, created.orders, MERCHANT, one.keysDir)))
    }
    rounds.create['RSA-2048 sign'].push(rsaSigns())
    if (round === 0) execFileSync('psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-f', 'tests/bench/notice_rows.sql', database], { stdio: 'inherit' })
    rounds.notice['pgbench script'].push(pgbenchNotices(database))
  }
  await stopAll()
  const told = (turns) => Object.fromEntries(Object.entries(turns).map(([name, all]) => [name, summary(all)]))
  return { create: told(rounds.create), notice: told(rounds.notice) }
}

export function text({ create, notice }) {
  const bounded = (turns, bound) => Object.entries(turns).map(([name, s]) =>
    `| ${name} | ${n(s.median)} | ${n(s.low)} to ${n(s.high)} | ${n(s.median / turns[bound].median, 2)} | ${n(s.cpu_ms, 2)} |`).join('\n')
  return `## Create a payment
Top-ups of one home each: link, limits and arrears looked up, order written, ordered at Alipay, answered. A prepared responder stands in for Alipay and marketing, on the load's core, and signs each answer too.
The last column is the gateway's own processor time: what it would take alone on a core.

| who | creates/s (median) | range | to the sign rate | gateway ms each |
|---|---|---|---|---|
${bounded(create, 'RSA-2048 sign')}

## Handle a notice
From the first notice sent to the last applied; each is verified, stored, and applied with its ledger lines, outbox, evidence and audit rows. The script is the same SQL.

| who | notices/s (median) | range | to the script | gateway ms each |
|---|---|---|---|---|
${bounded(notice, 'pgbench script')}
`
}
