// What every part of the benchmark stands on: processes on their cores, demos, load, summaries.
// Every process started here is ended here, by pid.
import { execFileSync, spawn } from 'node:child_process'
import { closeSync, copyFileSync, fsyncSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { performance } from 'node:perf_hooks'

export const target = process.argv[2]
export const ROUNDS = Number(process.env.ROUNDS ?? 5)
export const SECONDS_EACH = Number(process.env.SECONDS_EACH ?? 5)
export const CONNECTIONS = 64
export const LIMIT = 900_000_000
export const work = mkdtempSync(path.join(os.tmpdir(), 'lifeline-bench-'))
export const [SERVER_CORE, LOAD_CORE] = os.cpus().length > 1 ? ['0', '1'] : ['0', '0']
const running = new Set()

export function start(core, command, args, options = {}) {
  const child = spawn('taskset', ['-c', core, command, ...args], { stdio: ['ignore', 'pipe', 'inherit'], ...options })
  running.add(child)
  child.on('exit', () => running.delete(child))
  return child
}

export async function stop(child) {
  if (child.exitCode !== null) return
  const gone = new Promise((done) => child.once('exit', done))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 8000)
  await gone
  clearTimeout(timer)
}

export async function portBase() {
  const free = (port) => new Promise((done) => {
    const probe = net.createServer().once('error', () => done(false)).listen(port, '127.0.0.1', () => probe.close(() => done(true)))
  })
  for (;;) {
    const base = 20000 + Math.floor(Math.random() * 30000)
    const all = await Promise.all([0, 1, 2, 3, 4].map((at) => free(base + at)))
    if (all.every(Boolean)) return base
  }
}

export async function untilReady(child, file, within) {
  const began = performance.now()
  for (;;) {
    try { return JSON.parse(readFileSync(file, 'utf8')) } catch { /* not yet */ }
    if (child.exitCode !== null || performance.now() - began > within) throw new Error('the demo did not become ready')
    await new Promise((done) => setTimeout(done, 2))
  }
}

export const memoryMb = (pid) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024

/** Milliseconds of processor time a process has used: in ticks of ten. */
export function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

/**
 * A copy of the binary whose outside is the responder: a demo starts what lies beside it. The responder shares the load's
 * core, so that the server's core is the gateway's alone.
 */
export function standIn() {
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
export async function demo(name, extra, binary = path.join(target, 'release', 'lifeline')) {
  const base = await portBase()
  const home = path.join(work, name)
  mkdirSync(home, { recursive: true })
  const ready = path.join(home, 'ready.json')
  const begin = async () => {
    rmSync(ready, { force: true })
    const began = performance.now()
    const child = start(SERVER_CORE, binary,
      ['demo', '--data-dir', path.join(home, 'data'), '--port-base', String(base), '--ready-file', ready, ...extra],
      { env: { ...process.env, LIFELINE__LIMITS__PER_ADDRESS_MINUTE: String(LIMIT), LIFELINE__LIMITS__PER_NETWORK_MINUTE: String(LIMIT), LIFELINE__LIMITS__FUNCTIONS_PERCENT: String(LIMIT), LIFELINE__LIMITS__PER_ACCOUNT_MINUTE: String(LIMIT), LIFELINE__LIMITS__STEP_UP_DAY_FEN: '1000000000', LIFELINE__LIMITS__STEP_UP_NEW_FEN: '1000000000', LIFELINE_LOG: 'warn' } })
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

export async function json(url, options = {}) {
  const answer = await fetch(url, { ...options, headers: { 'content-type': 'application/json', ...options.headers } })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  return { body: await answer.clone().json(), bytes: Buffer.from(await answer.arrayBuffer()), headers: answer.headers }
}

/** One round of wrk: requests per second and the 50th and 99th percentile in ms. Any refusal voids it. */
export function load(url, bearer, connections = CONNECTIONS) {
  const said = execFileSync('taskset', ['-c', LOAD_CORE, 'wrk', '-t1', `-c${connections}`, `-d${SECONDS_EACH}s`, '--latency',
    '-H', `Authorization: ${bearer.authorization}`, url], { encoding: 'utf8' })
  if (/Non-2xx/.test(said)) throw new Error(`refusals under load:\n${said}`)
  const ms = (text) => { const [, n, unit] = /([\d.]+)(us|ms|s)/.exec(text); return Number(n) * { us: 0.001, ms: 1, s: 1000 }[unit] }
  // Anchored: a line above may end in a share like 90.50%.
  const percentile = (p) => ms(new RegExp(`^\\s+${p}%\\s+(\\S+)`, 'm').exec(said)[1])
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(said)[1]), p50: percentile(50), p99: percentile(99) }
}

/** Milliseconds per 4 KiB write with fsync: what the disk allows, to be read beside the rest. */
export function fsyncMs() {
  const file = openSync(path.join(work, 'fsync'), 'w')
  const block = Buffer.alloc(4096, 1)
  const began = performance.now()
  for (let i = 0; i < 200; i++) { writeSync(file, block); fsyncSync(file) }
  const taken = performance.now() - began
  closeSync(file)
  return taken / 200
}

export const median = (values) => { const sorted = [...values].sort((a, b) => a - b); return sorted[Math.floor(sorted.length / 2)] }
export function summary(rounds) {
  const rates = rounds.map((r) => r.rate)
  const cpu = median(rounds.map((r) => r.cpu_ms ?? NaN))
  return { median: median(rates), cpu_ms: cpu, low: Math.min(...rates), high: Math.max(...rates), p50: median(rounds.map((r) => r.p50)), p99: median(rounds.map((r) => r.p99)) }
}

/** Ends what a part left running and forgets its files. */
export async function stopAll() {
  for (const child of [...running]) await stop(child)
}

export const forget = () => rmSync(work, { recursive: true, force: true })

/** A figure for a table; what was not measured is a dash. */
export const n = (value, digits = 0) => (Number.isFinite(value) ? value.toFixed(digits) : '-')

/** Whole seconds of rounds in turn, A-B-C-A-B-C, after one to warm up: a slow minute hits all. */
export function inTurn(turns, rounds = ROUNDS) {
  for (const turn of Object.values(turns)) turn()
  const found = Object.fromEntries(Object.keys(turns).map((name) => [name, []]))
  for (let round = 0; round < rounds; round++) for (const [name, turn] of Object.entries(turns)) found[name].push(turn())
  return Object.fromEntries(Object.entries(found).map(([name, all]) => [name, summary(all)]))
}
