/** An amount that is about to be paid must have been read within the last minute. */
import { useEffect } from 'react'

const FRESH_MS = 45_000

/** Reads again while somebody is still looking at the amount. */
export function useKeptFresh(reload: () => void, on: boolean): void {
  useEffect(() => {
    if (!on) return undefined
    const timer = setInterval(reload, FRESH_MS)
    return () => clearInterval(timer)
  }, [reload, on])
}
