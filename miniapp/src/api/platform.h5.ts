/** The browser's side of the seam. Its twin is `platform.alipay.ts`; both export the same names. */
import { encryptedFor, type Jwk } from '../settlement/jwe'
import type { SessionReply } from './types'
import { ANSWER_TIMEOUT_MS, parsedJson, retryAfter, type WireReply, type WireRequest } from './wire'

export const platform = 'h5' as const

/** The screens draw their own bar with title and way back. */
export const drawsOwnBar = true

// The refresh token is in an HttpOnly cookie; this mark only says that asking for it is worth a request.
const SIGNED_IN = 'lifeline.signed_in'
const RETURN_TO = 'lifeline.return_to'
const HELD = 'lifeline.held'

export async function send(request: WireRequest): Promise<WireReply> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), ANSWER_TIMEOUT_MS)
  try {
    const reply = await fetch(request.path, {
      method: request.method,
      headers: request.headers,
      body: request.body === undefined ? undefined : JSON.stringify(request.body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: abort.signal,
    })
    return { status: reply.status, body: parsedJson(await reply.text()), retryAfterS: retryAfter(reply.headers.get('retry-after')) }
  } finally {
    clearTimeout(timer)
  }
}

export type SignInReturn = { kind: 'code'; auth_code: string; state: string } | { kind: 'refused' } | undefined

/** What Alipay sent the browser back with. The address is cleaned at once: a code must not stay in history. */
export function takeSignInReturn(): SignInReturn {
  const query = new URLSearchParams(window.location.search)
  const [code, state] = [query.get('auth_code'), query.get('state')]
  if (!window.location.search) return undefined
  window.history.replaceState(window.history.state, '', window.location.pathname + window.location.hash)
  if (code && state) return { kind: 'code', auth_code: code, state }
  return state || query.get('error') ? { kind: 'refused' } : undefined
}

/** Leaves for Alipay's page. Resolves with nothing: the browser comes back as a new page. */
export async function beginSignIn(authorizeUrl: () => Promise<string>): Promise<string | undefined> {
  window.location.assign(await authorizeUrl())
  return undefined
}

/** How a typed identity can be checked here: leave to compare is asked for in Alipay's own app only. */
export const certifyKinds = ['face'] as const

export function askToCompare(): Promise<string | undefined> {
  return Promise.resolve(undefined)
}

/** Leaves for Alipay's page; the browser comes back to the screen by itself. */
export async function openFace(step: { url: string; certify_id: string }): Promise<'left' | 'returned'> {
  window.location.assign(step.url)
  return 'left'
}

export const tellsPhone = false

export function walletPhone(): Promise<Record<string, unknown> | undefined> {
  return Promise.resolve(undefined)
}

export function refreshGrant(): { grant: 'refresh'; refresh_token?: string } | undefined {
  return readKept(SIGNED_IN) ? { grant: 'refresh' } : undefined
}

export function keepSession(_reply: SessionReply): void {
  writeKept(SIGNED_IN, '1')
}

export function forgetSession(): void {
  writeKept(SIGNED_IN, undefined)
}

/** Whether the cashier of an order can be opened from here: an order made in Alipay is paid there. */
export const canOpenCashier = (order: { pay_url?: string | null }) => Boolean(order.pay_url)

/** Opens the cashier of an order; the browser leaves and returns to the tracker by itself. */
export async function openCashier(order: { pay_url?: string | null }): Promise<'left' | 'returned'> {
  if (!order.pay_url) return 'returned'
  window.location.assign(order.pay_url)
  return 'left'
}

/** Whether this device can encrypt an identity for the key vault. */
export const encryptsIdentities = true

export function encryptIdentity(jwk: Jwk, said: unknown): Promise<string> {
  return encryptedFor(window.crypto, jwk, said)
}

/** Opens a one-use document of ours; the browser keeps it as a file and stays where it is. */
export async function openDocument(url: string): Promise<'opened' | 'copied'> {
  window.location.assign(url)
  return 'opened'
}

export function callHotline(): void {
  dial('95598')
}

export function dial(number: string): void {
  window.location.assign(`tel:${number}`)
}

/** Shows a place on the map, in a tab of its own that learns nothing of this page. */
export function openMap(place: { latitude: string; longitude: string; name: string; address: string }): void {
  const at = new URLSearchParams({ position: `${place.longitude},${place.latitude}`, name: place.name, coordinate: 'gaode', callnative: '1' })
  window.open(`https://uri.amap.com/marker?${at}`, '_blank', 'noopener,noreferrer')
}

/** Opens what is somebody else's, in a tab of its own that learns nothing of this page. */
export async function openOutside(url: string): Promise<'opened' | 'copied'> {
  window.open(url, '_blank', 'noopener,noreferrer')
  return 'opened'
}

/** Puts a text where the person can paste it from; false when the browser does not let us. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}

/** Where these pages are. */
export const webAddress = (): string => window.location.origin

/** The address that opens a screen of ours from outside. What stands behind the `#` is never sent to a server. */
export function outsideAddress(url: string): string | undefined {
  return `${window.location.origin}/#${url}`
}

export function readKept(key: string): string | undefined {
  try {
    return window.localStorage.getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

export function writeKept(key: string, value: string | undefined): void {
  try {
    if (value === undefined) window.localStorage.removeItem(key)
    else window.localStorage.setItem(key, value)
  } catch {
    // Storage may be refused (private window): the setting then lives as long as the page.
  }
}

/** Keeps what a certification handed out, sealed, over the way to Alipay and back; for this tab only. */
export function keepHeld(of: string, text: string): void {
  try {
    window.sessionStorage.setItem(HELD, JSON.stringify([of, text]))
  } catch {
    // Without storage the person begins again.
  }
}

export function heldFor(of: string): string | undefined {
  try {
    const [kept, text] = JSON.parse(window.sessionStorage.getItem(HELD) ?? '[]') as string[]
    return kept === of ? text : undefined
  } catch {
    return undefined
  }
}

/** Where to go after a sign-in that leaves the page. */
export function rememberReturn(url: string): void {
  try {
    window.sessionStorage.setItem(RETURN_TO, url)
  } catch {
    // Without storage the person lands on the home page.
  }
}

export function takeReturn(): string | undefined {
  try {
    const url = window.sessionStorage.getItem(RETURN_TO) ?? undefined
    window.sessionStorage.removeItem(RETURN_TO)
    return url
  } catch {
    return undefined
  }
}

/** One layout unit: follows the font size set in the browser. */
export const layoutUnit = '0.0625rem'

/** Sixteen random bytes as 32 hex digits. */
export function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Names the screen that has just come to the front, and takes the keyboard there when what had it is gone. */
export function showTitle(title: string, language: string): void {
  document.documentElement.lang = language
  document.title = title
  const active = document.activeElement as HTMLElement | null
  if (active && active !== document.body && active.offsetParent !== null) return
  const main = Array.from(document.querySelectorAll<HTMLElement>('main')).find((each) => each.offsetParent !== null)
  main?.focus({ preventScroll: true })
}

/** Calls `back` when the browser brings this page back as it was left: on the way to another page nothing went on here. */
export function onBroughtBack(back: () => void): () => void {
  const listen = (event: PageTransitionEvent) => {
    if (event.persisted) back()
  }
  window.addEventListener('pageshow', listen)
  return () => window.removeEventListener('pageshow', listen)
}

/** Calls `wake` when the page becomes visible again; the answer stops it. */
export function onWake(wake: () => void): () => void {
  const listen = () => {
    if (document.visibilityState === 'visible') wake()
  }
  document.addEventListener('visibilitychange', listen)
  return () => document.removeEventListener('visibilitychange', listen)
}
