/** Placing one order for several homes: one key for one choice, kept over retries. */
import { useEffect, useRef, useState } from 'react'
import { keyRing } from '../api/idempotency'
import { onBroughtBack, openCashier, platform, randomKey } from '../api/platform'
import { asProblem, type Problem } from '../api/problem'
import type { CheckoutItem, NewCheckout, Payment } from '../api/types'
import { replace } from '../ui/navigation'
import { useHere } from './here'
import { call } from './signed_in'

export interface Checkout {
  busy: boolean
  problem?: Problem
  /** The home that keeps the order from being made, when it is about one. */
  home?: string
  /** With `keep`, what is not due any more when the money comes stays with its home. */
  place(items: CheckoutItem[], keep: boolean, onRefused: () => void): void
  clear(): void
}

export function useCheckout(): Checkout {
  const keys = useRef(keyRing(randomKey))
  const here = useHere()
  const [state, setState] = useState<{ busy: boolean; problem?: Problem; home?: string }>({ busy: false })
  // As for one home: whoever comes back from the cashier by the browser's way back may pay again.
  useEffect(() => onBroughtBack(() => setState((was) => (was.busy ? { busy: false } : was))), [])

  async function run(items: CheckoutItem[], keep: boolean, onRefused: () => void) {
    setState({ busy: true })
    const body: NewCheckout = { items, keep_as_prepayment: keep ? true : undefined, via: platform }
    try {
      const payment = await call<Payment>('POST', '/checkouts', { body, idempotencyKey: keys.current.keyFor(body) })
      // Whoever left meanwhile finds the order among the payments; no cashier opens over another screen.
      if (!here.current) return
      const how = await openCashier(payment)
      if (how === 'returned' && here.current) replace('tracker', { payment_id: payment.payment_id })
    } catch (thrown) {
      if (!here.current) return
      const problem = asProblem(thrown)
      const { binding_id: home } = problem.members
      setState({ busy: false, problem, home: typeof home === 'string' ? home : undefined })
      onRefused()
    }
  }
  return { ...state, place: (items, keep, onRefused) => void run(items, keep, onRefused), clear: () => setState({ busy: false }) }
}
