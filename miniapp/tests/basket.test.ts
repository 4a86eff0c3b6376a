import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Arrears } from '../src/api/types'
import { basket, payable, type Shelf } from '../src/payments/basket'

const figure = (total: number, more: Partial<Arrears> = {}): Arrears => ({
  items: [], total_fen: total, in_flight_fen: 0, held: false, arrears_version: `v${total}`, as_of: '2026-11-20T10:00:00+08:00', stale: false, ...more,
})
const shelf = (total: number, more: Partial<Arrears> = {}): Shelf => ({ figure: figure(total, more), away: false })

test('only a home that owes and was read just now can be paid', () => {
  assert.equal(payable(shelf(1)), true)
  const not: Shelf[] = [{ away: false }, { away: true }, shelf(0), shelf(-5), shelf(9, { stale: true }), shelf(9, { held: true }), { ...shelf(9), away: true }]
  for (const one of not) assert.equal(payable(one), false, JSON.stringify(one))
})

test('the basket is what is chosen and can be paid, with the sums that were shown', () => {
  const shelves = new Map([['a', shelf(100)], ['b', shelf(0)], ['c', shelf(250)], ['d', shelf(999, { stale: true })], ['f', shelf(777, { held: true })], ['e', { away: true } as Shelf]])
  assert.deepEqual(basket(shelves, new Set()), {
    items: [{ binding_id: 'a', amount_fen: 100, arrears_version: 'v100' }, { binding_id: 'c', amount_fen: 250, arrears_version: 'v250' }],
    totalFen: 350,
  })
  assert.deepEqual(basket(shelves, new Set(['a'])).totalFen, 250)
  assert.deepEqual(basket(shelves, new Set(['a', 'c'])), { items: [], totalFen: 0 })
  assert.deepEqual(basket(new Map(), new Set()), { items: [], totalFen: 0 })
})
