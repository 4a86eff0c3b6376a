import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fenFromTyped, yuanSign, yuanText } from '../src/money/fen'
import { chineseNumber, englishNumber, spokenAmount } from '../src/money/spoken'

test('amounts are written with two decimals and grouped yuan', () => {
  const cases: [number, string][] = [
    [0, '0.00'], [5, '0.05'], [50, '0.50'], [12840, '128.40'], [100000, '1,000.00'], [128405, '1,284.05'],
    [123456789, '1,234,567.89'], [-500, '-5.00'], [-123456, '-1,234.56'],
  ]
  for (const [fen, text] of cases) assert.equal(yuanText(fen), text)
  assert.equal(yuanSign(-500), '-¥5.00')
})

test('an amount that is not whole fen is refused, never rounded', () => {
  for (const fen of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    assert.throws(() => yuanText(fen), RangeError)
    assert.throws(() => spokenAmount(fen, 'zh-CN'), RangeError)
  }
})

test('typed amounts become fen without a float', () => {
  const cases: [string, number | undefined][] = [
    ['50', 5000], ['0.29', 29], ['1.1', 110], ['19.99', 1999], ['１２８。４', 12840], [' 7. ', 700], ['4.35', 435], ['1.005', undefined],
    ['', undefined], ['0', undefined], ['0.00', undefined], ['-5', undefined], ['1e3', undefined], ['1,000', undefined], ['abc', undefined], ['.5', undefined],
  ]
  for (const [typed, fen] of cases) assert.equal(fenFromTyped(typed), fen, typed)
})

test('every fen up to 200 yuan comes back as it was written', () => {
  for (let fen = 1; fen <= 20_000; fen += 1) assert.equal(fenFromTyped(yuanText(fen).replace(/,/g, '')), fen)
})

test('amounts are read aloud in Chinese', () => {
  const cases: [number, string][] = [
    [0, '零元'], [5, '五分'], [40, '四角'], [45, '四角五分'], [100, '一元'], [105, '一元零五分'], [1000, '十元'], [1150, '十一元五角'],
    [12840, '一百二十八元四角'], [100000, '一千元'], [100500, '一千零五元'], [101000, '一千零一十元'], [1000000, '一万元'], [1000500, '一万零五元'],
    [10500000, '十万五千元'], [100000000, '一百万元'], [100010000, '一百万零一百元'], [-500, '负五元'],
  ]
  for (const [fen, words] of cases) assert.equal(spokenAmount(fen, 'zh-CN'), words)
  assert.equal(chineseNumber(100000000), '一亿')
  assert.equal(chineseNumber(100010001), '一亿零一万零一')
  assert.equal(chineseNumber(20304), '二万零三百零四')
})

test('amounts are read aloud in English', () => {
  const cases: [number, string][] = [
    [0, 'zero yuan'], [5, 'five fen'], [12840, 'one hundred twenty-eight yuan forty'], [12805, 'one hundred twenty-eight yuan zero five'],
    [100000, 'one thousand yuan'], [123456700, 'one million two hundred thirty-four thousand five hundred sixty-seven yuan'], [-2100, 'minus twenty-one yuan'],
  ]
  for (const [fen, words] of cases) assert.equal(spokenAmount(fen, 'en'), words)
  assert.equal(englishNumber(19), 'nineteen')
})
