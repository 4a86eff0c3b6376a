/** Reading from the gateway into a screen. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { useDidShow } from '@tarojs/taro'
import { asProblem, type Problem } from '../api/problem'
import { rememberAnswer, rememberedAnswer } from './answers'

export interface Remote<T> {
  /** The last answer; kept while a newer one is on its way or failed to come. */
  answer?: T
  problem?: Problem
  loading: boolean
  reload(): void
}

/**
 * Reads `load()` under `key`; an undefined key reads nothing. A screen that comes back to the front reads again.
 */
export function useRemote<T>(key: string | undefined, load: () => Promise<T>): Remote<T> {
  const [state, setState] = useState<{ key?: string; answer?: T; problem?: Problem; loading: boolean }>({ loading: true })
  const newest = useRef(0)
  const busy = useRef(false)
  const loader = useRef(load)
  loader.current = load

  const reload = useCallback(() => {
    if (key === undefined) return
    newest.current += 1
    const turn = newest.current
    busy.current = true
    setState((was) => ({ key, answer: was.key === key ? was.answer : rememberedAnswer<T>(key), problem: undefined, loading: true }))
    loader.current().then(
      (answer) => {
        if (turn !== newest.current) return
        busy.current = false
        rememberAnswer(key, answer)
        setState({ key, answer, loading: false })
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
