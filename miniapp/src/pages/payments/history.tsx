import { useRouter } from '@tarojs/taro'
import { useEffect, useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import type { Payment } from '../../api/types'
import { headline, isFinal } from '../../payments/tracker'
import { homeName, numberTail, useHomes } from '../../state/homes'
import { readMore, useBindings, usePayments } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { momentText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box, Tap } from '../../ui/blocks'
import { open, replace } from '../../ui/navigation'
import { Button, Card, Chip, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'

const PER_PAGE = 20

/** What this person paid here for one home, newest first. */
export default function RecordsScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('records.title')} testId='screen-records'>
      {() => <Records />}
    </PrivateScreen>
  )
}

/** Without a home in its address it is about the chosen one; who has none is asked to link one. */
function Records() {
  const { binding_id: asked } = useRouter().params
  const bindings = useBindings()
  const { all, current } = useHomes()
  const bindingId = asked ?? current?.binding_id
  const none = asked === undefined && all?.length === 0
  useEffect(() => {
    if (none) replace('match')
  }, [none])
  if (bindingId) return <RecordsOf key={bindingId} bindingId={bindingId} />
  return bindings.problem ? <ProblemNote problem={bindings.problem} retry={bindings.reload} /> : <Skeleton lines={6} />
}

function RecordsOf({ bindingId }: { bindingId: string }) {
  const { t } = useSettings()
  const home = useHomes().all?.find((each) => each.binding_id === bindingId)
  const first = usePayments(bindingId, PER_PAGE)
  const [later, setLater] = useState<{ items: Payment[]; cursor?: string | null }>()
  const [problem, setProblem] = useState<Problem>()
  const cursor = later ? later.cursor : first.answer?.next_cursor
  async function more() {
    if (!cursor) return
    try {
      const page = await readMore<Payment>('payments', bindingId, cursor, PER_PAGE)
      setProblem(undefined)
      setLater((was) => ({ items: [...(was?.items ?? []), ...page.items], cursor: page.next_cursor }))
    } catch (thrown) {
      setProblem(asProblem(thrown))
    }
  }
  if (!first.answer) return first.problem ? <ProblemNote problem={first.problem} retry={first.reload} /> : <Skeleton lines={6} />
  const items = [...first.answer.items, ...(later?.items ?? [])]
  return (
    <>
      {home && <Box as='p' className='soft' testId='records-home'>{homeName(home)} · {t('homes.tail', { tail: numberTail(home) })}</Box>}
      <Box as='p' className='soft' testId='records-own'>{t('records.own')}</Box>
      {items.length === 0 && <Card><Box as='p' className='soft'>{t('records.empty')}</Box></Card>}
      <Box as='ul' className='list'>
        {items.map((payment) => <Box as='li' key={payment.payment_id}><RecordRow payment={payment} /></Box>)}
      </Box>
      {problem && <ProblemNote problem={problem} retry={() => void more()} />}
      {cursor && <Button kind='quiet' onTap={() => void more()} testId='more'>{t('app.more')}</Button>}
    </>
  )
}

function RecordRow({ payment }: { payment: Payment }) {
  const { t, language } = useSettings()
  const done = payment.next.code === 'DONE'
  return (
    <Tap className='list-row' onTap={() => open('tracker', { payment_id: payment.payment_id })} testId={`payment-${payment.payment_id}`}>
      <Box className='choice-text'>
        <Box as='strong'>{t(`track.purpose.${payment.purpose}`)}</Box>
        <Box as='span' className='soft'>{momentText(payment.created_at, language, Date.now())}</Box>
      </Box>
      <Box className='list-end'>
        <Amount fen={payment.amount_fen} size='title' />
        <Chip tone={done ? 'good' : isFinal(payment) ? 'soft' : 'info'} icon={done ? 'check' : isFinal(payment) ? 'info' : 'clock'}>{t(headline(payment))}</Chip>
      </Box>
    </Tap>
  )
}
