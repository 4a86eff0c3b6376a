/** The screens by name, and moving between them. */
import Taro from '@tarojs/taro'
import { rememberReturn } from '../api/platform'

const SCREENS = {
  home: '/pages/home/index',
  signIn: '/pages/accounts/sign-in',
  passwordSignIn: '/pages/accounts/password',
  me: '/pages/accounts/index',
  certify: '/pages/accounts/certify',
  phone: '/pages/accounts/phone',
  merge: '/pages/accounts/merge',
  match: '/pages/bindings/match',
  manual: '/pages/bindings/manual',
  homes: '/pages/bindings/index',
  sharing: '/pages/bindings/sharing',
  accept: '/pages/bindings/accept',
  bills: '/pages/billing/index',
  bill: '/pages/billing/bill',
  confirm: '/pages/payments/confirm',
  several: '/pages/payments/several',
  tracker: '/pages/payments/index',
  records: '/pages/payments/history',
  notices: '/pages/notices/index',
  privacy: '/pages/privacy/index',
  solar: '/pages/settlement/index',
  solarAccount: '/pages/settlement/account',
  checks: '/pages/settlement/checks',
  check: '/pages/settlement/check',
  services: '/pages/publications/hub',
  shelf: '/pages/publications/index',
  article: '/pages/publications/detail',
  outlets: '/pages/publications/outlets',
  outages: '/pages/publications/outages',
  apps: '/pages/publications/apps',
  requests: '/pages/requests/index',
  newRequest: '/pages/requests/new',
  points: '/pages/points/index',
} as const

export type ScreenName = keyof typeof SCREENS

/** The address of a screen. Only opaque ids and periods ever go into one. */
export function screenUrl(screen: ScreenName, params: Record<string, string> = {}): string {
  const query = Object.entries(params).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
  return query ? `${SCREENS[screen]}?${query}` : SCREENS[screen]
}

/** Opens a screen on top of the present one. */
export function open(screen: ScreenName, params?: Record<string, string>): void {
  void Taro.navigateTo({ url: screenUrl(screen, params) })
}

/** Puts a screen in place of the present one: there is no way back to it. */
export function replace(screen: ScreenName, params?: Record<string, string>): void {
  void Taro.redirectTo({ url: screenUrl(screen, params) })
}

/** Starts over at a screen. */
export function startAt(screen: ScreenName, params?: Record<string, string>): void {
  void Taro.reLaunch({ url: screenUrl(screen, params) })
}

export function startAtUrl(url: string): void {
  void Taro.reLaunch({ url })
}

/** Back, or home when this screen was opened from outside. */
export function goBack(): void {
  if (Taro.getCurrentPages().length > 1) void Taro.navigateBack()
  else startAt('home')
}

/** The address of the present screen, and whether it was opened for one thing (a bill, a payment). */
function hereNow(): { url: string; forOne: boolean } | undefined {
  const here = Taro.getCurrentInstance().router
  if (!here?.path) return undefined
  const params = Object.entries(here.params ?? {}).filter(([name]) => name !== 'stamp' && !name.startsWith('$'))
  const path = `/${here.path.split('?')[0].replace(/^\//, '')}`
  const query = params.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')
  return params.length > 0 ? { url: `${path}?${query}`, forOne: true } : { url: path, forOne: false }
}

/** Whether an address is that of the present screen. */
export function isHere(url: string): boolean {
  return hereNow()?.url === url
}

/** The present screen is come back to after the next sign-in. */
export function rememberHere(): void {
  const here = hereNow()
  if (here) rememberReturn(here.url)
}

/**
 * Asks for a sign-in; a screen that was opened for one thing is come back to afterwards. Any other is left for good, unless somebody
 * said `rememberHere`: who signed out may hand the device to another person.
 */
export function askSignIn(): void {
  if (hereNow()?.forOne) rememberHere()
  startAt('signIn')
}
