/**
 * The figures of one made-up household for work on the screens: two homes, one bill due, everything in memory.
 * Bills are built from readings and steps, so that every formula on the screen adds up.
 */

const STEPS = [
  { tier: 1, up_to_kwh: '2760', price_yuan_per_kwh: '0.538', milliyuan: 538 },
  { tier: 2, up_to_kwh: '4800', price_yuan_per_kwh: '0.588', milliyuan: 588 },
  { tier: 3, price_yuan_per_kwh: '0.838', milliyuan: 838 },
]
const LIMITS = [2760, 4800, Infinity]

/** "128.40" of whole fen. */
export const yuan = (fen) => `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`

/** Wall clock of Shanghai as RFC 3339. */
export const shanghai = (ms) => `${new Date(ms + 8 * 3600_000).toISOString().slice(0, 19)}+08:00`
const day = (ms) => shanghai(ms).slice(0, 10)
const period = (monthsBack) => {
  const now = new Date(Date.now() + 8 * 3600_000)
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - monthsBack, 1)).toISOString().slice(0, 7)
}

/** Splits the energy of a bill over the steps, from the energy already used this year. */
function linesOf(before, kwh) {
  const lines = []
  let from = before
  let left = kwh
  for (const [index, step] of STEPS.entries()) {
    const room = Math.max(0, LIMITS[index] - from)
    const part = Math.min(room, left)
    if (part > 0) {
      const amount_fen = Math.floor((part * step.milliyuan + 5) / 10)
      lines.push({
        kind: 'energy', tier: step.tier, quantity_kwh: String(part), price_yuan_per_kwh: step.price_yuan_per_kwh, amount_fen,
        formula: `${part} kWh x ${step.price_yuan_per_kwh} yuan/kWh = ${yuan(amount_fen)} yuan`, recomputed: true, recomputed_fen: amount_fen, price_recomputed: true,
      })
    }
    from += part
    left -= part
  }
  return lines
}

/** Twelve bills, newest first, from a list of monthly energies (oldest first). */
export function bills(energies, paidExceptNewest) {
  let reading = 11_200
  const made = []
  energies.forEach((kwh, index) => {
    const back = energies.length - index
    const name = period(back)
    const opensYear = made.length === 0 || name.endsWith('-01')
    const before = opensYear ? 0 : Number(made[made.length - 1].year_to_date_kwh)
    const lines = linesOf(before, kwh)
    const newest = index === energies.length - 1
    made.push({
      period: name, issued_on: `${period(back - 1)}-02`, due_date: `${period(back - 1)}-25`,
      days: new Date(Date.UTC(Number(name.slice(0, 4)), Number(name.slice(5)), 0)).getUTCDate(),
      readings: [{ meter_no_masked: '****0731', previous: String(reading), current: String(reading + kwh), multiplier: 1, energy_kwh: String(kwh), recomputed: true, recomputed_kwh: String(kwh) }],
      energy_kwh: String(kwh), energy_recomputed: true, year_to_date_kwh: String(before + kwh),
      tiers: STEPS.map(({ milliyuan: _, ...step }) => step),
      lines, total_fen: lines.reduce((sum, line) => sum + line.amount_fen, 0), adds_up: true, paid: paidExceptNewest ? !newest : true,
    })
    reading += kwh
  })
  return made.reverse().map((bill, index, all) => withComparison(bill, all[index + 1]))
}

function withComparison(bill, last) {
  if (!last) return bill
  const delta = Number(bill.energy_kwh) - Number(last.energy_kwh)
  const charge = bill.total_fen - last.total_fen
  const energy_effect_fen = Math.trunc((delta * last.total_fen) / Number(last.energy_kwh))
  return {
    ...bill,
    comparison: {
      period: last.period, energy_delta_kwh: String(delta), charge_delta_fen: charge,
      price_delta_fen: charge - energy_effect_fen, energy_effect_fen, days_delta: bill.days - last.days,
    },
  }
}

/** Thirty-one days, oldest first, up to a day or yesterday: one of them lost, one estimated. */
export function daily(world, to) {
  const newest = Date.parse(`${to ?? day(Date.now() - 86_400_000)}T12:00:00+08:00`)
  const energies = Array.from({ length: 31 }, (_, index) => 60 + ((index * 7) % 31))
  const days = energies.map((tenths, index) => {
    const date = day(newest - (30 - index) * 86_400_000)
    if (index === 29) return { date, state: 'absent' }
    return { date, state: index === 28 ? 'estimated' : 'read', energy_kwh: String(tenths / 10) }
  })
  const sum = energies.reduce((all, tenths, index) => (index === 29 ? all : all + tenths), 0)
  return { days, total_kwh: String(sum / 10), as_of: world.asOf().as_of }
}

/** What the utility booked for a home: its paid bills, newest first, paid at the hall, a bank, here and elsewhere in turn. */
export function receipts(world, home) {
  const places = ['hall', 'bank', 'here', 'elsewhere']
  const paid = home.bills.filter((bill) => bill.paid)
  const items = paid.map((bill, index) => ({
    receipt_no: `MK${bill.period.replace('-', '')}`, amount_fen: bill.total_fen, paid_at: `${bill.issued_on}T12:00:00+08:00`, place: places[index % places.length],
  }))
  return { items, since: `${period(24)}-01`, as_of: world.asOf().as_of }
}

export function household() {
  const asOf = () => ({ as_of: shanghai(Date.now() - 120_000), stale: false })
  return {
    me: { account_id: 'acc-1', name_masked: '*明', phone_masked: '190****0001', id_no_masked: '1504**********0013', real_name: 'verified', created_at: shanghai(Date.now()) },
    consents: [
      { purpose: 'identity_match', version: '1', text: '为匹配您的用电户号，我们会把支付宝已认证的姓名、证件号和手机号与供电公司的用电档案核对。\n这些是敏感个人信息，仅用于本次匹配，不用于其他目的。', given_at: null },
      { purpose: 'archive_update', version: '1', text: '允许把已认证的信息补充到供电公司的用电档案中空缺的项。', given_at: null },
      { purpose: 'notices', version: '1', text: '通过短信和站内消息通知入账、退款和停电。', given_at: null },
    ],
    homes: [
      { id: 'b-1', consumer_no: '1500000004321', address: '东胜区 ** 小区 3 号楼 ***', bills: bills([203, 188, 240, 262, 231, 198, 176, 214, 290, 305, 247, 269], true), prepaid_fen: 0, pay_mode: 'postpaid' },
      { id: 'b-2', consumer_no: '1500000008876', address: '伊金霍洛旗 ** 路 12 号 ***', bills: bills([61, 58, 64, 70, 66, 59, 63, 72, 80, 83, 71, 74], false), prepaid_fen: 8640, pay_mode: 'prepaid' },
    ],
    asOf, day,
  }
}
