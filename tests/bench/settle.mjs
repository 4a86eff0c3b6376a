// Reads what settle.sh measured (settle.txt) and adds it, with its ratios, to report.json and report.md.
//
//   node tests/bench/settle.mjs target
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const out = path.join(process.argv[2], 'bench')

/** The numbers of the first line that looks like `what`; a line that is not there is said, and nothing is written. */
function numbers(said, what) {
  const found = what.exec(said)
  if (!found) throw new Error(`settle.txt says nothing of ${what}`)
  return found.slice(1).map(Number)
}

function read(said) {
  const [sellers] = numbers(said, /^(\d+) sellers/m)
  const [kept, resultsMs] = numbers(said, /^results of (\d+) in (\d+) ms/m)
  const [selectMs] = numbers(said, /^Time: ([\d.]+) ms/m)
  const whole = [1, 4].map((workers) => {
    const [settled, ms, kb] = numbers(said, new RegExp(`^workers ${workers}: done (\\d+) in (\\d+) ms, at most (\\d+) kB`, 'm'))
    if (settled !== sellers) throw new Error(`${workers} workers settled ${settled} of ${sellers}`)
    return { workers, ms, mb: kb / 1024, to_select: ms / selectMs }
  })
  if (kept !== sellers) throw new Error(`${kept} results of ${sellers}`)
  const queues = [...said.matchAll(/^queue of (\d+): (\d+) ns a turn, (\d+) ns to see/gm)].map(([, length, turn, look]) => (
    { length: Number(length), turn_ns: Number(turn), look_ns: Number(look) }))
  const [pairUs] = numbers(said, /^a pair made: (\d+) us/m)
  const [openedUs] = numbers(said, /^a ciphertext opened: (\d+) us/m)
  return { sellers, select_ms: selectMs, results_ms: resultsMs, results_to_select: resultsMs / selectMs, whole, queues,
    queue_long_to_short: queues.at(-1).turn_ns / queues[0].turn_ns, pair_us: pairUs, opened_us: openedUs }
}

const seconds = (ms) => (ms / 1000).toFixed(1)

function text(found) {
  const rows = [
    ['one INSERT..SELECT', found.select_ms, 1, '-'],
    ['results alone, one worker', found.results_ms, found.results_to_select, '-'],
    ...found.whole.map(({ workers, ms, mb, to_select: ratio }) => [`with tasks, evidence and events, workers: ${workers}`, ms, ratio, mb.toFixed(0)]),
  ]
  const queues = found.queues.map(({ length, turn_ns: turn, look_ns: look }) => `| ${length} | ${turn} | ${look} |`)
  return `
#### Settlement of ${found.sellers} sellers
Each run in a store of its own, filled for it.

| what | s | to INSERT..SELECT | most memory MB |
|---|---|---|---|
${rows.map(([what, ms, ratio, mb]) => `| ${what} | ${seconds(ms)} | ${ratio.toFixed(1)} | ${mb} |`).join('\n')}

| queued payouts | a turn, ns | a look at the weights, ns |
|---|---|---|
${queues.join('\n')}

A turn of the long queue to one of the short: ${found.queue_long_to_short.toFixed(2)}. A key pair made: ${found.pair_us} us; a ciphertext opened: ${found.opened_us} us.
`
}

const [json, page] = ['report.json', 'report.md'].map((name) => path.join(out, name))
const settlement = read(readFileSync(path.join(out, 'settle.txt'), 'utf8'))
const report = existsSync(json) ? JSON.parse(readFileSync(json, 'utf8')) : {}
writeFileSync(json, JSON.stringify({ ...report, settlement }, null, 2))
const said = text(settlement)
writeFileSync(page, `${existsSync(page) ? readFileSync(page, 'utf8') : ''}${said}`)
process.stdout.write(said)
