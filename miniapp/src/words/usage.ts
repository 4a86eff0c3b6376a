/** The words of what was used day by day. Part of the dictionary. */
export const usageWords = {
  'usage.title': ['每日用电', 'Day by day'],
  'usage.open': ['看每天用了多少', 'See each day'],
  'usage.total': ['{first}至{last}共 {kwh} 度', '{kwh} kWh from {first} to {last}'],
  'usage.lost': ['其中 {n} 天没有收到电表数据，不算作 0 度。', 'For {n} of these days nothing came from the meter. They do not count as 0 kWh.'],
  'usage.none': ['这段时间没有电表数据。', 'Nothing came from the meter for these days.'],
  'usage.absent': ['无数据', 'No data'],
  'usage.estimated': ['估算', 'estimated'],
  'usage.parts': ['峰 {peak} · 平 {flat} · 谷 {valley}', 'peak {peak} · flat {flat} · valley {valley}'],
  'usage.bars': ['每天用电的柱状图，数值见下表', 'Bars of each day; the figures are listed below'],
  'usage.earlier': ['更早的日子', 'Earlier days'],
  'usage.newest': ['回到最近', 'Back to the newest'],
} as const satisfies Record<string, readonly [string, string]>
