/** Amounts as people read them. Everything here is whole fen; nothing passes through a float. */

/** "1,284.05", with a minus sign in front when negative. `fen` must be a safe integer. */
export function yuanText(fen: number): string {
  if (!Number.isSafeInteger(fen)) throw new RangeError('an amount must be whole fen')
  const digits = String(Math.abs(fen)).padStart(3, '0')
  const yuan = digits.slice(0, -2).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  return `${fen < 0 ? '-' : ''}${yuan}.${digits.slice(-2)}`
}

/** "¥1,284.05"; a negative amount reads "-¥5.00". */
export function yuanSign(fen: number): string {
  const text = yuanText(fen)
  return text.startsWith('-') ? `-¥${text.slice(1)}` : `¥${text}`
}

/**
 * What a person typed, in fen: digits with at most two decimals, full-width digits and "。" allowed.
 * Anything else, zero included, is `undefined`: the caller says what is expected, it never guesses.
 */
export function fenFromTyped(typed: string): number | undefined {
  const plain = typed
    .trim()
    .replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/[。．]/g, '.')
  const found = /^(\d{1,9})(?:\.(\d{0,2}))?$/.exec(plain)
  if (!found) return undefined
  const fen = Number(found[1]) * 100 + Number((found[2] ?? '').padEnd(2, '0'))
  return fen > 0 ? fen : undefined
}
