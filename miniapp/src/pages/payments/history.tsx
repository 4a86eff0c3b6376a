import { useRouter } from '@tarojs/taro'
import { useEffect } from 'react'
import type { Payment } from '../../api/types'
import { headline, isFinal } from '../../payments/tracker'
import { homeName, numberTail, useHomes } from '../../state/homes'
import { useBindings, usePaidPages } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { momentText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box, Tap } from '../../ui/blocks'
import { More } from '../../ui/more'
import { open, replace } from '../../ui/navigation'
import { Card, Chip, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { Booked } from './booked'

/** What this person paid here for one home, newest first, and what was paid for it anywhere. */
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
  const list = usePaidPages(bindingId)
  const { items, problem, reload } = list
  return (
    <>
      {home && <Box as='p' className='soft' testId='records-home'>{homeName(home)} · {t('homes.tail', { tail: numberTail(home) })}</Box>}
      <Box as='p' className='soft' testId='records-own'>{t('records.own')}</Box>
      {!items && (problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={6} />)}
      {items?.length === 0 && <Card><Box as='p' className='soft'>{t('records.empty')}</Box></Card>}
      <Box as='ul' className='list'>
        {items?.map((payment) => <Box as='li' key={payment.payment_id}><RecordRow payment={payment} /></Box>)}
      </Box>
      <More list={list} />
      {home && <Booked home={home} />}
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
