/** What people type when they link a home, checked before anything is sent. */

/** Thirteen digits, or the ten of older numbers (domain 3.1). */
export const CONSUMER_NO = /^(\d{10}|\d{13})$/
/** Last six of a resident ID: the check character may be X. */
export const ID_LAST6 = /^\d{5}[\dX]$/
export const OTP = /^\d{6}$/

/** A mainland mobile number. */
export const PHONE = /^1[3-9]\d{9}$/

/** Digits only, full-width ones turned into plain ones: what people paste has spaces and dashes. */
export function plainDigits(typed: string): string {
  return typed
    .replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/[\s-]/g, '')
}

/** A resident ID number as it is printed, or nothing when a digit is wrong: the last one is made of the others. */
export function idNumberIn(typed: string): string | undefined {
  const text = plainDigits(typed).replace(/[ｘＸx]/g, 'X')
  if (!/^\d{17}[\dX]$/.test(text)) return undefined
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce((all, weight, at) => all + weight * Number(text[at]), 0)
  return '10X98765432'[sum % 11] === text[17] ? text : undefined
}

export const MOBILE = /^1\d{10}$/

/** The invitation in what was pasted: the whole address, or its code alone. */
export function invitationIn(typed: string): string | undefined {
  const text = typed.trim()
  const named = /[?&]invitation=([\w-]+)/.exec(text)?.[1]
  return named ?? (/^[\w-]{20,128}$/.test(text) ? text : undefined)
}
