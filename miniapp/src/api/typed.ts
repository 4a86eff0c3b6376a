/** What people type, as the line takes it: one rule for one field, checked before anything is sent. */

/** Thirteen digits, or the ten of older numbers (domain 3.1); a generation number has the same shape. */
export const CONSUMER_NO = /^(\d{10}|\d{13})$/
/** Last six of a resident ID: the check character may be X. */
export const ID_LAST6 = /^\d{5}[\dX]$/
export const OTP = /^\d{6}$/
/** The bank account that sold power is paid at. */
export const TRADING_ACCOUNT = /^\d{12,30}$/
const LOGIN = /^[A-Za-z][A-Za-z0-9_.-]{3,31}$/

/** Digits only, full-width ones turned into plain ones: what people paste has spaces and dashes. */
export function plainDigits(typed: string): string {
  return typed
    .replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/[\s-]/g, '')
}

/** As [`plainDigits`], with the X that can stand for the last digit of a resident ID. */
export function plainId(typed: string): string {
  return plainDigits(typed).replace(/[ｘＸx]/g, 'X')
}

/** A mainland mobile number, with or without the country before it, or nothing. */
export function phoneIn(typed: string): string | undefined {
  const text = plainDigits(typed).replace(/^\+86/, '')
  return /^1[3-9]\d{9}$/.test(text) ? text : undefined
}

/** A resident ID number as it is printed, or nothing when a digit is wrong: the last one is made of the others. */
export function idNumberIn(typed: string): string | undefined {
  const text = plainId(typed)
  if (!/^\d{17}[\dX]$/.test(text)) return undefined
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
  const sum = weights.reduce((all, weight, at) => all + weight * Number(text[at]), 0)
  return '10X98765432'[sum % 11] === text[17] ? text : undefined
}

/** The invitation in what was pasted: the whole address, or its code alone. */
export function invitationIn(typed: string): string | undefined {
  const text = typed.trim()
  const named = /[?&]invitation=([\w-]+)/.exec(text)?.[1]
  return named ?? (/^[\w-]{20,128}$/.test(text) ? text : undefined)
}

/** What somebody signs in by beside Alipay. */
export interface Chosen { login: string; password: string }

/** The line says so too; a password that is guessed first it alone refuses. */
export function fitsChosen(typed: Chosen): boolean {
  return LOGIN.test(typed.login) && [...typed.password].length >= 8
}
