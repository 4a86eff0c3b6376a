/** A desk at the console of a running demo: somebody of a role, signed in on a machine of their own. */
import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { openPhone } from './phone.mjs'

export const ready = JSON.parse(fs.readFileSync(process.env.READY_FILE, 'utf8'))
export const [line, consoleAt, sandbox] = [ready.line, ready.console, ready.sandbox].map((at) => new URL(at).origin)
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')

/** What somebody of a role signs in with. */
export const given = (role) => ready.staff.find((one) => one.role === role)

/** The code of RFC 6238 that a phone shows for a secret in base 32, so many steps from now. */
export function code(secret, later = 0) {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later))
  const mac = crypto.createHmac('sha1', key).update(step).digest()
  const at = mac[19] & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** Signs somebody of a role in; where the demo's clock is ahead, so many steps of a code later. */
export async function openDesk(role, later = 0) {
  const desk = await openPhone({ home: consoleAt, outside: [], pictures, width: 1280 })
  await desk.page.goto(`${consoleAt}/console/sign-in`)
  await signIn(desk, role, later)
  return desk
}

/** Fills in the page that asks who it is. */
export async function signIn({ page }, role, later = 0) {
  await page.fill('[name="login"]', given(role).login)
  await page.fill('[name="password"]', given(role).password)
  await page.fill('[name="code"]', code(given(role).totp_secret, later))
  await page.locator('main button').first().click()
  await page.locator('nav[aria-label]').first().waitFor()
}

/** Answers what our own line, or the outside, says to a call. */
export async function call(where, body, token, more = {}) {
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}), ...more }
  const answer = await fetch(where, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${where}: ${answer.status} ${await answer.text()}`)
  return answer.json()
}

/** A household that comes by itself: signed in, matched, its homes linked. Answers its access token. */
export async function household(person) {
  const { auth_code } = await call(`${sandbox}/sim/alipay/authorize`, { person })
  const { access_token } = await call(`${line}/v1/sessions`, { grant: 'alipay', auth_code })
  const consents = await call(`${line}/v1/me/consents`, undefined, access_token)
  const { version } = consents.items.find((one) => one.purpose === 'identity_match')
  await call(`${line}/v1/me/consents`, { purpose: 'identity_match', version }, access_token)
  const { candidates } = await call(`${line}/v1/binding-matches`, {}, access_token)
  await call(`${line}/v1/bindings`, { match_tokens: candidates.map((one) => one.match_token) }, access_token)
  return access_token
}

/** Clicks, and is there where it leads. */
export const click = (desk, button) => Promise.all([desk.page.waitForNavigation(), button.click()])

/** Whether the page of a case says that the case is closed: the same words may stand there of a payment. */
export const isClosed = async ({ page }) => (await page.locator('main p.said').filter({ hasText: /^\s*已办结/ }).count()) > 0
