import type { BillSummary, Binding } from '../../api/types'
import { kwhPlain } from '../../energy/kwh'
import { homeName, numberTail, useHomes } from '../../state/homes'
import { useArrears, useBillPages, useBindings } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { periodText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box, Tap } from '../../ui/blocks'
import { More } from '../../ui/more'
import { open } from '../../ui/navigation'
import { AsOf, Button, Card, Chip, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { DailyUsage } from './usage'

/** All bills of the chosen home, newest first. */
export default function BillsScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('bills.title')} testId='screen-bills' tab='bills'>
      {() => <BillsContent />}
    </PrivateScreen>
  )
}

function BillsContent() {
  const bindings = useBindings()
  const { current } = useHomes()
  if (current) return <BillList key={current.binding_id} home={current} />
  if (bindings.problem) return <ProblemNote problem={bindings.problem} retry={bindings.reload} />
  return bindings.answer ? <NoHome /> : <Skeleton lines={6} />
}

function NoHome() {
  const { t } = useSettings()
  return (
    <Card>
      <Box as='p' className='soft'>{t('bills.empty')}</Box>
      <Button onTap={() => open('match')}>{t('homes.add')}</Button>
    </Card>
  )
}

function BillList({ home }: { home: Binding }) {
  const { t } = useSettings()
  const list = useBillPages(home.binding_id)
  const held = useArrears(home.binding_id).answer?.held === true
  const { answer, items, problem, reload, more } = list
  if (!answer || !items) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={6} />
  return (
    <>
      <Box as='p' className='soft'>{homeName(home)} · {t('homes.tail', { tail: numberTail(home) })}</Box>
      <AsOf as_of={answer.as_of} stale={answer.stale} />
      {problem && <ProblemNote problem={problem} retry={reload} />}
      {items.length === 0 && <Card><Box as='p' className='soft'>{t('bills.empty')}</Box></Card>}
      <DailyUsage bindingId={home.binding_id} />
      <Box as='ul' className='list'>
        {items.map((bill) => <Box as='li' key={bill.period}><BillRow bill={bill} bindingId={home.binding_id} held={held && !bill.paid} /></Box>)}
      </Box>
      <More list={list} />
      {!more && items.length > 0 && <Box as='p' className='small-print centred'>{t('bills.ends')}</Box>}
    </>
  )
}

function BillRow({ bill, bindingId, held }: { bill: BillSummary; bindingId: string; held: boolean }) {
  const { t, language } = useSettings()
  return (
    <Tap className='list-row' onTap={() => open('bill', { binding_id: bindingId, period: bill.period })} testId={`bill-${bill.period}`}>
      <Box className='choice-text'>
        <Box as='strong'>{periodText(bill.period, language)}</Box>
        <Box as='span' className='soft'>{t('home.kwh', { kwh: kwhPlain(bill.energy_kwh) })}</Box>
      </Box>
      <Box className='list-end'>
        <Amount fen={bill.total_fen} size='title' />
        <Chip tone={bill.paid ? 'good' : held ? 'info' : 'due'} icon={bill.paid ? 'check' : 'clock'}>{t(bill.paid ? 'bills.paid' : held ? 'bills.held' : 'bills.unpaid')}</Chip>
      </Box>
    </Tap>
  )
}
