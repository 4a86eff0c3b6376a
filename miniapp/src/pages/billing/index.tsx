import { useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import type { BillSummary, Binding } from '../../api/types'
import { kwhPlain } from '../../energy/kwh'
import { homeName, numberTail, useHomes } from '../../state/homes'
import { readMore, useArrears, useBills, useBindings } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { periodText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box, Tap } from '../../ui/blocks'
import { open } from '../../ui/navigation'
import { AsOf, Button, Card, Chip, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'

const PER_PAGE = 12

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
  const first = useBills(home.binding_id, PER_PAGE)
  const held = useArrears(home.binding_id).answer?.held === true
  const { items, cursor, problem, more } = useMore(home.binding_id, first.answer)
  if (!first.answer) return first.problem ? <ProblemNote problem={first.problem} retry={first.reload} /> : <Skeleton lines={6} />
  return (
    <>
      <Box as='p' className='soft'>{homeName(home)} · {t('homes.tail', { tail: numberTail(home) })}</Box>
      <AsOf as_of={first.answer.as_of} stale={first.answer.stale} />
      {first.problem && <ProblemNote problem={first.problem} retry={first.reload} />}
      {items.length === 0 && <Card><Box as='p' className='soft'>{t('bills.empty')}</Box></Card>}
      <Box as='ul' className='list'>
        {items.map((bill) => <Box as='li' key={bill.period}><BillRow bill={bill} bindingId={home.binding_id} held={held && !bill.paid} /></Box>)}
      </Box>
      {problem && <ProblemNote problem={problem} retry={more} />}
      {cursor ? <Button kind='quiet' onTap={more} testId='more'>{t('app.more')}</Button> : items.length > 0 && <Box as='p' className='small-print centred'>{t('bills.ends')}</Box>}
    </>
  )
}

function useMore(bindingId: string, first: { items: BillSummary[]; next_cursor?: string | null } | undefined) {
  const [later, setLater] = useState<{ items: BillSummary[]; cursor?: string | null }>()
  const [problem, setProblem] = useState<Problem>()
  const cursor = later ? later.cursor : first?.next_cursor
  async function more() {
    if (!cursor) return
    setProblem(undefined)
    try {
      const page = await readMore<BillSummary>('bills', bindingId, cursor, PER_PAGE)
      setLater((was) => ({ items: [...(was?.items ?? []), ...page.items], cursor: page.next_cursor }))
    } catch (thrown) {
      setProblem(asProblem(thrown))
    }
  }
  return { items: [...(first?.items ?? []), ...(later?.items ?? [])], cursor, problem, more: () => void more() }
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
