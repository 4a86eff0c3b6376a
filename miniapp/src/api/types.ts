/**
 * What the line listener says (`/v1`), as the screens read it: the views of the interface document (`schema.d.ts`, generated), with the
 * words that the document only describes spelled out as types.
 *
 * Money is integer fen, energy and unit prices are decimal strings, times are RFC 3339 with +08:00.
 */
import type { components } from './schema'

type Views = components['schemas']

/** `View` with narrower types for some members. A member that the document no longer has, or has otherwise, does not compile. */
type Narrow<View, Members extends Partial<View> & Record<Exclude<keyof Members, keyof View>, never>> = Omit<View, keyof Members> & Members

export interface Page<T> { items: T[]; next_cursor?: string | null }
export type Figure = Pick<Views['ArrearsView'], 'as_of' | 'stale'>

export type SessionReply = Views['SessionView']
export type SignedInDevice = Narrow<Views['DeviceView'], { client: 'mini' | 'h5' }>
export type Me = Narrow<Views['MeView'], { real_name: 'verified' | 'missing' }>
export type Consent = Views['ConsentView']
export type ConsentPurpose = Consent['purpose']

export type CertificationTerms = Views['CertificationTermsView']
export type CertificationKind = Views['KindWord']
export type Certification = Narrow<Views['CertificationView'], { state: 'pending' | 'certified' | 'refused' }>

export type Merge = Narrow<Views['MergeView'], { state: 'open' | 'merged' | 'over' }>
export type Merged = Views['MergedView']

export type Role = 'holder' | 'authorised' | 'payer_only'
export type Candidate = Narrow<Views['CandidateView'], { role: Role }>
export type Match = Narrow<Views['MatchView'], { level: 'full' | 'id_only' | 'none'; candidates: Candidate[] }>
export type Proof = Views['ProofBody']
export type OtpSent = Views['CodeView']

export type Access = Narrow<Views['AccessView'], { role: Role; state: 'invited' | 'active' }>
export type GrantRole = Exclude<Role, 'holder'>
export type Invited = Narrow<Views['InvitedView'], { role: GrantRole }>
export type Invitation = Narrow<Views['InvitationView'], { role: GrantRole }>

export type Binding = Narrow<Views['BindingView'], { role: Role; state: 'active' | 'disputed' | 'holder_changed' }>
/** `cure` is there whenever the state is not `verified`. */
export type RealName = Narrow<Views['RealNameView'], {
  state: 'verified' | 'missing' | 'mismatch'
  cure?: 'CERTIFY_AT_ALIPAY' | 'AGREE_TO_MATCH' | 'ADD_AT_OUTLET' | 'TRANSFER_AT_OUTLET' | null
}>
type Supply = Narrow<Views['SupplyView'], { pay_mode: 'postpaid' | 'prepaid'; real_name: RealName }>
export type PayMode = Supply['pay_mode']
/** The supply half is absent for a payer, and until the archive has answered once. */
export type BindingDetail = Binding & Partial<Supply>

type FilledField = Narrow<Views['FilledFieldView'], { name: 'id_no' | 'mobile' | 'name'; result?: 'filled' | 'same' | 'conflict_review' }>
/** What became of the newest offer of certified values to the utility's file. */
export type Filling = Narrow<Views['FillingView'], { state: 'none' | 'asked' | 'settled' | 'dropped'; fields: FilledField[] }>

export type Receivable = Views['ReceivableView']
export type Arrears = Views['ArrearsView']
export type Balance = Views['BalanceView']

export type BillSummary = Views['BillSummaryView']
export type BillPage = Views['BillsView']
export type BillReading = Views['ReadingView']
export type Tier = Views['TierView']
export type BillLine = Views['LineView']
export type BillComparison = Views['ComparisonView']
export type Bill = Views['BillView']
export type UsageDay = Narrow<Views['UsageDayView'], { state: 'read' | 'estimated' | 'absent' }>
/** Money that the utility booked for a home, wherever it was paid. */
export type Receipt = Narrow<Views['ReceiptView'], { place: 'here' | 'hall' | 'bank' | 'elsewhere' }>
export type Receipts = Narrow<Views['ReceiptsView'], { items: Receipt[] }>
export type Usage = Narrow<Views['UsageView'], { days: UsageDay[] }>

export type PaymentState =
  | 'CREATED' | 'PAYING' | 'CLOSED' | 'PAID' | 'POSTING' | 'POSTED'
  | 'REFUNDING' | 'REFUNDED' | 'PARTLY_REFUNDED' | 'UNDER_REVIEW'
export type NextCode =
  | 'PAY_IN_CASHIER' | 'CHECKING_WITH_CHANNEL' | 'BEING_CREDITED' | 'CHECKING_WITH_UTILITY' | 'DONE'
  | 'CLOSED' | 'REFUND_ON_THE_WAY' | 'REFUNDED' | 'PARTLY_REFUNDED' | 'STAFF_WILL_DECIDE'
export type PaymentPurpose = 'arrears' | 'top_up'
export type Refund = Narrow<Views['RefundView'], { state: 'PENDING' | 'DONE' }>
/** One home of a payment: it goes its own way. */
export type HomePart = Narrow<Views['HomeView'], { state: PaymentState }>
export type Payment = Narrow<Views['PaymentView'], {
  purpose: PaymentPurpose
  state: PaymentState
  homes: HomePart[]
  refunds: Refund[]
  next: Narrow<Views['NextView'], { code: NextCode }>
}>
export type NewPayment = Narrow<Views['CreateBody'], { purpose: PaymentPurpose; via: 'mini' | 'h5' }>
export type CheckoutItem = Views['CheckoutItem']
export type NewCheckout = Narrow<Views['CheckoutBody'], { via: 'mini' | 'h5' }>

export type DocumentLink = Views['LinkView']
export type Erasure = Narrow<Views['ErasureView'], { state: 'none' | 'cooling' | 'withdrawn' | 'done' }>

export type GenerationState = 'keyless' | 'keyed' | 'permitted' | 'terminating' | 'terminated'
export type GenerationAccount = Narrow<Views['GenerationAccountView'], { state: GenerationState; feed_in?: 'full' | 'surplus' }>
export type PublicKey = Views['PublicKeyView']
export type Permission = Views['PermissionView']
type TableRow = Narrow<Views['TableRowView'], { kind: 'feed_in' | 'subsidy'; slot: 'super_peak' | 'peak' | 'flat' | 'valley' | 'deep_valley' }>
export type PersonalTable = Narrow<Views['PersonalTableView'], { items: TableRow[] }>

export type CheckState = 'OPEN' | 'ANSWERED' | 'IN_REVIEW' | 'DISPATCHED' | 'SUPERSEDED'
export type PayoutState = 'HELD' | 'QUEUED' | 'SENDING' | 'UNKNOWN' | 'PAID' | 'RETURNED'
export type PayoutHold =
  | 'unchecked' | 'figures_differ' | 'payee_not_holder' | 'no_payee' | 'payee_young' | 'refused' | 'returned' | 'nothing_payable'
  | 'staff' | 'contradiction'
export type SolarSlot = TableRow['slot']
export type SettlementLine = Narrow<Views['SettlementLineView'], { kind: TableRow['kind']; slot: SolarSlot }>
type SettledPart = Narrow<Views['SettledPartView'], { slot: SolarSlot }>
type SettledDay = Narrow<Views['SettledDayView'], { parts: SettledPart[] }>
type MonthSettlement = Narrow<Views['SettlementView'], { lines: SettlementLine[]; days: SettledDay[] }>
export type Payout = Narrow<Views['PayoutView'], { state: PayoutState; hold?: PayoutHold }>
export type CheckTask = Narrow<Views['CheckTaskView'], {
  state: CheckState
  verdict?: 'confirm' | 'ignore' | 'timeout' | 'upheld'
  review?: Narrow<Views['ReviewView'], { outcome: 'waits' | 'upheld' | 'corrected' | 'recalled' }>
  dispute?: Views['SettlementDisputeView']
  settlement?: MonthSettlement
  payout?: Payout
}>
export type CheckVerdict = Views['VerdictWord']

export type Notice = Views['NoticeView']
export type NoticePage = Views['InboxView']

const ARTICLE_KINDS = ['news', 'faq', 'knowledge', 'guide', 'policy', 'grid_news', 'industry_news', 'technology', 'case'] as const
export type ArticleKind = (typeof ARTICLE_KINDS)[number]
export type PublicationKind = ArticleKind | 'outlet' | 'outage' | 'app'
/** A kind as it stands in an address; nothing when it is none. */
export const articleKind = (text: string | undefined): ArticleKind | undefined => ARTICLE_KINDS.find((kind) => kind === text)
export type Listed = Narrow<Views['ListedView'], { kind: PublicationKind }>
export type OutageFact = Narrow<Views['OffView'], { kind: 'planned' | 'temporary' | 'fault' }>
export type OutletPlace = Views['PlaceView']
export type Outlet = Views['OutletView']
export type Outage = Omit<Views['OutageView'], 'kind'> & OutageFact
export type App = Views['AppView']
export type HomeOutages = Omit<Views['HomeOutagesView'], 'items'> & { items: Outage[] }
export type Block = Views['BlockView']
export type Article = Narrow<Views['ArticleView'], { kind: PublicationKind; outage?: OutageFact | null }>

const REQUEST_KINDS = ['illegal_use', 'feedback', 'bill_dispute', 'wrong_payment', 'new_user'] as const
export type RequestKind = (typeof REQUEST_KINDS)[number]
/** A kind as it stands in an address; nothing when it is none. */
export const requestKind = (text: string | undefined): RequestKind | undefined => REQUEST_KINDS.find((kind) => kind === text)
/** What staff found of an application; all but the first two are why it was refused. */
export type RequestCheck = 'waiting' | 'admitted' | 'place_unknown' | 'supplied_already' | 'papers_missing' | 'not_served'
export type ServiceRequest = Narrow<Views['RequestView'], {
  kind: RequestKind; state: 'filed' | 'accepted' | 'under_way' | 'resolved' | 'declined'; check?: RequestCheck
}>
export type NewRequest = Narrow<Views['FileBody'], { kind: RequestKind }>

export type Purse = Views['PurseView']
export type Gift = Views['GiftView']
export type Exchange = Views['ExchangeView']
