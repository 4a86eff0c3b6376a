/** One number first: what is due, or that nothing is. */
import type { Arrears, Balance, Binding, PayMode } from '../../api/types'
import { yuanSign, yuanText } from '../../money/fen'
import { useArrears, useBalance, useBindingDetail, usePayments } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { dateOf, dayText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box } from '../../ui/blocks'
import { open } from '../../ui/navigation'
import { AsOf, Button, Card, Chip, Note, ProblemNote, Row, Skeleton } from '../../ui/parts'

export function DueCard({ home }: { home: Binding }) {
  const { t, elder } = useSettings()
  const arrears = useArrears(home.binding_id)
  // Large type keeps to one number.
  const seesBalance = home.role !== 'payer_only' && !elder
  const shown = seesBalance ? home.binding_id : undefined
  const balance = useBalance(shown)
  const detail = useBindingDetail(shown)
  const modeKnown = detail.answer !== undefined || detail.problem !== undefined
  const figure = arrears.answer
  return (
    <Card className={`due-card${figure?.stale || arrears.problem ? ' stale' : ''}`} label={t('home.due')} testId='due-card'>
      {!figure && arrears.loading && <Skeleton lines={3} />}
      {!figure && arrears.problem && <Box as='p' className='figure-missing'>{t('figure.missing')}</Box>}
      {figure && <DueFigure figure={figure} home={home} />}
      {arrears.problem && <ProblemNote problem={arrears.problem} retry={arrears.reload} />}
      {figure && balance.answer && modeKnown && <BalanceRow balance={balance.answer} mode={detail.answer?.pay_mode} />}
    </Card>
  )
}

function DueFigure({ figure, home }: { figure: Arrears; home: Binding }) {
  const { t, language } = useSettings()
  const due = figure.items.map((item) => item.due_date).sort()[0]
  const owes = figure.total_fen > 0
  const late = due !== undefined && due < dateOf(Date.now())
  const day = due === undefined ? '' : dayText(due, language)
  return (
    <>
      <Box className='due-line'>
        <Box as='h2' className='due-word'>{t(owes ? 'home.due' : 'home.nothing')}</Box>
        {owes && due && <Chip tone={late ? 'bad' : 'due'} icon={late ? 'warning' : 'clock'}>{t(late ? 'home.overdue' : 'home.due.by', { day })}</Chip>}
        {!owes && <Chip tone='good' icon='check'>{t('bills.paid')}</Chip>}
      </Box>
      <Amount fen={figure.total_fen} size='hero' testId='amount-due' />
      <AsOf as_of={figure.as_of} stale={figure.stale} />
      {!owes && figure.in_flight_fen === 0 && <Box as='p' className='soft'>{t('home.nothing.note')}</Box>}
      {figure.in_flight_fen > 0 && <InFlight fen={figure.in_flight_fen} home={home} />}
      {owes && (
        <Button onTap={() => open('confirm', { binding_id: home.binding_id, purpose: 'arrears' })} testId='pay'>{t('home.pay')}</Button>
      )}
    </>
  )
}

/** Money on its way: said, so that nobody pays twice. */
function InFlight({ fen, home }: { fen: number; home: Binding }) {
  const { t } = useSettings()
  const order = usePayments(home.binding_id, 5).answer?.items.find((payment) => ['PAID', 'POSTING', 'PAYING'].includes(payment.state))
  return (
    <Note tone='info' icon='clock' testId='in-flight'>
      <Box as='p'>{t('home.in_flight', { amount: yuanText(fen) })}</Box>
      {order && (
        <Button kind='plain' small onTap={() => open('tracker', { payment_id: order.payment_id })}>{t('home.in_flight.see')}</Button>
      )}
    </Note>
  )
}

/**
 * Prepaid: what is left. Otherwise energy is paid by the bill: what was used since the last one is an outlook and no debt, so it never
 * makes a balance negative.
 */
function BalanceRow({ balance, mode }: { balance: Balance; mode: PayMode | undefined }) {
  const { t } = useSettings()
  const { prepaid_fen: prepaid, estimated_since_bill_fen: used, available_fen: available } = balance
  if (mode !== 'prepaid' && prepaid <= 0 && used <= 0) return null
  return (
    <Box className={`balance${balance.stale ? ' stale' : ''}`}>
      {mode === 'prepaid' && (
        <>
          <Row name={t('home.balance')} testId='balance'><Amount fen={available} /></Row>
          {used > 0 && <Box as='p' className='soft'>{t('home.estimate', { amount: yuanSign(used) })}</Box>}
        </>
      )}
      {mode !== 'prepaid' && prepaid > 0 && <Row name={t('home.prepaid')} testId='prepaid'><Amount fen={prepaid} /></Row>}
      {mode !== 'prepaid' && used > 0 && (
        <>
          <Row name={t('home.estimate.postpaid')} testId='estimate'><Amount fen={used} /></Row>
          <Box as='p' className='soft'>{t('home.estimate.later')}</Box>
        </>
      )}
      <AsOf as_of={balance.as_of} stale={balance.stale} />
    </Box>
  )
}
