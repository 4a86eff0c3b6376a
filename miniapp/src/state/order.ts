/** Placing one order from one confirm screen: one key for one intention, kept over retries. */
import { useEffect, useRef, useState } from 'react'
import { keyRing } from '../api/idempotency'
import { onBroughtBack, openCashier, platform, randomKey } from '../api/platform'
import { asProblem, isRecord, type Problem } from '../api/problem'
import type { NewPayment, Payment, PaymentPurpose } from '../api/types'
import { replace } from '../ui/navigation'
import { useHere } from './here'
import { call } from './signed_in'

/** The bill as the person saw it, and what they want if it is not due any more when the money comes. */
export interface SeenBill {
  version: string
  keep: boolean
  onChanged: () => void
}

export interface Order {
  busy: boolean
  problem?: Problem
  /** The new total, when the bill changed while the person was reading it. */
  changedTo?: number
  place(amountFen: number, bill?: SeenBill): void
  clear(): void
}

export function useOrder(bindingId: string, purpose: PaymentPurpose): Order {
  const keys = useRef(keyRing(randomKey))
  const here = useHere()
  const [state, setState] = useState<{ busy: boolean; problem?: Problem; changedTo?: number }>({ busy: false })
  // Whoever comes back from the cashier by the browser's way back may pay again: the key makes it the same order.
  useEffect(() => onBroughtBack(() => setState((was) => (was.busy ? { busy: false } : was))), [])

  async function run(amountFen: number, bill?: SeenBill) {
    setState({ busy: true })
    const body: NewPayment = {
      binding_id: bindingId, purpose, amount_fen: amountFen, arrears_version: bill?.version, keep_as_prepayment: bill?.keep ? true : undefined, via: platform,
    }
    try {
      const payment = await call<Payment>('POST', '/payments', { body, idempotencyKey: keys.current.keyFor(body) })
      // Whoever left meanwhile finds the order among the payments; no cashier opens over another screen.
      if (!here.current) return
      const how = await openCashier(payment)
      if (how === 'returned' && here.current) replace('tracker', { payment_id: payment.payment_id })
    } catch (thrown) {
      if (!here.current) return
      const problem = asProblem(thrown)
      const changedTo = newTotal(problem)
      setState({ busy: false, problem: changedTo === undefined ? problem : undefined, changedTo })
      if (changedTo !== undefined) bill?.onChanged()
    }
  }
  return {
    ...state,
    place: (amountFen, bill) => void run(amountFen, bill),
    clear: () => setState({ busy: false }),
  }
}

/** The total of a `STALE_ARREARS` refusal. */
function newTotal(problem: Problem): number | undefined {
  if (problem.code !== 'STALE_ARREARS' || !isRecord(problem.members.current)) return undefined
  const { total_fen: total } = problem.members.current
  return typeof total === 'number' ? total : undefined
}
