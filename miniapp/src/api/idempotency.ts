/** One key for one intention: kept over retries and renewed only when what is asked for changes. */

export interface KeyRing { /** The key of `body`; the same one while the body stays the same. */ keyFor(body: unknown): string }

/** A ring for one confirm screen. `make` gives 16 to 64 characters of `[0-9A-Za-z_-]`. */
export function keyRing(make: () => string): KeyRing {
  let kept: { body: string; key: string } | undefined
  return {
    keyFor(body) {
      const text = JSON.stringify(body)
      if (kept?.body !== text) kept = { body: text, key: make() }
      return kept.key
    },
  }
}
