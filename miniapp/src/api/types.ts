/**
 * What the line listener says (`/v1`), as the screens read it.
 *
 * Money is integer fen, energy and unit prices are decimal strings, times are RFC 3339 with +08:00.
 */

export interface Page<T> { items: T[]; next_cursor?: string | null }
export interface Figure { as_of: string; stale: boolean }

export interface SessionReply {
  access_token: string
  token_type: 'Bearer'
  expires_in: number
  refresh_token?: string
  account_id: string
}
export interface SignedInDevice { session_id: string; client: 'mini' | 'h5'; created_at: string; last_seen_at: string; current: boolean }
export interface Me {
  account_id: string
  name_masked?: string | null
  phone_masked?: string | null
  id_no_masked?: string | null
  real_name: 'verified' | 'missing'
  created_at: string
}
export type ConsentPurpose = 'identity_match' | 'archive_update' | 'notices'
export interface Consent { purpose: ConsentPurpose; version: string; text: string; given_at?: string | null }

export type Role = 'holder' | 'authorised' | 'payer_only'
export interface Candidate { match_token: string; consumer_no_masked: string; holder_masked: string; address_masked: string; role: Role }
export interface Match { level: 'full' | 'id_only' | 'none'; candidates: Candidate[] }
export type Proof = { kind: 'id_last6'; value: string } | { kind: 'archived_sms'; otp: string }
export type BindRequest = { match_tokens: string[]; proof?: Proof } | { consumer_no: string; proof: Proof }
export interface OtpSent { expires_in: number; resend_after: number }

export interface Binding {
  binding_id: string
  consumer_no_masked: string
  holder_masked: string
  address_masked: string
  role: Role
  label?: string | null
  state: string
  created_at: string
}
/** The supply half is absent until the archive has answered once. */
export interface BindingDetail extends Binding, Partial<Figure> {
  category?: string
  tariff?: { code: string; name: string }
  meters?: { meter_no_masked: string; multiplier: number }[]
  pay_mode?: string
  status?: string
  real_name?: { state: 'verified' | 'missing' | 'mismatch'; cure?: string | null }
}

export interface Receivable { receivable_id: string; period: string; principal_fen: number; late_fee_fen: number; paid_fen: number; due_date: string }
export interface Arrears extends Figure { items: Receivable[]; total_fen: number; in_flight_fen: number; arrears_version: string }
export interface Balance extends Figure { prepaid_fen: number; estimated_since_bill_fen: number; available_fen: number }

export interface BillSummary { period: string; energy_kwh: string; total_fen: number; issued_on: string; due_date: string; paid: boolean }
export interface BillPage extends Page<BillSummary>, Figure {}
export interface BillReading { meter_no_masked: string; previous: string; current: string; multiplier: number | string; energy_kwh: string }
export interface Tier { tier: number; up_to_kwh?: string | null; price_yuan_per_kwh: string }
export interface BillLine {
  kind: string
  tier?: number | null
  quantity_kwh?: string | null
  price_yuan_per_kwh?: string | null
  amount_fen: number
  formula: string
  recomputed: boolean
}
export interface BillComparison {
  period: string
  energy_delta_kwh: string
  charge_delta_fen: number
  price_delta_fen: number
  energy_effect_fen: number
  days_delta: number
}
export interface Bill extends Figure {
  period: string
  issued_on: string
  due_date: string
  days: number
  readings: BillReading[]
  energy_kwh: string
  year_to_date_kwh: string
  tiers: Tier[]
  lines: BillLine[]
  total_fen: number
  paid: boolean
  comparison?: BillComparison | null
}

export type PaymentState =
  | 'CREATED' | 'PAYING' | 'CLOSED' | 'PAID' | 'POSTING' | 'POSTED'
  | 'REFUNDING' | 'REFUNDED' | 'PARTLY_REFUNDED' | 'UNDER_REVIEW'
export type NextCode =
  | 'PAY_IN_CASHIER' | 'CHECKING_WITH_CHANNEL' | 'BEING_CREDITED' | 'CHECKING_WITH_UTILITY' | 'DONE'
  | 'CLOSED' | 'REFUND_ON_THE_WAY' | 'REFUNDED' | 'STAFF_WILL_DECIDE'
export type PaymentPurpose = 'arrears' | 'top_up'
export interface Refund { amount_fen: number; state: 'PENDING' | 'DONE'; done_at?: string | null }
export interface Payment {
  payment_id: string
  binding_id: string
  purpose: PaymentPurpose
  state: PaymentState
  amount_fen: number
  out_trade_no: string
  trade_no?: string | null
  pay_url?: string | null
  created_at: string
  expire_at: string
  paid_at?: string | null
  posted_at?: string | null
  closed_at?: string | null
  refunds: Refund[]
  next: { code: NextCode; by?: string | null }
}
export interface NewPayment {
  binding_id: string
  purpose: PaymentPurpose
  amount_fen: number
  arrears_version?: string
  via: 'mini' | 'h5'
}

export interface Notice {
  notice_id: string
  kind: string
  title: string
  body: string
  payment_id?: string | null
  created_at: string
  read_at?: string | null
}
export interface NoticePage extends Page<Notice> { unread: number }
