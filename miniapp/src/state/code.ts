/** Asking for a one-time code: one question at a time, and the next one when the line takes it. */
import { useEffect, useRef, useState } from 'react'
import { asProblem, type Problem } from '../api/problem'
import type { OtpSent } from '../api/types'

export interface Code {
  /** Seconds until another one can be asked for. */
  waitS: number
  busy: boolean
  /** One is on its way. */
  sent: boolean
  problem?: Problem
  ask(): void
}

export function useCode(asks: () => Promise<OtpSent>): Code {
  const [waitS, setWaitS] = useState(0)
  const [state, setState] = useState<Pick<Code, 'busy' | 'sent' | 'problem'>>({ busy: false, sent: false })
  // A second tap can come before the button is drawn anew.
  const asking = useRef(false)
  useEffect(() => {
    if (waitS <= 0) return undefined
    const timer = setTimeout(() => setWaitS(waitS - 1), 1000)
    return () => clearTimeout(timer)
  }, [waitS])

  async function run() {
    if (asking.current) return
    asking.current = true
    setState((was) => ({ busy: true, sent: was.sent }))
    try {
      const reply = await asks()
      setWaitS(reply.resend_after)
      setState({ busy: false, sent: true })
    } catch (thrown) {
      const problem = asProblem(thrown)
      setWaitS(problem.retryAfterS ?? 0)
      setState((was) => ({ busy: false, sent: was.sent, problem }))
    } finally {
      asking.current = false
    }
  }
  return { ...state, waitS, ask: () => void run() }
}
