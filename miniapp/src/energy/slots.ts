/** Parts of the day by price, in the order people know them by: 尖峰平谷. */
const ORDER = ['super_peak', 'peak', 'flat', 'valley', 'deep_valley']

/** The dearest part of the day first; what is not known yet stands last. */
export function dearestFirst<T extends { slot: string }>(parts: readonly T[]): T[] {
  const place = ({ slot }: T) => (ORDER.includes(slot) ? ORDER.indexOf(slot) : ORDER.length)
  return [...parts].sort((one, other) => place(one) - place(other))
}
