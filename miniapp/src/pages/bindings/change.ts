/** One change that a screen makes, and its refusal. */
import { useRef, useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'

export interface Change { busy: boolean; problem?: Problem; run: () => void }

/** Runs `change`, one at a time, then `done` with what it gave; a refusal is kept for the screen to say. */
export function useChange<T>(change: () => Promise<T>, done: (made: T) => void): Change {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  // A second tap can come before the button is drawn anew.
  const going = useRef(false)
  async function run() {
    if (going.current) return
    going.current = true
    setBusy(true)
    setProblem(undefined)
    try {
      done(await change())
    } catch (thrown) {
      setProblem(asProblem(thrown))
    } finally {
      going.current = false
      setBusy(false)
    }
  }
  return { busy, problem, run: () => void run() }
}
