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
/** It takes a month that was refused: settling.mjs has one, and axe judges it there for every role that has it. */
export const OF_A_MONTH = '/console/cases/{case_id}/reading'
/** What a page must be asked with to be one. */
const ASKED = { '/console/articles/new': '?kind=outlet' }
const judged = new Map()
const known = new Map()

export const PAGES = TABLE.filter(({ path }) => !NO_PAGES.test(path) && !OF_THE_WAY_IN.includes(path) && path !== OF_A_MONTH)

/** Which page of the table a path is: `/console/articles/new` is no single article. */
export function pageOf(at) {
  const fits = TABLE.filter(({ shape }) => shape.test(at))
  return (fits.find(({ single }) => !single) ?? fits[0])?.path
}

export const rolesOf = (page) => TABLE.find(({ path }) => path === page).roles

const own = (role) => PAGES.filter(({ roles }) => roles.includes(role))
/** The pages of a role that stand at one address each. */
export const ownPages = (role) => own(role).filter(({ single }) => !single).map(({ path }) => `${path}${ASKED[path] ?? ''}`)

/** Of each page that stands at many addresses the first one that there is: what an act made is closed by the time a role walks by itself. */
export function keep(at) {
  const { pathname } = new URL(at, 'http://console')
  const page = pageOf(pathname)
  if (page && !known.has(page)) known.set(page, pathname)
}

/** Addresses of pages that a role has, and that axe has not judged for it. */
export const leftOver = (role) => own(role).filter(({ path }) => known.has(path) && !judged.get(path)?.includes(role)).map(({ path }) => known.get(path))

/** From here on every judgement of axe counts for the page that is open. */
export function noteJudgements(desk, role) {
  const judge = desk.axe
  desk.axe = () => {
    const path = pageOf(new URL(desk.page.url()).pathname)
    keep(desk.page.url())
    judged.set(path, [...(judged.get(path) ?? []), role])
    return judge()
  }
}

/** Pages that axe judged for nobody, and pages that a role may open and axe did not judge for it. */
export function unjudged(roles) {
  const never = PAGES.filter(({ path }) => !judged.has(path)).map(({ path }) => path)
  const missed = roles.flatMap((role) => own(role).filter(({ path }) => !judged.get(path)?.includes(role)).map(({ path }) => `${role} ${path}`))
  return [...never, ...missed]
}
