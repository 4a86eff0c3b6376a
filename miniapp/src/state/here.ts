/** Whether a screen is still there. */
import { useEffect, useRef } from 'react'

/** False once the screen was left: what comes for it then must not act on the one that took its place. */
export function useHere(): { readonly current: boolean } {
  const here = useRef(true)
  useEffect(() => {
    here.current = true
    return () => {
      here.current = false
    }
  }, [])
  return here
}
