/** The last bill in three lines: how much, which step of the tariff, how it was worked out. */
import type { Binding } from '../../api/types'
import { kwhPlain } from '../../energy/kwh'
import { walkSteps } from '../../energy/steps'
import { useBill, useBills } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { periodText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { open } from '../../ui/navigation'
import { AsOf, Card, ProblemNote, Skeleton } from '../../ui/parts'
import { StepBar } from '../../ui/step_bar'

export function LastBillCard({ home }: { home: Binding }) {
  const { t, language } = useSettings()
  const bills = useBills(home.binding_id, 1)
  const last = bills.answer?.items[0]
  const bill = useBill(home.binding_id, last?.period).answer
  const walk = bill && walkSteps(bill.tiers, bill.year_to_date_kwh)
  if (!last) {
    if (bills.problem) return <Card><ProblemNote problem={bills.problem} retry={bills.reload} /></Card>
    return <Card>{bills.answer ? <Box as='p' className='soft'>{t('bills.empty')}</Box> : <Skeleton lines={3} />}</Card>
  }
  return (
    <Card label={t('home.last_bill', { period: periodText(last.period, language) })} testId='last-bill'>
      <Box className='last-bill-line'>
        <Box>
          <Box as='h2' className='soft'>{t('home.last_bill', { period: periodText(last.period, language) })}</Box>
          <Box as='p' className='last-bill-kwh'>{t('home.kwh', { kwh: kwhPlain(last.energy_kwh) })}</Box>
        </Box>
        <Amount fen={last.total_fen} size='title' />
      </Box>
      {walk && <StepBar walk={walk} />}
      {bills.answer && <AsOf as_of={bills.answer.as_of} stale={bills.answer.stale} />}
      {bills.problem && <ProblemNote problem={bills.problem} retry={bills.reload} />}
      <Tap className='card-link' onTap={() => open('bill', { binding_id: home.binding_id, period: last.period })} testId='open-bill'>
        <Box as='span'>{t('home.explain')}</Box>
        <Icon name='next' />
      </Tap>
    </Card>
  )
}
