/** Counts what holds and what does not; one line each, and a closing line that a machine can read. */

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
  async comes(name, read, expected, patienceMs = 10_000) {
    const until = Date.now() + patienceMs
    let found = await read()
    while (JSON.stringify(found) !== JSON.stringify(expected) && Date.now() < until) {
      await new Promise((again) => setTimeout(again, 50))
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
