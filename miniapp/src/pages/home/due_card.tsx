/** One number first: what is due, or that nothing is. */
import type { Arrears, Balance, Binding, BindingDetail } from '../../api/types'
import { yuanSign, yuanText } from '../../money/fen'
import { useArrears, useBalance, usePayments } from '../../state/reads'
import type { Remote } from '../../state/remote'
import { useSettings } from '../../state/settings'
import { dateOf, dayText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box } from '../../ui/blocks'
import { open } from '../../ui/navigation'
import { AsOf, Button, Card, Chip, Note, ProblemNote, Row, Skeleton } from '../../ui/parts'

/** `supply` is absent for whom, or where, only what is due is shown. */
export function DueCard({ home, supply }: { home: Binding; supply: Remote<BindingDetail> | undefined }) {
  const { t } = useSettings()
  const arrears = useArrears(home.binding_id)
  const balance = useBalance(supply && home.binding_id)
  const supplyKnown = supply !== undefined && (supply.answer !== undefined || supply.problem !== undefined)
  const figure = arrears.answer
  return (
    <Card className={`due-card${figure?.stale || arrears.problem ? ' stale' : ''}`} label={t('home.due')} testId='due-card'>
      {!figure && arrears.loading && <Skeleton lines={3} />}
      {!figure && arrears.problem && <Box as='p' className='figure-missing'>{t('figure.missing')}</Box>}
      {figure && <DueFigure figure={figure} home={home} />}
      {arrears.problem && <ProblemNote problem={arrears.problem} retry={arrears.reload} />}
      {figure && balance.answer && supplyKnown && <BalanceRow balance={balance.answer} supply={supply.answer} />}
    </Card>
  )
}

function DueFigure({ figure, home }: { figure: Arrears; home: Binding }) {
  const { t, language } = useSettings()
  const due = figure.due_date ?? undefined
  const owes = figure.total_fen > 0
  const { held } = figure
  const late = due !== undefined && due < dateOf(Date.now())
  const day = due === undefined ? '' : dayText(due, language)
  return (
    <>
      <Box className='due-line'>
        <Box as='h2' className='due-word'>{t(!owes ? 'home.nothing' : held ? 'home.held.due' : 'home.due')}</Box>
        {owes && due && !held && <Chip tone={late ? 'bad' : 'due'} icon={late ? 'warning' : 'clock'}>{t(late ? 'home.overdue' : 'home.due.by', { day })}</Chip>}
        {!owes && <Chip tone='good' icon='check'>{t('bills.paid')}</Chip>}
      </Box>
      <Amount fen={figure.total_fen} size='hero' testId='amount-due' />
      <AsOf as_of={figure.as_of} stale={figure.stale} />
      {held && <Note tone='info' icon='clock' testId='held'>{t('home.held')}</Note>}
      {!owes && !held && figure.in_flight_fen === 0 && <Box as='p' className='soft'>{t('home.nothing.note')}</Box>}
      {figure.in_flight_fen > 0 && <InFlight fen={figure.in_flight_fen} home={home} />}
      {owes && !held && (
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
 * makes a balance negative. A closed account has no outlook.
 */
function BalanceRow({ balance, supply }: { balance: Balance; supply: BindingDetail | undefined }) {
  const { t } = useSettings()
  const closed = supply?.status === 'closed'
  const paysAhead = supply?.pay_mode === 'prepaid' && !closed
  const prepaid = balance.prepaid_fen
  const used = closed ? 0 : balance.estimated_since_bill_fen
  if (!paysAhead && !closed && prepaid <= 0 && used <= 0) return null
  return (
    <Box className={`balance${balance.stale ? ' stale' : ''}`}>
      {closed && <Note tone='soft' testId='closed'>{t('home.closed')}</Note>}
      {paysAhead && <Row name={t('home.balance')} testId='balance'><Amount fen={balance.available_fen} /></Row>}
      {paysAhead && used > 0 && <Box as='p' className='soft'>{t('home.estimate', { amount: yuanSign(used) })}</Box>}
      {!paysAhead && prepaid > 0 && <Row name={t('home.prepaid')} testId='prepaid'><Amount fen={prepaid} /></Row>}
      {!paysAhead && used > 0 && <Row name={t('home.estimate.postpaid')} testId='estimate'><Amount fen={used} /></Row>}
      {!paysAhead && used > 0 && <Box as='p' className='soft'>{t('home.estimate.later')}</Box>}
      <AsOf as_of={balance.as_of} stale={balance.stale} />
    </Box>
  )
}
