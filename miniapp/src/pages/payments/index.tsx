import { useState } from 'react'
import { useRouter } from '@tarojs/taro'
import { callHotline, canOpenCashier, openCashier } from '../../api/platform'
import { asProblem, type Problem } from '../../api/problem'
import type { NextCode, Payment, Refund } from '../../api/types'
import { yuanSign } from '../../money/fen'
import { headline, isLate, lateWords, stations } from '../../payments/tracker'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { useTracked } from '../../state/tracked'
import { momentText, stampText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box } from '../../ui/blocks'
import { Icon, type IconName } from '../../ui/icons'
import { open, startAt } from '../../ui/navigation'
import { Button, Card, Note, NothingHere, ProblemNote, Row, Skeleton, type Tone } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { Stations } from '../../ui/stations'
import { HomeParts } from './home_parts'

/** Where the money is, until the utility has it or the payer has it back. The cashier returns the browser here. */
export default function TrackerScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('track.title')} testId='screen-tracker'>
      {() => <TrackerContent />}
    </PrivateScreen>
  )
}

function TrackerContent() {
  const { t } = useSettings()
  const { payment_id: paymentId } = useRouter().params
  const { payment, problem, askNow } = useTracked(paymentId)
  if (!paymentId) return <NothingHere />
  if (!payment) return problem ? <ProblemNote problem={problem} retry={askNow} /> : <Skeleton lines={6} />
  return (
    <>
      <TrackerHead payment={payment} />
      {problem && <Note tone='info' icon='clock' live>{t('track.away')}</Note>}
      <Card className='stations-card'><Stations stations={stations(payment)} /></Card>
      {payment.homes.length > 1 && <HomeParts payment={payment} />}
      {payment.homes.length === 1 && payment.homes[0]?.as_prepayment && <Note tone='good' icon='check' testId='kept'>{t('track.kept')}</Note>}
      {payment.refunds.length > 0 && <Refunds refunds={payment.refunds} />}
      <NextStep payment={payment} askNow={askNow} />
      <Numbers payment={payment} />
    </>
  )
}

const MOVING = { icon: 'clock', tone: 'info' } as const
const MARKS: Record<NextCode, { icon: IconName; tone: Tone }> = {
  PAY_IN_CASHIER: { icon: 'wallet', tone: 'due' },
  CHECKING_WITH_CHANNEL: MOVING,
  BEING_CREDITED: MOVING,
  CHECKING_WITH_UTILITY: MOVING,
  DONE: { icon: 'check', tone: 'good' },
  CLOSED: { icon: 'cross', tone: 'soft' },
  REFUND_ON_THE_WAY: { icon: 'return', tone: 'info' },
  REFUNDED: { icon: 'return', tone: 'good' },
  PARTLY_REFUNDED: { icon: 'return', tone: 'good' },
  STAFF_WILL_DECIDE: { icon: 'person', tone: 'info' },
}

function TrackerHead({ payment }: { payment: Payment }) {
  const { t, language } = useSettings()
  const mark = MARKS[payment.next.code]
  const words = nextWords(payment, t, language)
  return (
    <Card className='tracker-head'>
      <Box className={`tracker-mark tone-${mark.tone}`} decoration><Icon name={mark.icon} /></Box>
      <Box className='tracker-live' live role='status' testId={`tracker-${payment.state}`}>
        <Box as='h2' className='tracker-title'>{t(headline(payment))}</Box>
        <Box as='p' className='tracker-words' testId='tracker-words'>{words}</Box>
      </Box>
      <Amount fen={payment.amount_fen} size='hero' testId='tracker-amount' />
      <Box as='p' className='soft'>{t(`track.purpose.${payment.purpose}`)}</Box>
      {isLate(payment, Date.now()) && <Note tone='info' icon='clock' testId='late'>{t(lateWords(payment))}</Note>}
    </Card>
  )
}

function nextWords(payment: Payment, t: ReturnType<typeof useSettings>['t'], language: 'zh-CN' | 'en'): string {
  const { code, by } = payment.next
  const time = momentText(by ?? payment.expire_at, language, Date.now())
  if (code === 'STAFF_WILL_DECIDE' && !by) return t('next.STAFF_WILL_DECIDE.soon')
  return t(`next.${code}`, { time })
}

function Refunds({ refunds }: { refunds: Refund[] }) {
  const { t } = useSettings()
  return (
    <Card testId='refunds'>
      {refunds.map((refund, index) => (
        <Note key={`${index}-${refund.amount_fen}`} tone={refund.state === 'DONE' ? 'good' : 'info'} icon={refund.state === 'DONE' ? 'check' : 'return'}>
          <Box as='p'>{t(refund.state === 'DONE' ? 'track.refund.done' : 'track.refund.pending', { amount: yuanSign(refund.amount_fen) })}</Box>
          {refund.done_at && <Box as='p' className='soft'>{stampText(refund.done_at, Date.now())}</Box>}
        </Note>
      ))}
    </Card>
  )
}

/** What the person can do now: finish paying, cancel, pay anew, or nothing. */
function NextStep({ payment, askNow }: { payment: Payment; askNow: () => void }) {
  const { t } = useSettings()
  const { busy, problem, close } = useClose(payment, askNow)
  const waiting = payment.next.code === 'PAY_IN_CASHIER'
  return (
    <Box className='stack'>
      {problem && <ProblemNote problem={problem} retry={askNow} />}
      {waiting && payment.trade_no && !canOpenCashier(payment) && <Note tone='info' testId='pay-in-alipay'>{t('track.pay.in_alipay')}</Note>}
      {waiting && canOpenCashier(payment) && (
        <Button onTap={() => void openCashier(payment).then(askNow)} testId='open-cashier'>{t('track.pay')}</Button>
      )}
      {waiting && <Button kind='quiet' onTap={close} disabled={busy} testId='close-order'>{t('track.close')}</Button>}
      {payment.state === 'CLOSED' && (
        <Button onTap={() => payAgain(payment)} testId='pay-again'>{t('track.again')}</Button>
      )}
      {payment.state === 'UNDER_REVIEW' && <Button kind='quiet' icon='phone' onTap={callHotline} testId='hotline'>{t('app.hotline.help')}</Button>}
      {payment.paid_at && payment.state !== 'REFUNDED' && (
        <Button kind='plain' onTap={() => open('newRequest', { kind: 'wrong_payment', payment_id: payment.payment_id })} testId='wrong-payment'>{t('request.wrong_payment')}</Button>
      )}
      <Button kind={waiting ? 'plain' : 'quiet'} onTap={() => startAt('home')} testId='go-home'>{t('track.home')}</Button>
    </Box>
  )
}

function payAgain(payment: Payment): void {
  if (payment.homes.length > 1) open('several')
  else open('confirm', { binding_id: payment.binding_id, purpose: payment.purpose })
}

function useClose(payment: Payment, askNow: () => void) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  async function run() {
    setBusy(true)
    setProblem(undefined)
    try {
      await call<Payment>('POST', `/payments/${encodeURIComponent(payment.payment_id)}/close`)
    } catch (thrown) {
      setProblem(asProblem(thrown))
    } finally {
      setBusy(false)
      askNow()
    }
  }
  return { busy, problem, close: () => void run() }
}

function Numbers({ payment }: { payment: Payment }) {
  const { t } = useSettings()
  return (
    <Box className='numbers'>
      <Row name={t('track.number')}>{payment.out_trade_no}</Row>
      {payment.trade_no && <Row name={t('track.trade')}>{payment.trade_no}</Row>}
      {payment.keep_as_prepayment && <Row name={t('track.keep')}>{t('track.keep.yes')}</Row>}
    </Box>
  )
}
