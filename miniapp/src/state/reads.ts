/** What the screens read from the gateway, each under the name it is remembered by. */
import type {
  Access, Arrears, Balance, Bill, BillPage, BillSummary, Binding, BindingDetail, CertificationTerms, CheckTask, Consent, Erasure, Filling,
  GenerationAccount, Me, Notice, NoticePage, Page, Payment, PersonalTable, Receipts, SignedInDevice, Usage,
} from '../api/types'
import { homes } from './homes'
import { usePages } from './pages'
import { useRemote, type Remote } from './remote'
import { call } from './signed_in'

const of = (bindingId: string) => `/bindings/${encodeURIComponent(bindingId)}`

/** Reads a page under a path; nothing when the path is not known yet. */
function useRead<T>(path: string | undefined, query?: Record<string, string | number | undefined>): Remote<T> {
  const key = path === undefined ? undefined : `${path}?${JSON.stringify(query ?? {})}`
  return useRemote<T>(key, () => call<T>('GET', path ?? '', { query }))
}

export function useBindings(): Remote<Page<Binding>> {
  const load = () => call<Page<Binding>>('GET', '/bindings', { query: { limit: 50 } })
  return useRemote('/bindings', load, (page) => homes.set(page.items))
}

export const useBindingDetail = (id: string | undefined) => useRead<BindingDetail>(id && of(id))
export const useAccess = (id: string | undefined) => useRead<Page<Access>>(id && `${of(id)}/grants`, { limit: 100 })
export const useFilling = (id: string | undefined) => useRead<Filling>(id && `${of(id)}/archive-filling`)
export const useArrears = (id: string | undefined) => useRead<Arrears>(id && `${of(id)}/arrears`)
export const useBalance = (id: string | undefined) => useRead<Balance>(id && `${of(id)}/balance`)
/** The newest bills alone; all of them come by [`useBillPages`]. */
export const useBills = (id: string | undefined, limit: number) => useRead<BillPage>(id && `${of(id)}/bills`, { limit })
export const usePayments = (id: string | undefined, limit: number) => useRead<Page<Payment>>(id && `${of(id)}/payments`, { limit })
export const useBillPages = (id: string) => usePages<BillSummary, BillPage>(`${of(id)}/bills`, { limit: 12 })
export const usePaidPages = (id: string) => usePages<Payment>(`${of(id)}/payments`, { limit: 20 })
/** What the utility booked for a home, wherever it was paid. */
export const useReceipts = (id: string) => useRead<Receipts>(`${of(id)}/receipts`)
/** The newest message, and how many are unread. */
export const useNewestNotice = () => useRead<NoticePage>('/notices', { limit: 1 })
export const useNotices = () => usePages<Notice, NoticePage>('/notices', { limit: 50 })
export const useMe = () => useRead<Me>('/me')
export const useCertificationTerms = () => useRead<CertificationTerms>('/me/certifications')
export const useConsents = () => useRead<Page<Consent>>('/me/consents')
export const useErasure = () => useRead<Erasure>('/me/erasure')
export const useGenerationAccounts = () => useRead<Page<GenerationAccount>>('/generation-accounts', { limit: 50 })
export const useGenerationAccount = (id: string) => useRead<GenerationAccount>(`/generation-accounts/${encodeURIComponent(id)}`)
export const usePersonalTable = (id: string, period: string, cursor: string | undefined) =>
  useRead<PersonalTable>(`/generation-accounts/${encodeURIComponent(id)}/table`, { limit: 20, cursor, from: period || undefined, to: period || undefined })
export const useCheckTasks = (cursor: string | undefined) => useRead<Page<CheckTask>>('/check-tasks', { limit: 20, cursor })
export const useCheckTask = (id: string | undefined) => useRead<CheckTask>(id && `/check-tasks/${encodeURIComponent(id)}`)
export const useDevices = () => useRead<Page<SignedInDevice>>('/sessions')

/** Thirty-one days up to a day; without one, up to yesterday. */
export const useUsage = (id: string, to: string | undefined) => useRead<Usage>(`${of(id)}/usage`, { to })

export function useBill(id: string | undefined, period: string | undefined): Remote<Bill> {
  return useRead<Bill>(id && period && `${of(id)}/bills/${encodeURIComponent(period)}`)
}
