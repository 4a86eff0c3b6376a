import { useRouter } from '@tarojs/taro'
import { useEffect, useState } from 'react'
import type { Binding } from '../../api/types'
import { fenFromTyped, yuanSign } from '../../money/fen'
import { useArrears, useBindings, usePayments } from '../../state/reads'
import { homeName, isNamed, numberTail, useHomes } from '../../state/homes'
import { useKeptFresh } from '../../state/kept_fresh'
import { useOrder } from '../../state/order'
import { useSettings } from '../../state/settings'
import { Amount } from '../../ui/amount'
import { Box, Field, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { replace, startAt } from '../../ui/navigation'
import { AsOf, Button, Card, Note, NothingHere, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { DueLines } from './due_lines'
import { KeepTick } from './keep_tick'
import { Sure, wantsCode } from './sure'

/** What is about to be paid, for whom, and one button. */
export default function ConfirmScreen() {
  const { t } = useSettings()
  const { purpose } = useRouter().params
  return (
    <PrivateScreen title={t(purpose === 'top_up' ? 'top_up.title' : 'pay.title')} testId='screen-confirm'>
      {() => <ConfirmContent />}
    </PrivateScreen>
  )
}

/** Without a home in its address it is about the chosen one; who has none is asked to link one. */
function ConfirmContent() {
  const { binding_id: bindingId, purpose } = useRouter().params
  const bindings = useBindings()
  const { all, current } = useHomes()
  const home = bindingId === undefined ? current : all?.find((each) => each.binding_id === bindingId)
  const none = bindingId === undefined && all?.length === 0
  useEffect(() => {
    if (none) replace('match')
  }, [none])
  if (!home) {
    if (none) return <Skeleton lines={6} />
    const { problem, loading } = bindings
    if (!problem && !loading) return <NothingHere />
    return problem ? <ProblemNote problem={problem} retry={bindings.reload} /> : <Skeleton lines={6} />
  }
  return <ConfirmFor home={home} purpose={purpose} />
}

/** Nobody can pay before it is known whether a warning belongs here. */
function ConfirmFor({ home, purpose }: { home: Binding; purpose: string | undefined }) {
  const payments = usePayments(home.binding_id, 1)
  const warned = payments.answer !== undefined || payments.problem !== undefined
  return (
    <>
      <ForWhom home={home} first={payments.answer?.items.length === 0} />
      {purpose === 'top_up' ? <TopUp home={home} warned={warned} /> : <PayArrears home={home} warned={warned} />}
    </>
  )
}

/** Whose bill it is, and a warning before the first payment to a number. */
function ForWhom({ home, first }: { home: Binding; first: boolean }) {
  const { t } = useSettings()
  return (
    <Card label={t('pay.for')} testId='pay-for'>
      <Box as='h2' className='soft'>{t('pay.for')}</Box>
      <Box className='candidate'>
        <Box className='candidate-mark' decoration><Icon name='home' /></Box>
        <Box className='candidate-text'>
          <Box as='h3' className='candidate-name'>{home.label && isNamed(home) ? `${homeName(home)} · ${home.holder_masked}` : homeName(home)}</Box>
          <Box as='p'>{home.address_masked}</Box>
        </Box>
        <Box as='span' className='tail'>{t('homes.tail', { tail: numberTail(home) })}</Box>
      </Box>
      {first && <Note tone='due' icon='warning' testId='first-payment'>{t('pay.first')}</Note>}
    </Card>
  )
}

function PayArrears({ home, warned }: { home: Binding; warned: boolean }) {
  const { t } = useSettings()
  const arrears = useArrears(home.binding_id)
  const order = useOrder(home.binding_id, 'arrears')
  const [keep, setKeep] = useState(false)
  const figure = arrears.answer
  useKeptFresh(arrears.reload, figure !== undefined && !order.busy)
  if (!figure) return arrears.problem ? <ProblemNote problem={arrears.problem} retry={arrears.reload} /> : <Skeleton lines={4} />
  if (figure.total_fen <= 0) {
    return (
      <Card>
        <Note tone='good' icon='check'>{t('pay.nothing')}</Note>
        <Button kind='quiet' onTap={() => replace('confirm', { binding_id: home.binding_id, purpose: 'top_up' })}>{t('home.top_up')}</Button>
      </Card>
    )
  }
  if (figure.held) {
    return (
      <Card>
        <Note tone='info' icon='clock' live testId='held'>{t('home.held')}</Note>
        <Button kind='quiet' onTap={() => startAt('home')}>{t('track.home')}</Button>
      </Card>
    )
  }
  const changed = order.changedTo
  const again = () => {
    order.clear()
    arrears.reload()
  }
  const place = () => order.place(figure.total_fen, { version: figure.arrears_version, keep, onChanged: arrears.reload })
  const wanted = [{ binding_id: home.binding_id, amount_fen: figure.total_fen }]
  return (
    <>
      <Card testId='pay-lines'>
        <DueLines figure={figure} />
        <AsOf as_of={figure.as_of} stale={figure.stale} />
      </Card>
      <KeepTick keep={keep} resting={order.busy} toggle={() => setKeep(!keep)} />
      {changed !== undefined && <Note tone='due' icon='warning' live testId='amount-changed'>{t('pay.changed', { amount: yuanSign(changed) })}</Note>}
      {!order.problem && arrears.problem && <ProblemNote problem={arrears.problem} retry={again} />}
      {wantsCode(order.problem) && <Sure items={wanted} pay={place} />}
      {order.problem && !wantsCode(order.problem) && <ProblemNote problem={order.problem} retry={again} />}
      {figure.stale && <Button kind='quiet' onTap={again} disabled={arrears.loading} testId='read-again'>{t('app.retry')}</Button>}
      <Button
        onTap={place}
        disabled={!warned || order.busy || arrears.loading || figure.stale || arrears.problem !== undefined}
        testId='pay-now'
      >
        {t(order.busy ? 'pay.sending' : 'pay.button', { amount: yuanSign(figure.total_fen) })}
      </Button>
      <Box as='p' className='small-print centred'>{t('pay.unpaid_safe')}</Box>
    </>
  )
}

const CHOICES_FEN = [5000, 10000, 20000, 50000]

function TopUp({ home, warned }: { home: Binding; warned: boolean }) {
  const { t } = useSettings()
  const [typed, setTyped] = useState('')
  const order = useOrder(home.binding_id, 'top_up')
  const fen = fenFromTyped(typed)
  const wrong = typed !== '' && fen === undefined
  return (
    <>
      <Card testId='top-up'>
        <Box className='amounts' role='group' label={t('top_up.choose')}>
          {CHOICES_FEN.map((choice) => (
            <Tap key={choice} className={`amount-choice${fen === choice ? ' amount-chosen' : ''}`} pressed={fen === choice} onTap={() => setTyped(String(choice / 100))}>
              <Amount fen={choice} />
            </Tap>
          ))}
        </Box>
        <Field label={t('top_up.amount')} kind='amount' value={typed} onType={setTyped} maxLength={9} invalid={wrong} testId='top-up-amount' />
        {wrong && <Box as='p' className='field-wrong' role='alert'>{t('top_up.wrong')}</Box>}
      </Card>
      {wantsCode(order.problem) && fen !== undefined && <Sure items={[{ binding_id: home.binding_id, amount_fen: fen }]} pay={() => order.place(fen)} />}
      {order.problem && !wantsCode(order.problem) && <ProblemNote problem={order.problem} retry={order.clear} />}
      <Button onTap={() => fen !== undefined && order.place(fen)} disabled={!warned || order.busy || fen === undefined} testId='pay-now'>
        {order.busy ? t('pay.sending') : fen === undefined ? t('top_up.choose') : t('pay.button', { amount: yuanSign(fen) })}
      </Button>
      <Box as='p' className='small-print centred'>{t('pay.unpaid_safe')}</Box>
    </>
  )
}
