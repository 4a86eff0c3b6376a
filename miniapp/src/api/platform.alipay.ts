/** The mini-program's side of the seam. Its twin is `platform.h5.ts`; both export the same names. */
import { isRecord } from './problem'
import type { Jwk } from '../settlement/jwe'
import { Problem } from './problem'
import type { SessionReply } from './types'
import { ANSWER_TIMEOUT_MS, parsedJson, retryAfter, type WireReply, type WireRequest } from './wire'

/** The part of Alipay's `my` that this program uses. */
interface My {
  request(options: {
    url: string
    method: string
    headers: Record<string, string>
    data?: string
    dataType: 'text'
    timeout: number
    success(reply: unknown): void
    fail(fault: unknown): void
  }): void
  getAuthCode(options: { scopes: string; success(reply: { authCode: string }): void; fail(): void }): void
  startAPVerify(options: { url: string; certifyId: string; success(reply: unknown): void; fail(): void }): void
  getPhoneNumber(options: { success(reply: { response: string }): void; fail(): void }): void
  tradePay(options: { tradeNO: string; success(reply: { resultCode: string }): void; fail(): void }): void
  openLocation(place: { latitude: string; longitude: string; name: string; address: string }): void
  navigateToMiniProgram(options: { appId: string }): void
  makePhoneCall(options: { number: string }): void
  getStorageSync(options: { key: string }): { data?: unknown }
  setStorageSync(options: { key: string; data: string }): void
  removeStorageSync(options: { key: string }): void
  getSystemInfoSync(): { fontSizeSetting?: number }
  setNavigationBar(options: { title: string }): void
  setClipboard(options: { text: string; success(): void; fail(): void }): void
}
declare const my: My

export const platform = 'mini' as const

/** Alipay draws the bar with title and way back. */
export const drawsOwnBar = false

const REFRESH_TOKEN = 'lifeline.refresh_token'

/** `my.request` calls `fail` for an HTTP error as well: an answer with a status is an answer. */
export function send(request: WireRequest): Promise<WireReply> {
  return new Promise((resolve, reject) => {
    const settle = (reply: unknown) => {
      const wire = wireReply(reply)
      if (wire) resolve(wire)
      else reject(new Error('no answer'))
    }
    my.request({
      url: LINE_URL + request.path,
      ...methodAndHeaders(request),
      data: request.body === undefined ? undefined : JSON.stringify(request.body),
      dataType: 'text',
      timeout: ANSWER_TIMEOUT_MS,
      success: settle,
      fail: settle,
    })
  })
}

/** `my.request` knows no PATCH; the gateway takes a POST that says so for one. */
function methodAndHeaders({ method, headers }: WireRequest): { method: string; headers: Record<string, string> } {
  return method === 'PATCH' ? { method: 'POST', headers: { ...headers, 'x-http-method-override': 'PATCH' } } : { method, headers }
}

function wireReply(reply: unknown): WireReply | undefined {
  if (!isRecord(reply) || typeof reply.status !== 'number' || reply.status < 100) return undefined
  const headers = isRecord(reply.headers) ? reply.headers : {}
  const wait = headers['retry-after'] ?? headers['Retry-After']
  return {
    status: reply.status,
    body: typeof reply.data === 'string' ? parsedJson(reply.data) : reply.data,
    retryAfterS: retryAfter(typeof wait === 'string' ? wait : undefined),
  }
}

export type SignInReturn = { kind: 'code'; auth_code: string; state: string } | { kind: 'refused' } | undefined

export function takeSignInReturn(): SignInReturn {
  return undefined
}

/** Asks Alipay for a code; nothing when the person refuses. */
export function beginSignIn(_authorizeUrl: () => Promise<string>): Promise<string | undefined> {
  return new Promise((resolve) => {
    my.getAuthCode({
      scopes: 'auth_user',
      success: (reply) => resolve(reply.authCode || undefined),
      fail: () => resolve(undefined),
    })
  })
}

/** How a typed identity can be checked here, the least trouble first. */
export const certifyKinds = ['certverify', 'face'] as const

/** Asks the person's leave to compare a typed identity with their own; a code for it, nothing when they refuse. */
export function askToCompare(): Promise<string | undefined> {
  return new Promise((resolve) => {
    my.getAuthCode({ scopes: 'id_verify', success: (reply) => resolve(reply.authCode || undefined), fail: () => resolve(undefined) })
  })
}

/** Opens Alipay's face check. What it reports is not believed: the server asks Alipay itself. */
export function openFace(step: { url: string; certify_id: string }): Promise<'left' | 'returned'> {
  return new Promise((resolve) => {
    my.startAPVerify({ url: step.url, certifyId: step.certify_id, success: () => resolve('returned'), fail: () => resolve('returned') })
  })
}

/** Alipay can tell the wallet's phone here. */
export const tellsPhone = true

/** What the person lets Alipay tell of their phone, closed to us; nothing when Alipay does not. */
export function walletPhone(): Promise<Record<string, unknown> | undefined> {
  return new Promise((resolve) => {
    my.getPhoneNumber({
      success: (reply) => {
        const told = parsedJson(reply.response)
        resolve(isRecord(told) ? told : undefined)
      },
      fail: () => resolve(undefined),
    })
  })
}

export function refreshGrant(): { grant: 'refresh'; refresh_token?: string } | undefined {
  const token = readKept(REFRESH_TOKEN)
  return token ? { grant: 'refresh', refresh_token: token } : undefined
}

export function keepSession(reply: SessionReply): void {
  if (reply.refresh_token) writeKept(REFRESH_TOKEN, reply.refresh_token)
}

export function forgetSession(): void {
  writeKept(REFRESH_TOKEN, undefined)
}

/** Whether the cashier of an order can be opened from here: an order made in a browser is paid there. */
export const canOpenCashier = (order: { trade_no?: string | null }) => Boolean(order.trade_no)

/** Alipay's cashier. Its result code is a hint only: the server says what happened. */
export function openCashier(order: { trade_no?: string | null }): Promise<'left' | 'returned'> {
  const { trade_no: tradeNo } = order
  if (!tradeNo) return Promise.resolve('returned')
  return new Promise((resolve) => {
    my.tradePay({ tradeNO: tradeNo, success: () => resolve('returned'), fail: () => resolve('returned') })
  })
}

/** A mini-program has neither Web Crypto nor random numbers fit for keys: who I am is shown in a browser. */
export const encryptsIdentities = false

export function encryptIdentity(_jwk: Jwk, _said: unknown): Promise<string> {
  return Promise.reject(new Problem('NETWORK', 0))
}

/** A mini-program keeps no files of this kind: the link is for a browser, within its minute. */
export async function openDocument(url: string): Promise<'opened' | 'copied'> {
  await copyText(LINE_URL + url)
  return 'copied'
}

export function callHotline(): void {
  dial('95598')
}

export function dial(number: string): void {
  my.makePhoneCall({ number })
}

/** Shows a place on Alipay's map. */
export function openMap(place: { latitude: string; longitude: string; name: string; address: string }): void {
  my.openLocation({ ...place })
}

const APP_LINK = /^alipays:\/\/platformapi\/startapp\?(?:.*&)?appId=(\d{16})(?:&|$)/

/** Another mini-program is opened by Alipay; any other address is for a browser. */
export async function openOutside(url: string): Promise<'opened' | 'copied'> {
  const appId = APP_LINK.exec(url)?.[1]
  if (appId) {
    my.navigateToMiniProgram({ appId })
    return 'opened'
  }
  await copyText(url)
  return 'copied'
}

/** Puts a text where the person can paste it from; false when Alipay does not let us. */
export function copyText(text: string): Promise<boolean> {
  return new Promise((resolve) => my.setClipboard({ text, success: () => resolve(true), fail: () => resolve(false) }))
}

/** Where the same pages are for a browser. */
export const webAddress = (): string => LINE_URL

/** A mini-program has no addresses of its own: what opens a screen is typed or pasted there. */
export function outsideAddress(_url: string): string | undefined {
  return undefined
}

export function readKept(key: string): string | undefined {
  const { data } = my.getStorageSync({ key })
  return typeof data === 'string' && data !== '' ? data : undefined
}

export function writeKept(key: string, value: string | undefined): void {
  if (value === undefined) my.removeStorageSync({ key })
  else my.setStorageSync({ key, data: value })
}

let held: { of: string; text: string } | undefined

/** Keeps what a certification handed out, sealed, until it is over. */
export function keepHeld(of: string, text: string): void {
  held = { of, text }
}

export function heldFor(of: string): string | undefined {
  return held?.of === of ? held.text : undefined
}

let returnTo: string | undefined

export function rememberReturn(url: string): void {
  returnTo = url
}

export function takeReturn(): string | undefined {
  const url = returnTo
  returnTo = undefined
  return url
}

const NORMAL_FONT = 16

/** One layout unit: follows the font size set in Alipay, within what the layout can hold. */
export const layoutUnit = `${Math.min(1.5, Math.max(0.9, (my.getSystemInfoSync().fontSizeSetting ?? NORMAL_FONT) / NORMAL_FONT))}px`

/** A key that no other order has; it is not a secret, and the runtime has no generator of better randomness. */
export function randomKey(): string {
  const part = () => Math.floor(Math.random() * 0x1_0000_0000).toString(16).padStart(8, '0')
  return Date.now().toString(16) + part() + part() + part()
}

export function showTitle(title: string, _language: string): void {
  my.setNavigationBar({ title })
}

/** A mini-program leaves no page for another one's. */
export function onBroughtBack(_back: () => void): () => void {
  return () => undefined
}

/** Coming back to the mini-program shows its page again, which the screens already follow. */
export function onWake(_wake: () => void): () => void {
  return () => undefined
}
