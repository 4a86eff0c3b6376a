import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SettlementLine, SolarSlot } from '../src/api/types'
import { lineName, soldIn } from '../src/settlement/lines'

const line = (kind: SettlementLine['kind'], slot: SolarSlot, energy: string): SettlementLine => ({
  kind, slot, energy_kwh: energy, from: '2026-10-01', to: '2026-10-31', price_yuan_per_kwh: '0.3', amount_fen: 1, formula: '',
})
const part = (slot: SolarSlot, generated: string, fedIn: string) => ({ slot, generated_kwh: generated, fed_in_kwh: fedIn })
const DAYS = [
  { day: '2026-10-01', parts: [part('peak', '10.4', '7.8'), part('valley', '0.9', '0.6')] },
  { day: '2026-10-02', parts: [part('peak', '6', '4.5'), part('valley', '0', '0')] },
]
const daysOf = (lines: SettlementLine[]) => {
  const sold = soldIn({ lines, days: DAYS })
  return DAYS.map(({ parts }) => parts.map(sold))
}

test('the days show what the lines of sales are made of, in either way of selling', () => {
  const surplus = [line('feed_in', 'peak', '12.3'), line('feed_in', 'valley', '0.6')]
  assert.deepEqual(daysOf(surplus), [['7.8', '0.6'], ['4.5', '0']])
  const full = [line('feed_in', 'peak', '16.4'), line('feed_in', 'valley', '0.9')]
  assert.deepEqual(daysOf(full), [['10.4', '0.9'], ['6', '0']])
})

test('a subsidy, which is on all that was generated, says nothing about what was sold', () => {
  const lines = [line('feed_in', 'peak', '12.3'), line('feed_in', 'valley', '0.6'), line('subsidy', 'peak', '16.4'), line('subsidy', 'valley', '0.9')]
  assert.deepEqual(daysOf(lines), [['7.8', '0.6'], ['4.5', '0']])
  assert.deepEqual(soldIn({ lines: [line('feed_in', 'peak', '?')], days: DAYS })(part('peak', '2', '1')), '1')
})

test('a subsidy does not read as a second sale, in either language', () => {
  const named = (language: 'zh-CN' | 'en') => (['feed_in', 'subsidy'] as const).map((kind) => lineName({ kind, slot: 'deep_valley' }, language))
  assert.deepEqual(named('zh-CN'), ['深谷上网电量', '深谷补贴'])
  assert.deepEqual(named('en'), ['fed in, deep valley', 'subsidy, deep valley'])
})
