/** Decimal strings of energy (up to four decimals), compared and subtracted without floats. */

const UNITS_PER_KWH = 10_000

/** The value in 1e-4 kWh, or `undefined` when the text is not a decimal of at most four places. */
export function kwhUnits(text: string): number | undefined {
  const found = /^(-?)(\d{1,11})(?:\.(\d{1,4}))?$/.exec(text)
  if (!found) return undefined
  const size = Number(found[2]) * UNITS_PER_KWH + Number((found[3] ?? '').padEnd(4, '0'))
  return found[1] ? 0 - size : size
}

/** 1e-4 kWh as text without needless zeros: "1284.5". */
export function kwhText(units: number): string {
  const size = Math.abs(units)
  const decimals = String(size % UNITS_PER_KWH).padStart(4, '0').replace(/0+$/, '')
  const whole = Math.floor(size / UNITS_PER_KWH)
  return `${units < 0 ? '-' : ''}${whole}${decimals ? `.${decimals}` : ''}`
}

/** Text of the wire without needless zeros; what cannot be read stays as it came. */
export function kwhPlain(text: string): string {
  const units = kwhUnits(text)
  return units === undefined ? text : kwhText(units)
}
