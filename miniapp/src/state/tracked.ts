/** Follows one payment until nothing more will happen to it. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { useDidHide, useDidShow } from '@tarojs/taro'
import { onWake } from '../api/platform'
import { asProblem, type Problem } from '../api/problem'
import type { Payment } from '../api/types'
import { isFinal, pollPauseMs } from '../payments/tracker'
import { call } from './signed_in'

export interface Tracked {
  payment?: Payment
  /** The last question was not answered; the tracker keeps asking. */
  problem?: Problem
  askNow(): void
}

export function useTracked(paymentId: string | undefined): Tracked {
  const [payment, setPayment] = useState<Payment>()
  const [problem, setProblem] = useState<Problem>()
  const timer = useRef<ReturnType<typeof setTimeout>>()
  const turn = useRef(0)
  const asking = useRef(false)

  const stop = useCallback(() => {
    turn.current += 1
    asking.current = false
    if (timer.current !== undefined) clearTimeout(timer.current)
  }, [])

  const askNow = useCallback(() => {
    stop()
    if (!paymentId) return
    const mine = turn.current
    const ask = async (asked: number, seen: string): Promise<void> => {
      let now = seen
      let over = false
      let waitMs = 0
      asking.current = true
      try {
        const answer = await call<Payment>('GET', `/payments/${encodeURIComponent(paymentId)}`)
        if (mine !== turn.current) return
        setPayment(answer)
        setProblem(undefined)
        now = `${answer.state} ${answer.next.code}`
        over = isFinal(answer)
      } catch (thrown) {
        if (mine !== turn.current) return
        const refused = asProblem(thrown)
        setProblem(refused)
        waitMs = (refused.retryAfterS ?? 0) * 1000
        over = refused.status >= 400 && refused.status < 500 && refused.status !== 429
      }
      asking.current = false
      const count = now === seen ? asked + 1 : 0
      if (!over) timer.current = setTimeout(() => void ask(count, now), Math.max(waitMs, pollPauseMs(count)))
    }
    void ask(0, '')
  }, [paymentId, stop])

  useEffect(() => {
    askNow()
    const unwatch = onWake(askNow)
    return () => {
      unwatch()
      stop()
    }
  }, [askNow, stop])
  // The first show comes while the first question is under way.
  useDidShow(() => {
    if (!asking.current) askNow()
  })
  useDidHide(stop)
  return { payment, problem, askNow }
}
