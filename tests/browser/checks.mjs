/** Counts what holds and what does not; one line each, and a closing line that a machine can read. Waits for what comes by itself. */

/**
 * How long what must come is waited for: so long that a machine under eight times its usual load still makes it. How soon it comes is not
 * judged, and a run in which all is well never waits for the end of it.
 */
export const PATIENCE_MS = 60_000

const pause = (ms) => new Promise((again) => setTimeout(again, ms))

/** What `look` gives as soon as it gives something; what it gave last when it never does. */
export async function patiently(look, pauseMs = 250) {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const found = await look()
    if (found || Date.now() > until) return found
    await pause(pauseMs)
  }
}

/**
 * Whether `isThere(ms)` is kept after drawing anew again and again. Each look may last longer than the one before: on a busy machine even
 * a screen that has it all is drawn slowly.
 */
export async function drawn(isThere, anew, patienceMs = 2 * PATIENCE_MS) {
  const until = Date.now() + patienceMs
  for (let lookMs = 1_000; ; lookMs *= 1.3) {
    if (await isThere(lookMs).then(() => true, () => false)) return true
    if (Date.now() > until) return false
    await anew()
  }
}

export class Checks {
  #passed = 0
  #failed = []

  /** Holds when `value` is true; `detail` says what was found otherwise. */
  that(name, value, detail = '') {
    if (value === true) {
      this.#passed += 1
      console.log(`ok      ${name}`)
    } else {
      this.#failed.push(name)
      console.log(`FAILED  ${name}${detail === '' ? '' : `: ${detail}`}`)
    }
  }

  equal(name, found, expected) {
    const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
    this.that(name, a === b, `found ${a}, expected ${b}`)
  }

  /**
   * Holds when `read` comes to give `expected`. A screen is drawn in steps, and on a busy machine a step can take a second: what is there
   * when the first step is seen says nothing. What must not be there is judged at once, with `that` and `equal`.
   */
  async comes(name, read, expected, patienceMs = PATIENCE_MS) {
    const until = Date.now() + patienceMs
    let found = await read()
    while (JSON.stringify(found) !== JSON.stringify(expected) && Date.now() < until) {
      await pause(50)
      found = await read()
    }
    this.equal(name, found, expected)
  }

  /** Something that ended the run before its end. */
  broke(fault) {
    this.#failed.push('the run')
    console.log(`FAILED  the run: ${fault?.stack ?? fault}`)
  }

  /** Prints the closing line and gives the exit code. */
  close() {
    console.log(`${this.#passed} passed, ${this.#failed.length} failed`)
    return this.#failed.length === 0 && this.#passed > 0 ? 0 : 1
  }
}
