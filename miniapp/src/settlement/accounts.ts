/** What people type about a generator, checked before anything is sent. */
import { call } from '../state/signed_in'
import type { GenerationAccount, OtpSent, Permission, PublicKey } from '../api/types'
import { encryptIdentity } from '../api/platform'
import { CONSUMER_NO, idNumberIn, TRADING_ACCOUNT, type Chosen } from '../api/typed'
import type { Identity } from './jwe'

/** The place goes by its number, or by a home that is linked: then the line knows the number. */
export interface Registration { generation_no: string; grid_user_no?: string; binding_id?: string; address: string }

export function fitsRegistration(typed: Registration): boolean {
  const placed = typed.binding_id !== undefined || CONSUMER_NO.test(typed.grid_user_no ?? '')
  return CONSUMER_NO.test(typed.generation_no) && placed && typed.address.trim() !== ''
}

export function fitsIdentity(typed: Identity): boolean {
  return typed.name.trim() !== '' && idNumberIn(typed.id_no) === typed.id_no && TRADING_ACCOUNT.test(typed.bank_card_no)
}

const of = (id: string) => `/generation-accounts/${encodeURIComponent(id)}`

export const register = (typed: Registration & Partial<Chosen>) => call<GenerationAccount>('POST', '/generation-accounts', { body: typed })
export const activate = (id: string, typed: Registration) => call<GenerationAccount>('POST', `${of(id)}/activation`, { body: typed })
export const setPassword = (id: string, chosen: Chosen, otp: string) => call<void>('PUT', `${of(id)}/password`, { body: { ...chosen, otp } })
export const askTermination = (id: string) => call<GenerationAccount>('POST', `${of(id)}/termination`, { body: {} })

/** Sends the code that another payee wants. */
export const askPayeeCode = (id: string) => call<OtpSent>('POST', '/otps', { body: { purpose: 'change_payee', generation_account_id: id } })

/** Encrypts who I am for the account's key and shows it; the key's nonce works once. Another payee comes with a code. */
export async function showIdentity(id: string, identity: Identity, code?: string): Promise<Permission> {
  const { jwk, nonce } = await call<PublicKey>('GET', `${of(id)}/public-key`)
  const jwe = await encryptIdentity(jwk, { generation_account_id: id, nonce, identity })
  return call<Permission>('POST', `${of(id)}/access`, { body: code ? { jwe, code } : { jwe } })
}
