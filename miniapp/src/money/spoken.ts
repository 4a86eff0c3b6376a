/** Amounts as they are read aloud: "一百二十八元四角", "one hundred twenty-eight yuan forty". */
import type { Language } from '../words'

const DIGITS = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九']
const PLACES = ['', '十', '百', '千']
const GROUPS = ['', '万', '亿', '万亿']

/** One group of four digits, "一千零五"; a group of zero is empty. */
function chineseGroup(group: number): string {
  let text = ''
  let gap = false
  for (let place = 3; place >= 0; place -= 1) {
    const digit = Math.floor(group / 10 ** place) % 10
    if (digit === 0) {
      gap = text !== ''
      continue
    }
    text += `${gap ? '零' : ''}${DIGITS[digit]}${PLACES[place]}`
    gap = false
  }
  return text
}

/** A whole number in Chinese words; `n` is a non-negative safe integer. */
export function chineseNumber(n: number): string {
  if (n === 0) return '零'
  let text = ''
  let gap = false
  for (let index = GROUPS.length - 1; index >= 0; index -= 1) {
    const group = Math.floor(n / 10000 ** index) % 10000
    if (group === 0) {
      gap = text !== ''
      continue
    }
    const zero = text !== '' && (gap || group < 1000) ? '零' : ''
    text += `${zero}${chineseGroup(group)}${GROUPS[index]}`
    gap = false
  }
  return text.replace(/^一十/, '十')
}

function chineseAmount(fen: number): string {
  const yuan = Math.floor(fen / 100)
  const jiao = Math.floor(fen / 10) % 10
  const cent = fen % 10
  if (fen === 0) return '零元'
  let text = yuan > 0 ? `${chineseNumber(yuan)}元` : ''
  if (jiao > 0) text += `${DIGITS[jiao]}角`
  else if (yuan > 0 && cent > 0) text += '零'
  if (cent > 0) text += `${DIGITS[cent]}分`
  return text
}

const ONES = [
  'zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve', 'thirteen',
  'fourteen', 'fifteen', 'sixteen', 'seventeen', 'eighteen', 'nineteen',
]
const TENS = ['', '', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety']
const SCALES: [number, string][] = [[1_000_000_000, 'billion'], [1_000_000, 'million'], [1000, 'thousand'], [100, 'hundred']]

/** A whole number in English words; `n` is a non-negative safe integer. */
export function englishNumber(n: number): string {
  for (const [size, name] of SCALES) {
    if (n < size) continue
    const rest = n % size
    return `${englishNumber(Math.floor(n / size))} ${name}${rest > 0 ? ` ${englishNumber(rest)}` : ''}`
  }
  if (n < 20) return ONES[n]
  return `${TENS[Math.floor(n / 10)]}${n % 10 > 0 ? `-${ONES[n % 10]}` : ''}`
}

function englishAmount(fen: number): string {
  const yuan = Math.floor(fen / 100)
  const cents = fen % 100
  if (cents === 0) return `${englishNumber(yuan)} yuan`
  if (yuan === 0) return `${englishNumber(cents)} fen`
  return `${englishNumber(yuan)} yuan ${cents < 10 ? 'zero ' : ''}${englishNumber(cents)}`
}

/** The amount in words of the given language. `fen` must be a safe integer. */
export function spokenAmount(fen: number, language: Language): string {
  if (!Number.isSafeInteger(fen)) throw new RangeError('an amount must be whole fen')
  const size = Math.abs(fen)
  if (language === 'en') return `${fen < 0 ? 'minus ' : ''}${englishAmount(size)}`
  return `${fen < 0 ? '负' : ''}${chineseAmount(size)}`
}
