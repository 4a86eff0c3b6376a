/** Lists that come page by page: the first by itself, each later one when somebody asks for it. */
import { useRef, useState } from 'react'
import { asProblem, type Problem } from '../api/problem'
import type { Page } from '../api/types'
import { useRemote, type Remote } from './remote'
import { call } from './signed_in'

export type Query = Record<string, string | number | undefined>

export interface Pages<T, First extends Page<T> = Page<T>> extends Remote<First> {
  /** What was read until now, in its order; absent before the first page came. */
  items?: T[]
  /** Why a later page did not come. */
  laterProblem?: Problem
  /** Reads the next page; absent when there is none. */
  more?: () => void
}

/** Later pages, and behind which first page of which list they were read. */
interface Later<T> { behind: string; items: T[]; cursor?: string | null; problem?: Problem }

/** A list with its later pages. They are dropped when another list is asked for, or the first page has moved on. */
export function usePages<T, First extends Page<T> = Page<T>>(path: string, query: Query): Pages<T, First> {
  const key = `${path}?${JSON.stringify(query)}`
  const first = useRemote<First>(key, () => call<First>('GET', path, { query }))
  const [read, setRead] = useState<Later<T>>()
  const busy = useRef(false)
  const begin = first.answer?.next_cursor
  const behind = `${key} ${begin}`
  const later = read?.behind === behind ? read : undefined
  const cursor = later ? later.cursor : begin
  const items = later?.items ?? []
  async function more() {
    if (!cursor || busy.current) return
    busy.current = true
    try {
      const page = await call<Page<T>>('GET', path, { query: { ...query, cursor } })
      setRead({ behind, items: [...items, ...page.items], cursor: page.next_cursor })
    } catch (thrown) {
      setRead({ behind, items, cursor, problem: asProblem(thrown) })
    } finally {
      busy.current = false
    }
  }
  return {
    ...first,
    items: first.answer ? [...first.answer.items, ...items] : undefined,
    laterProblem: later?.problem,
    more: cursor ? () => void more() : undefined,
  }
}
