/** The console's own table of pages (`make gen` writes pages.json), held against the pages that a walk opened and axe judged. */
import fs from 'node:fs'

const TABLE = JSON.parse(fs.readFileSync(new URL('./pages.json', import.meta.url), 'utf8')).map(({ path, roles }) => {
  const shape = path.replaceAll('.', '\\.').replace(/\{[^/]+\}/g, '[^/]+')
  return { path, roles, single: path.includes('{'), shape: new RegExp(`^${shape}$`) }
})
/** What answers with a file, or leads on to a page at once. */
const NO_PAGES = /\/(export|assets\/\{name\}|pictures\/\{id\}|find)$/
/** Nobody signed in is led there; console.mjs opens both, and axe judges them there. */
const OF_THE_WAY_IN = ['/console/sign-in', '/console/kept']
/** It takes a month that was refused: settling.mjs has one, and axe judges it there. */
const OF_A_MONTH = '/console/cases/{case_id}/reading'
/** What a page must be asked with to be one. */
const ASKED = { '/console/articles/new': '?kind=outlet' }
const judged = new Map()

export const PAGES = TABLE.filter(({ path }) => !NO_PAGES.test(path) && !OF_THE_WAY_IN.includes(path) && path !== OF_A_MONTH)

/** Which page of the table a path is: `/console/articles/new` is no single article. */
export function pageOf(at) {
  const fits = TABLE.filter(({ shape }) => shape.test(at))
  return (fits.find(({ single }) => !single) ?? fits[0])?.path
}

/** The pages of a role that stand at one address each. */
const own = (role) => PAGES.filter(({ single, roles }) => !single && roles.includes(role)).map(({ path }) => path)
export const ownPages = (role) => own(role).map((path) => `${path}${ASKED[path] ?? ''}`)

/** From here on every judgement of axe counts for the page that is open. */
export function noteJudgements(desk, role) {
  const judge = desk.axe
  desk.axe = () => {
    const path = pageOf(new URL(desk.page.url()).pathname)
    judged.set(path, [...(judged.get(path) ?? []), role])
    return judge()
  }
}

/** Pages that axe judged for nobody, and pages of one address that a role may open and axe did not judge for it. */
export function unjudged(roles) {
  const never = PAGES.filter(({ path }) => !judged.has(path)).map(({ path }) => path)
  const missed = roles.flatMap((role) => own(role).filter((path) => !judged.get(path)?.includes(role)).map((path) => `${role} ${path}`))
  return [...never, ...missed]
}
