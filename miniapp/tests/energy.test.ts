import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Bill } from '../src/api/types'
import { kwhPlain, kwhText, kwhUnits } from '../src/energy/kwh'
import { differs, isDoubtful } from '../src/energy/made_again'
import { dearestFirst } from '../src/energy/slots'
import { walkSteps } from '../src/energy/steps'

const TIERS = [
  { tier: 1, up_to_kwh: '2760', price_yuan_per_kwh: '0.538' },
  { tier: 2, up_to_kwh: '4800', price_yuan_per_kwh: '0.588' },
  { tier: 3, up_to_kwh: null, price_yuan_per_kwh: '0.838' },
]

test('energy keeps its four decimals', () => {
  assert.equal(kwhUnits('0.1'), 1000)
  assert.equal(kwhUnits('-22'), -220000)
  assert.equal(kwhUnits('1.23456'), undefined)
  assert.equal(kwhUnits('many'), undefined)
  assert.equal(kwhText(12845000), '1284.5')
  assert.equal(kwhText(-220000), '-22')
  assert.equal(kwhPlain('269.0000'), '269')
  assert.equal(kwhPlain('not a number'), 'not a number')
})

test('the dearest part of the day stands first, an unknown one last, and what is alike as it came', () => {
  const parts = ['dusk', 'deep_valley', 'flat', 'peak', 'valley', 'super_peak', 'flat'].map((slot, n) => ({ slot, n }))
  const found = dearestFirst(parts)
  assert.deepEqual(found.map(({ slot }) => slot), ['super_peak', 'peak', 'flat', 'flat', 'valley', 'deep_valley', 'dusk'])
  assert.deepEqual(found.filter(({ slot }) => slot === 'flat').map(({ n }) => n), [2, 6])
  assert.equal(parts[0]?.slot, 'dusk')
})

test('a home stands on exactly one step, and knows what is left of it', () => {
  const walk = walkSteps(TIERS, '2432')
  assert.deepEqual(walk?.steps.map((step) => step.current), [true, false, false])
  assert.equal(walk?.leftKwh, '328')
  assert.deepEqual(walk?.steps.map((step) => step.filledPercent), [88, 0, 0])
})

test('the limit itself belongs to the next step', () => {
  const walk = walkSteps(TIERS, '2760')
  assert.deepEqual(walk?.steps.map((step) => step.current), [false, true, false])
  assert.equal(walk?.leftKwh, '2040')
  assert.deepEqual(walk?.steps.map((step) => step.filledPercent), [100, 0, 0])
})

test('the last step is open: nothing is left to count down', () => {
  const walk = walkSteps(TIERS, '5000.5')
  assert.equal(walk?.leftKwh, undefined)
  assert.equal(walk?.steps[2].current, true)
  assert.deepEqual(walk?.steps.map((step) => step.filledPercent), [100, 100, 100])
})

test('tiers in any order walk the same, and what cannot be read is not drawn', () => {
  assert.deepEqual(walkSteps([...TIERS].reverse(), '3000'), walkSteps(TIERS, '3000'))
  assert.equal(walkSteps(TIERS, '?'), undefined)
  assert.equal(walkSteps([{ tier: 1, up_to_kwh: 'x', price_yuan_per_kwh: '1' }], '3'), undefined)
})

test('what a gateway of an older release does not say of a bill is no doubt about it', () => {
  const line = { kind: 'energy', recomputed: true, amount_fen: 5292 }
  const old = { adds_up: true, readings: [{ energy_kwh: '90' }], lines: [line], total_fen: 5292 } as unknown as Bill
  assert.equal(isDoubtful(old), false)
  const told = { ...old, energy_recomputed: true, readings: [{ recomputed: true }], lines: [{ ...line, price_recomputed: true }] } as unknown as Bill
  assert.equal(isDoubtful(told), false)
  const wrong: Partial<Record<keyof Bill, unknown>>[] = [
    { adds_up: false }, { energy_recomputed: false }, { readings: [{ recomputed: false }] },
    { lines: [{ ...line, recomputed: false }] }, { lines: [{ ...line, price_recomputed: false }] },
  ]
  for (const one of wrong) assert.equal(isDoubtful({ ...told, ...one } as unknown as Bill), true, JSON.stringify(one))
  assert.deepEqual([differs(undefined), differs(null), differs(true), differs(false)], [false, false, false, true])
})
