/** Public information, read from the gateway. The same for everybody: nobody has to be signed in. */
import type { App, Article, ArticleKind, HomeOutages, Listed, Outage, Outlet, Page, Purse, ServiceRequest } from '../api/types'
import { useRemote, type Remote } from './remote'
import { call } from './signed_in'

type Query = Record<string, string | number | undefined>

const PER_PAGE = 20

function useShelf<T>(path: string | undefined, query?: Query): Remote<T> {
  const key = path === undefined ? undefined : `${path}?${JSON.stringify(query ?? {})}`
  return useRemote<T>(key, () => call<T>('GET', path ?? '', { query }))
}

export interface Asked { kind?: ArticleKind; q?: string }

const asked = ({ kind, q }: Asked, cursor?: string): Query => ({ kind, q: q || undefined, limit: PER_PAGE, cursor })

export const useArticles = (what: Asked) => useShelf<Page<Listed>>('/articles', asked(what))
export const useArticle = (id: string | undefined) => useShelf<Article>(id && `/articles/${encodeURIComponent(id)}`)
export const useOutlets = (q: string) => useShelf<Page<Outlet>>('/outlets', { q: q || undefined, limit: 50 })
export const useOutages = (q: string) => useShelf<Page<Outage>>('/outages', { q: q || undefined, limit: 50 })
export const useApps = (q: string) => useShelf<Page<App>>('/apps', { q: q || undefined, limit: 50 })
export const useHomeOutages = (bindingId: string) => useShelf<HomeOutages>(`/bindings/${encodeURIComponent(bindingId)}/outages`)

/** What the person asked of the utility, newest first. */
export const useRequests = () => useShelf<Page<ServiceRequest>>('/requests', { limit: 50 })

export const usePurse = () => useShelf<Purse>('/points')

/** A later page of a list. */
export function moreArticles(what: Asked, cursor: string): Promise<Page<Listed>> {
  return call<Page<Listed>>('GET', '/articles', { query: asked(what, cursor) })
}
