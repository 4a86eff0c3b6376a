/** A value that screens watch. */
import { useSyncExternalStore } from 'react'

export interface Watched<T> {
  get(): T
  set(next: T): void
  /** The value, and a new drawing whenever it changes. */
  use(): T
}

export function watched<T>(first: T): Watched<T> {
  let value = first
  const watchers = new Set<() => void>()
  const get = () => value
  const watch = (watcher: () => void) => {
    watchers.add(watcher)
    return () => {
      watchers.delete(watcher)
    }
  }
  return {
    get,
    set(next) {
      if (Object.is(next, value)) return
      value = next
      watchers.forEach((watcher) => watcher())
    },
    use: () => useSyncExternalStore(watch, get, get),
  }
}
