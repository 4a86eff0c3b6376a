/** Public information, read from the gateway. The same for everybody: nobody has to be signed in. */
import type { App, Article, ArticleKind, HomeOutages, Listed, Outage, Outlet, Purse, ServiceRequest } from '../api/types'
import { usePages } from './pages'
import { useRemote, type Remote } from './remote'
import { call } from './signed_in'

const PER_PAGE = 20
/** Of a list that is short, as a rule. */
const PER_LONG_PAGE = 50

function useShelf<T>(path: string | undefined): Remote<T> {
  return useRemote<T>(path, () => call<T>('GET', path ?? ''))
}

export interface Asked { kind?: ArticleKind; q?: string }

const looked = (q: string) => ({ q: q || undefined, limit: PER_LONG_PAGE })

export const useArticles = ({ kind, q }: Asked) => usePages<Listed>('/articles', { kind, q: q || undefined, limit: PER_PAGE })
export const useArticle = (id: string | undefined) => useShelf<Article>(id && `/articles/${encodeURIComponent(id)}`)
export const useOutlets = (q: string) => usePages<Outlet>('/outlets', looked(q))
export const useOutages = (q: string) => usePages<Outage>('/outages', looked(q))
export const useApps = (q: string) => usePages<App>('/apps', looked(q))
export const useHomeOutages = (bindingId: string) => useShelf<HomeOutages>(`/bindings/${encodeURIComponent(bindingId)}/outages`)

/** What the person asked of the utility, newest first. */
export const useRequests = () => usePages<ServiceRequest>('/requests', { limit: PER_LONG_PAGE })

export const usePurse = () => useShelf<Purse>('/points')
