/**
 * Sharing a home, in Chromium against a running demo: the holder invites, another person accepts on a phone of their own, the holder
 * takes it away, an agreed last day passes, and a change of holder ends what hung on the former one. What each of them is shown is
 * held against what the other may know.
 *
 *   READY_FILE=ready.json node sharing.mjs
 */
import fs from 'node:fs'
import path from 'node:path'
import { Checks, PATIENCE_MS, drawn } from './checks.mjs'
import { openPhone } from './phone.mjs'

const checks = new Checks()
const pictures = process.env.PICTURES ?? path.resolve(import.meta.dirname, '../../target/browser')
const ready = JSON.parse(fs.readFileSync(process.env.READY_FILE, 'utf8'))
const [line, sandbox] = [new URL(ready.line).origin, new URL(ready.sandbox).origin]

const json = async (url) => (await fetch(url)).json()
async function tell(where, body) {
  const answer = await fetch(`${sandbox}${where}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${where}: ${answer.status} ${await answer.text()}`)
}

/** A person with a phone of their own, signed in. */
async function somebody(person) {
  const phone = await openPhone({ home: line, outside: [sandbox], pictures })
  const { page } = phone
  const at = (testId) => page.locator(`[data-testid="${testId}"]:visible`).first()
  const one = {
    ...phone, at,
    shows: (testId, timeout = PATIENCE_MS) => at(testId).waitFor({ timeout }),
    gone: (testId) => page.locator(`[data-testid="${testId}"]:visible`).first().waitFor({ state: 'detached' }),
    count: (testId) => page.locator(`[data-testid="${testId}"]:visible`).count(),
    textOf: async (testId) => (await at(testId).innerText()).replace(/\s+/g, ''),
    go: (screen) => page.goto(`${line}/#/pages/${screen}`),
    /** Opens a screen anew, so that nothing kept in memory answers. */
    async anew(screen) {
      await page.goto(`${line}/#/pages/${screen}`)
      await page.reload()
    },
  }
  await page.goto(`${line}/`)
  await one.at('sign-in').click()
  await page.locator(`[data-person="${person}"]`).first().click()
  await page.locator('#allow').first().click()
  await one.shows('consent')
  return one
}

/** The holder links their home and opens the page of who may use it. */
async function linked(holder) {
  await holder.at('agree').click()
  await holder.shows('match-found')
  await holder.at('confirm-match').click()
  await holder.shows('open-homes')
}

/** News is delivered a moment after what it is about: the inbox is opened until it is there. */
async function told(one, kind) {
  const open = async () => {
    await one.anew('notices/index')
    await one.shows('screen-notices')
  }
  await open()
  if (!(await drawn((ms) => one.shows(`notice-${kind}`, ms), open))) throw new Error(`nobody was told ${kind}`)
}

async function toSharing(holder) {
  await holder.anew('bindings/index')
  await holder.at('open-sharing').click()
  await holder.shows('screen-sharing')
}

/** Invites; answers what the holder hands over. */
async function invitation(holder, role, lastDay) {
  await toSharing(holder)
  await holder.at(`grant-${role}`).click()
  if (lastDay) await holder.at('last-day').fill(lastDay)
  await holder.at('invite').click()
  await holder.shows('invitation-made')
  return (await holder.at('invitation').innerText()).trim()
}

async function accepted(guest, handed) {
  await guest.page.goto(handed)
  await guest.shows('offer')
  await guest.at('accept').click()
  await guest.shows('home-role')
}

/** The demo's day in Shanghai. Minutes before its end time goes on to the next one first: it must last for what is done on it. */
async function today() {
  const { now } = await json(`${sandbox}/sim/clock`)
  const at = new Date(Date.parse(now) + 8 * 3600_000)
  if (at.getUTCHours() < 23 || at.getUTCMinutes() < 50) return at.toISOString().slice(0, 10)
  await tell('/sim/clock', { advance_s: 700 })
  return today()
}

/** An authorised guest is let in, sees the figures, and loses them at once when the holder takes it away. */
async function inviteAcceptAndTakeAway(holder, guest) {
  await toSharing(holder)
  await holder.shows('shared-with-nobody')
  checks.equal('nobody has access: no serious finding of axe', await holder.axe(), [])
  const handed = await invitation(holder, 'authorised')
  checks.that('the invitation is an address of ours', handed.startsWith(`${line}/`))
  checks.that('and names neither home nor person', !/\d{10}|李明/.test(decodeURIComponent(handed)))
  await holder.picture('10-invitation')
  await holder.at('invitation-done').click()

  await guest.page.goto(handed)
  await guest.shows('offer')
  const offer = await guest.textOf('offer')
  checks.that('the guest is shown whose home it is, masked', offer.includes('*明') && offer.includes('*********0017'))
  checks.that('and nothing whole', !/1504010020017|李明/.test(offer))
  checks.equal('the offer: no serious finding of axe', await guest.axe(), [])
  await guest.picture('10-offer')
  await guest.at('accept').click()
  await guest.shows('home-role')
  await guest.shows('home-ends')
  await guest.shows('last-bill')
  await checks.comes('an authorised guest sees the last bill', async () => (await guest.count('last-bill')) === 1, true)
  await guest.picture('10-guest-home')
  await guest.go('bindings/index')
  await guest.shows('screen-homes')
  checks.equal('but has nothing to share', await guest.count('open-sharing'), 0)

  await guest.page.goto('about:blank')
  await guest.page.goto(handed)
  await guest.shows('screen-accept')

  await toSharing(holder)
  const card = holder.page.locator('[data-testid^="access-"]:visible')
  await card.first().waitFor()
  await checks.comes('the holder sees one person', () => card.count(), 1)
  const person = (await card.first().innerText()).replace(/\s+/g, '')
  checks.that('by their masked name', person.includes('*芳') && !person.includes('王芳'))
  await holder.picture('10-access')
  await holder.at('take-away').click()
  await holder.at('take-away-sure').click()
  await holder.shows('shared-with-nobody')

  await guest.anew('home/index')
  await guest.shows('consent')
  await checks.comes('the guest has no home any more', () => guest.count('home-role'), 0)
  await guest.page.goto(handed)
  await guest.shows('invitation-over')
  checks.that('and the invitation is of no use twice', true)
  await told(guest, 'access_taken')
  await checks.comes('they are told why', async () => (await guest.textOf('notice-access_taken')).includes('收回'), true)
}

/** The tenancy ends on the day that was agreed, without anybody doing anything. */
async function tenancyEnds(holder, guest) {
  const handed = await invitation(holder, 'payer_only', await today())
  await accepted(guest, handed)
  await checks.comes('a payer is told until when', async () => (await guest.count('home-ends')) === 1, true)
  checks.equal('and sees no bills', await guest.count('last-bill'), 0)
  await guest.shows('amount-due')
  await guest.picture('10-payer-home')
  await tell('/sim/clock', { advance_s: 86_400 })
  await guest.anew('home/index')
  await guest.shows('consent')
  await checks.comes('the day after, the home is gone', () => guest.count('amount-due'), 0)
  await toSharing(holder)
  await holder.shows('shared-with-nobody')
}

/** The home is sold: the former holder pays and no more, and shares nothing. */
async function holderChanges(holder) {
  await tell('/sim/marketing/transfer-of-holder', { consumer_no: '1504010020017', person: 'chen-gang' })
  await tell('/sim/clock', { advance_s: 700 })
  await holder.anew('bindings/index')
  await holder.shows('screen-homes')
  // The page asks for the archive, which names another holder now.
  await holder.anew('home/index')
  await holder.shows('amount-due')
  await holder.anew('home/index')
  await holder.shows('home-role')
  await checks.comes('a former holder sees no bills', () => holder.count('last-bill'), 0)
  await holder.anew('bindings/index')
  await holder.shows('screen-homes')
  await holder.shows('unlink')
  await checks.comes('and has nothing to share', () => holder.count('open-sharing'), 0)
  const text = (await holder.page.locator('main:visible').first().innerText()).replace(/\s+/g, '')
  checks.that('neither their own name nor the new one is on the sign', !/\*明|\*刚|李明|陈刚/.test(text))
  await told(holder, 'holder_changed')
  await holder.anew('home/index')
  await holder.shows('home-holder_changed')
  await checks.comes('nor are they called a payer for others', async () => (await holder.page.locator('main:visible').first().innerText()).includes('代缴人'), false)
  await holder.picture('10-former-holder')
  await holder.at('prove-again').click()
  await holder.shows('screen-match')
  checks.that('and who is the new holder is led to proving it', true)
}

const holder = await somebody('li-ming')
const guest = await somebody('wang-fang')
try {
  const people = await json(`${sandbox}/sim/people`)
  checks.that('the demo has both', ['li-ming', 'wang-fang'].every((each) => people.some((one) => one.person === each)))
  await linked(holder)
  await inviteAcceptAndTakeAway(holder, guest)
  await tenancyEnds(holder, guest)
  await holderChanges(holder)
  for (const one of [holder, guest]) checks.equal('nothing thrown', one.seen.errors.filter((error) => error.startsWith('uncaught')), [])
  for (const one of [holder, guest]) checks.equal('no request to anywhere else', one.seen.strangers, [])
} catch (thrown) {
  await holder.picture('sharing-holder-failed').catch(() => undefined)
  await guest.picture('sharing-guest-failed').catch(() => undefined)
  checks.broke(thrown)
} finally {
  await holder.close()
  await guest.close()
}
process.exit(checks.close())
