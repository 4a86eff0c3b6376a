import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { comparisonText } from '../src/billing/comparison'
import { say, sayProblem } from '../src/words'
import { dictionary, type WordKey } from '../src/words/dictionary'
import { problems } from '../src/words/problems'

const root = path.resolve(__dirname, '../../..')

interface InterfaceDocument { 'x-problem-codes': { code: string; status: number }[] }

/** The codes that the gateway answers with, by the interface document. */
function documentedCodes(): string[] {
  const document = JSON.parse(fs.readFileSync(path.join(root, '../openapi/lifeline.json'), 'utf8')) as InterfaceDocument
  const codes = document['x-problem-codes'].map((each) => each.code)
  assert.ok(codes.length > 10, 'the interface document lists its problem codes')
  return codes
}

test('every problem code of the gateway has words in both languages', () => {
  const missing = documentedCodes().filter((code) => !problems[code]?.zh || !problems[code]?.en)
  assert.deepEqual(missing, [])
})

test('no words are kept for a code that the gateway does not have', () => {
  const own = ['NETWORK']
  const gone = Object.keys(problems).filter((code) => !own.includes(code) && !documentedCodes().includes(code))
  assert.deepEqual(gone, [])
})

test('a problem never says "not found" of a number, and never blames', () => {
  for (const [code, words] of Object.entries(problems)) {
    assert.ok(words.zh.length > 0 && words.en.length > 0, code)
    assert.doesNotMatch(words.en, /invalid|illegal|fail(ed)?\b|error|your fault/i, code)
  }
  assert.doesNotMatch(`${problems.CANNOT_CONFIRM.zh}${problems.CANNOT_CONFIRM.en}`, /not found|找不到|不存在|not yours/i)
})

test('both languages have every word and the same blanks', () => {
  const blanks = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1]).sort()
  for (const [key, [zh, en]] of Object.entries(dictionary)) {
    assert.ok(zh && en, key)
    assert.deepEqual(blanks(en), blanks(zh), key)
  }
})

test('every word is used by a screen', () => {
  const sources = fs.readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('dictionary'))
    .map((file) => fs.readFileSync(path.join(root, 'src', file), 'utf8'))
    .join('\n')
  const composed = [...sources.matchAll(/`([a-z_.A-Z]+)\.\$\{(?!string\})/g)].map((found) => `${found[1]}.`)
  const unused = Object.keys(dictionary).filter((key) => !sources.includes(`'${key}'`) && !composed.some((prefix) => key.startsWith(prefix)))
  assert.deepEqual(unused, [])
})

test('blanks are filled, and one that is not given stays visible', () => {
  assert.equal(say('zh-CN', 'home.step.left', { kwh: '44' }), '离下一档还有 44 度')
  assert.equal(say('en', 'pay.changed', { amount: '¥1.00' }), 'The bill has just changed to ¥1.00. Please confirm before paying.')
  assert.match(say('en', 'pay.changed' as WordKey), /\{amount\}/)
})

test('a limit says how long to wait, and a code from the future still has words and a way out', () => {
  assert.equal(sayProblem('zh-CN', 'RATE_LIMITED', 30).text, '操作有点频繁，请 30 秒后再试')
  assert.equal(sayProblem('en', 'RATE_LIMITED', 150).text, 'Too many tries. Please wait 3 minutes.')
  assert.equal(sayProblem('en', 'RATE_LIMITED', 40_000).text, 'Too many tries. Please wait 12 hours.')
  const unknown = sayProblem('en', 'SOMETHING_NEW')
  assert.ok(unknown.text.length > 0)
  assert.equal(unknown.cure, 'retry')
})

test('a proof that is locked for the year does not say tomorrow, and an amount that is not taken says which is', () => {
  assert.match(sayProblem('zh-CN', 'PROOF_LOCKED', 3600).text, /明天/)
  const lasting = sayProblem('zh-CN', 'PROOF_LOCKED')
  assert.equal(lasting.text, '今年可试的证件号已用完，请用短信验证码，或到网点办理。')
  assert.equal(lasting.cure, 'retry')
  assert.match(sayProblem('zh-CN', 'PROOF_LOCKED', 86_400).text, /明天/)
  assert.equal(sayProblem('zh-CN', 'PROOF_LOCKED', 86_401).text, lasting.text)
  const range = { range: { min_fen: 100, max_fen: 500_000 } }
  assert.equal(sayProblem('zh-CN', 'AMOUNT_OUT_OF_RANGE', undefined, range).text, '一次可缴 ¥1.00 到 ¥5,000.00，请调整。')
  assert.match(sayProblem('en', 'AMOUNT_OUT_OF_RANGE').text, /outside/)
  for (const [code, { lasting: other, ranged }] of Object.entries(problems)) {
    for (const words of [other, ranged]) assert.ok(words === undefined || (words.zh && words.en), code)
  }
})

test('a refusal whose button must leave the sign-in behind, or a missing phone, has a button that does', () => {
  const cures = (...codes: string[]) => codes.map((code) => sayProblem('zh-CN', code).cure)
  assert.deepEqual(cures('FRESH_SIGN_IN_REQUIRED', 'NO_PAYER', 'UNAUTHENTICATED'), ['sign_in_anew', 'sign_in_anew', 'sign_in'])
  assert.deepEqual(cures('PHONE_REQUIRED'), ['add_phone'])
})

test('who sells power is told what keeps an erasure from being asked for, and where it ends', () => {
  const { zh, en } = problems.MONEY_OPEN
  assert.match(zh, /光伏.*结束合作/)
  assert.match(en, /sell power.*Solar/)
})

test('the comparison says energy, price and days from its own numbers', () => {
  const more = comparisonText(
    { period: '2026-08', energy_delta_kwh: '22', charge_delta_fen: 1230, price_delta_fen: 46, energy_effect_fen: 1184, days_delta: 1 },
    'en',
  )
  assert.equal(more.headline, '¥12.30 more than 2026-08')
  assert.deepEqual(more.sentences, [
    'Energy: 22 kWh more, ¥11.84 more.', 'Price: a higher step or price, ¥0.46 more.', 'Days: 1 more in this bill.',
  ])
  const less = comparisonText(
    { period: '2026-08', energy_delta_kwh: '-4.5000', charge_delta_fen: -242, price_delta_fen: 0, energy_effect_fen: -242, days_delta: -1 },
    'zh-CN',
  )
  assert.equal(less.headline, '比 2026-08 少 ¥2.42')
  assert.deepEqual(less.sentences, ['电量：少用 4.5 度，少 ¥2.42。', '电价：没有变化。', '天数：这期少 1 天。'])
})

test('more energy at a lower price is told as both', () => {
  const mixed = comparisonText(
    { period: '2026-01', energy_delta_kwh: '10', charge_delta_fen: 0, price_delta_fen: -538, energy_effect_fen: 538, days_delta: 0 },
    'en',
  )
  assert.equal(mixed.headline, 'The same as 2026-01')
  assert.deepEqual(mixed.sentences, ['Energy: 10 kWh more, ¥5.38 more.', 'Price: a lower step or price, ¥5.38 less.', 'Days: the same length.'])
})
