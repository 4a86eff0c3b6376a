/** Reading from the gateway into a screen. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { useDidShow } from '@tarojs/taro'
import { asProblem, type Problem } from '../api/problem'
import { countQuestion, rememberAnswer, rememberedAnswer } from './answers'

export interface Remote<T> {
  /** The last answer; kept while a newer one is on its way or failed to come. */
  answer?: T
  problem?: Problem
  loading: boolean
  reload(): void
}

/**
 * Reads `load()` under `key`; an undefined key reads nothing. A screen that comes back to the front reads again. `kept` hears of each
 * answer that is remembered: never of one that a newer one overtook, nor of one that was read for somebody who has left.
 */
export function useRemote<T>(key: string | undefined, load: () => Promise<T>, kept?: (answer: T) => void): Remote<T> {
  const [state, setState] = useState<{ key?: string; answer?: T; problem?: Problem; loading: boolean }>({ loading: true })
  const newest = useRef(0)
  const busy = useRef(false)
  const loader = useRef(load)
  loader.current = load
  const hearer = useRef(kept)
  hearer.current = kept

  const reload = useCallback(() => {
    if (key === undefined) return
    newest.current += 1
    const turn = newest.current
    const question = countQuestion()
    busy.current = true
    setState((was) => ({ key, answer: was.key === key ? was.answer : rememberedAnswer<T>(key), problem: undefined, loading: true }))
    loader.current().then(
      (answer) => {
        if (turn !== newest.current) return
        busy.current = false
        if (rememberAnswer(key, answer, question)) hearer.current?.(answer)
        // Another screen may have read a newer one meanwhile.
        setState({ key, answer: rememberedAnswer<T>(key) ?? answer, loading: false })
      },
      (thrown: unknown) => {
        if (turn !== newest.current) return
        busy.current = false
        setState((was) => ({ key, answer: was.answer, problem: asProblem(thrown), loading: false }))
      },
    )
  }, [key])

  useEffect(() => {
    reload()
    return () => {
      newest.current += 1
    }
  }, [reload])

  // The first show comes while the first reading is under way.
  useDidShow(() => {
    if (!busy.current) reload()
  })

  const current = state.key === key
  const answer = current ? state.answer : key === undefined ? undefined : rememberedAnswer<T>(key)
  return { answer, problem: current ? state.problem : undefined, loading: current ? state.loading : true, reload }
}
