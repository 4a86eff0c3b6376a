/** What the home used day by day, read when it is asked for. A day nothing came for is no day without use. */
import { useState } from 'react'
import type { Usage, UsageDay } from '../../api/types'
import { kwhPlain, kwhUnits } from '../../energy/kwh'
import { useUsage } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { dateBefore, dayText } from '../../time/shanghai'
import { Box } from '../../ui/blocks'
import { AsOf, Button, Card, ProblemNote, Row, Skeleton } from '../../ui/parts'

export function DailyUsage({ bindingId }: { bindingId: string }) {
  const { t } = useSettings()
  const [shown, setShown] = useState(false)
  return (
    <Card label={t('usage.title')} testId='usage'>
      <Box as='h2' className='section-title'>{t('usage.title')}</Box>
      {shown ? <Days bindingId={bindingId} /> : <Button kind='quiet' onTap={() => setShown(true)} testId='usage-open'>{t('usage.open')}</Button>}
    </Card>
  )
}

function Days({ bindingId }: { bindingId: string }) {
  const { t } = useSettings()
  const [until, setUntil] = useState<string>()
  const { answer, problem, reload } = useUsage(bindingId, until)
  const first = answer?.days[0]
  return (
    <>
      {problem && <ProblemNote problem={problem} retry={reload} />}
      {answer ? <Span usage={answer} /> : !problem && <Skeleton lines={4} />}
      {first && <Button kind='quiet' onTap={() => setUntil(dateBefore(first.date))} testId='usage-earlier'>{t('usage.earlier')}</Button>}
      {until !== undefined && <Button kind='plain' onTap={() => setUntil(undefined)} testId='usage-newest'>{t('usage.newest')}</Button>}
    </>
  )
}

function Span({ usage }: { usage: Usage }) {
  const { t, language } = useSettings()
  const { days } = usage
  const [first, last] = [days[0], days[days.length - 1]]
  const lost = days.filter((day) => day.state === 'absent').length
  if (!first || !last || usage.total_kwh == null) return <Box as='p' className='soft'>{t('usage.none')}</Box>
  const [from, to] = [dayText(first.date, language), dayText(last.date, language)]
  return (
    <>
      <Box as='p' className='why-headline' testId='usage-total'>{t('usage.total', { first: from, last: to, kwh: kwhPlain(usage.total_kwh) })}</Box>
      {lost > 0 && <Box as='p' className='soft' testId='usage-lost'>{t('usage.lost', { n: lost })}</Box>}
      <AsOf as_of={usage.as_of} stale={false} />
      <Bars days={days} />
      {[...days].reverse().map((day) => <Day key={day.date} day={day} />)}
    </>
  )
}

function Bars({ days }: { days: UsageDay[] }) {
  const { t } = useSettings()
  const units = days.map((day) => (day.energy_kwh == null ? 0 : kwhUnits(day.energy_kwh) ?? 0))
  const most = Math.max(1, ...units)
  return (
    <Box className='day-bars' role='img' label={t('usage.bars')}>
      {days.map((day, index) => (
        <Box key={day.date} className={`day-bar day-${day.state}`} style={{ height: day.state === 'absent' ? '100%' : `${Math.round(((units[index] ?? 0) * 100) / most)}%` }} />
      ))}
    </Box>
  )
}

function Day({ day }: { day: UsageDay }) {
  const { t, language } = useSettings()
  const { peak_kwh: peak, flat_kwh: flat, valley_kwh: valley } = day
  const parts = peak != null && flat != null && valley != null
  return (
    <Row name={dayText(day.date, language)} testId={`day-${day.date}`}>
      {day.energy_kwh == null ? t('usage.absent') : t('home.kwh', { kwh: kwhPlain(day.energy_kwh) })}
      {day.state === 'estimated' && ` · ${t('usage.estimated')}`}
      {parts && <Box as='span' className='soft day-parts'>{t('usage.parts', { peak: kwhPlain(peak), flat: kwhPlain(flat), valley: kwhPlain(valley) })}</Box>}
    </Row>
  )
}
