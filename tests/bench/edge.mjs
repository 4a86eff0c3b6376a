// The edge beside others that stand there: token, limit by address, limit by account, an answer of about 1 KB from memory.
import { execFileSync } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fastify, household } from './bills.mjs'
import { LIMIT, SERVER_CORE, demo, inTurn, json, load, n, portBase, start, stop, stopAll, target, work } from './stand.mjs'

const HERE = path.resolve('tests/bench/edge')
const CALM = 1 // connections, where it is time that is measured

const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token with our claims that HAProxy can verify too: it knows no Ed25519. */
function token(secret, account) {
  const claims = { iss: 'lifeline', aud: 'lifeline-line', sub: account, sid: account, iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 86_400 }
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

function written(name, values) {
  const text = readFileSync(path.join(HERE, name), 'utf8').replaceAll(/@([A-Z_]+)@/g, (_, key) => values[key])
  const file = path.join(work, name)
  writeFileSync(file, text)
  return file
}

/** Waits until it answers these bytes, and refuses who shows no token of ours. */
async function ready(url, bearer, bytes) {
  for (let tries = 0; ; tries++) {
    try {
      const found = await json(url, { headers: bearer })
      if (!found.bytes.equals(bytes)) throw new Error(`${url} answers other bytes`)
      break
    } catch (error) {
      if (tries > 100) throw error
      await new Promise((done) => setTimeout(done, 50))
    }
  }
  for (const authorization of [undefined, `${bearer.authorization.slice(0, -4)}AAAA`]) {
    const refused = await fetch(url, { headers: authorization ? { authorization } : {} })
    if (refused.status !== 401) throw new Error(`${url} answers ${refused.status} to who is not known`)
  }
}

/** Starts a peer by its file, and gives its address when it answers as it must. */
async function peer({ house, values, bearer }, file, command) {
  const PORT = await portBase()
  const quoted = file.endsWith('.conf') ? house.bill.headers.get('etag') : `"${values.ETAG}"`
  const child = start(SERVER_CORE, ...command(written(file, { ...values, PORT, ETAG: quoted })))
  child.stdout.resume()
  const url = `http://127.0.0.1:${PORT}${house.route}`
  try {
    await ready(url, bearer, house.bill.bytes)
  } catch (error) {
    await stop(child)
    throw error
  }
  return { url, bearer }
}

/** Adds Pingap when it was built (`PINGAP=1 make bench`: it is no package). Answers why not, when it is not compared. */
async function andPingap(found, setting) {
  const binary = path.join(target, 'tools', 'bin', 'pingap')
  if (!existsSync(binary)) return { pingap: 'it was not built: PINGAP=1 make bench' }
  try {
    found.pingap = await peer(setting, 'pingap.toml', (made) => [binary, ['-c', made]])
    return {}
  } catch (error) {
    return { pingap: error.message }
  }
}

/** The peers that need files of their own, each with its address, and which are not compared. */
async function peers(house, redisUrl) {
  mkdirSync(work, { recursive: true })
  const secret = randomBytes(24).toString('hex')
  const bearer = { authorization: `Bearer ${token(secret, house.session.account_id)}` }
  const body = path.join(work, 'edge.json')
  writeFileSync(body, house.bill.bytes)
  const values = { WORK: work, HERE, SECRET: secret, LIMIT, BODY: body, ETAG: house.bill.headers.get('etag').replaceAll('"', '\\"'), REDIS_PORT: new URL(redisUrl).port, REDIS_PASSWORD: decodeURIComponent(new URL(redisUrl).password) }
  // A text of JSON is one of TOML.
  Object.assign(values, { BODY_TEXT: JSON.stringify(house.bill.bytes.toString('utf8')), ETAG_LINE: JSON.stringify(`etag:${house.bill.headers.get('etag')}`) })
  const found = {}
  const setting = { house, values, bearer }
  for (const [name, file, command] of [
    ['haproxy', 'haproxy.cfg', (made) => ['/usr/sbin/haproxy', ['-db', '-f', made]]],
    ['nginx lua redis', 'nginx.conf', (made) => ['/usr/sbin/nginx', ['-c', made, '-p', work]]],
  ]) {
    found[name] = await peer(setting, file, command)
  }
  const missing = await andPingap(found, setting)
  return { found, missing }
}

/** A server of the same make that only answers: what is left of the time is not the edge's. */
async function bare(house) {
  const port = await portBase()
  const body = path.join(work, 'edge.json')
  const child = start(SERVER_CORE, path.join(target, 'release', 'lifeline-probe'), ['serve', String(port), body])
  await new Promise((done, fail) => { child.stdout.once('data', done); child.once('exit', () => fail(new Error('the bare server did not start'))) })
  return { url: `http://127.0.0.1:${port}${house.route}`, bearer: house.bearer }
}

const probe = (...args) => JSON.parse(execFileSync('taskset', ['-c', SERVER_CORE, path.join(target, 'release', 'lifeline-probe'), ...args], { encoding: 'utf8' }))

export async function run() {
  const sqlite = await demo('edge-sqlite', [])
  const database = execFileSync('deploy/dev/new-database.sh', { encoding: 'utf8' }).trim()
  const postgres = await demo('edge-postgres', ['--database-url', database, '--redis-url', process.env.TEST_REDIS_URL])
  const house = await household(sqlite.addresses)
  const other = await household(postgres.addresses)
  const node = await fastify(house)
  const { found, missing } = await peers(house, process.env.TEST_REDIS_URL)
  for (const [name, why] of Object.entries(missing)) process.stderr.write(`bench: ${name} is NOT COMPARED: ${why}\n`)
  const all = {
    'lifeline': { url: sqlite.addresses.line + house.route, bearer: house.bearer },
    'lifeline, leases from Redis': { url: postgres.addresses.line + other.route, bearer: other.bearer },
    ...found,
    'fastify': { url: node.url, bearer: house.bearer },
    'bare actix-web': await bare(house),
  }
  const under = (connections) => inTurn(Object.fromEntries(Object.entries(all).map(([name, one]) => [name, () => load(one.url, one.bearer, connections)])))
  const edge = under(undefined)
  const calm = under(CALM)
  await stopAll()
  return { edge, edge_calm: calm, edge_bytes: house.bill.bytes.length, edge_missing: missing, decisions: probe('decisions', process.env.TEST_REDIS_URL), recording: probe('recording') }
}

export function text({ edge, edge_calm, edge_bytes, edge_missing, decisions: d, recording }) {
  const us = (ms) => n(ms * 1000)
  const ratio = (s, name) => n(s.median / edge[name].median, 2)
  const rows = Object.entries(edge).map(([name, s]) =>
    `| ${name} | ${n(s.median)} | ${n(s.low)} to ${n(s.high)} | ${ratio(s, 'haproxy')} | ${ratio(s, 'nginx lua redis')} | ${ratio(s, 'fastify')} | ${us(edge_calm[name].p50)} |`)
  const absent = Object.entries(edge_missing).map(([name, why]) => `| **${name}: NOT COMPARED** (${why}) | - | - | - | - | - | - |`)
  const counting = Object.entries({ 'of nobody': recording.anonymous, 'of somebody signed in': recording.signed_in, 'of them, refused': recording.refused })
    .map(([who, { on_ns: on, off_ns: off }]) => `| ${who} | ${n(on)} | ${n(off)} | ${n(on - off)} |`)
  return `## The edge
Token, limit by address and by account, an answer of ${edge_bytes} bytes from memory. The last column is the p50 of one connection alone, in us.

| who | requests/s (median) | range | to HAProxy | to nginx + Lua | to Fastify | p50 alone, us |
|---|---|---|---|---|---|---|
${[...rows, ...absent].join('\n')}

The whole edge adds ${us(edge_calm.lifeline.p50 - edge_calm['bare actix-web'].p50)} us to the p50 of a bare server of the same make.

| decisions a second, one thread | | ratio |
|---|---|---|
| raw governor, a check for each of ${d.keys} keys | ${n(d.governor)} | 1.00 |
| ours, the same keys in one decision | ${n(d.alone)} | ${n(d.alone / d.governor, 2)} |
| ours, with what a caller is told of each key, the address by \`governor\` | ${n(d.local)} | ${n(d.local / d.governor, 2)} |
| raw EVALSHA over ${d.shared_keys} keys, ${d.at_once} at once | ${n(d.evalsha)} | 1.00 |
| ours by leases, the same keys | ${n(d.leased)} | ${n(d.leased / d.evalsha, 2)} |

| counting for the figures, ns a request that does nothing else | with | without | costs |
|---|---|---|---|
${counting.join('\n')}
`
}
