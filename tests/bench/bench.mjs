// Runs the parts of the benchmark one after the other and writes the report. Method: docs/PERFORMANCE.md.
// A part answers its figures (`run`) and words them (`text`); PARTS="bills edge" runs some of them.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import * as bills from './bills.mjs'
import * as edge from './edge.mjs'
import * as payments from './payments.mjs'
import { CONNECTIONS, ROUNDS, SECONDS_EACH, forget, fsyncMs, n, stopAll, target } from './stand.mjs'

const PARTS = {
  bills,
  edge,
  payments,
}

async function main() {
  const wanted = process.env.PARTS?.split(' ') ?? Object.keys(PARTS)
  const report = { at: new Date().toISOString(), commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim(),
    cores: os.cpus().length, load: os.loadavg()[0], fsync_ms: fsyncMs(), rounds: ROUNDS, seconds_each: SECONDS_EACH, connections: CONNECTIONS }
  const texts = []
  for (const name of wanted) {
    const found = await PARTS[name].run()
    Object.assign(report, found)
    texts.push(PARTS[name].text(found))
  }
  write(report, texts)
}

function write(report, texts) {
  const text = `# Benchmark at ${report.commit}, ${report.at}

${report.cores} cores, server on core 0, load on core 1, ${report.rounds} rounds of ${report.seconds_each} s in turn, ${report.connections} connections, load average ${n(report.load, 2)} at the start, 4 KiB write + fsync ${n(report.fsync_ms, 2)} ms.

${texts.join('\n')}`
  const out = path.join(target, 'bench')
  mkdirSync(out, { recursive: true })
  writeFileSync(path.join(out, 'report.json'), JSON.stringify(report, null, 2))
  writeFileSync(path.join(out, 'report.md'), text)
  process.stdout.write(text)
}

let status = 0
try { await main() } catch (error) { process.stderr.write(`bench: ${error.stack ?? error}\n`); status = 1 }
await stopAll()
forget()
process.exit(status)
