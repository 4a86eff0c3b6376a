/** One number first: what is due, or that nothing is; in large type, where energy is paid ahead, what is left. */
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
  const { t, elder } = useSettings()
  const arrears = useArrears(home.binding_id)
  const supplyKnown = supply !== undefined && (supply.answer !== undefined || supply.problem !== undefined)
  // Whether energy is paid ahead is not known: then nobody reads that there is nothing to do.
  const unknown = supply?.problem !== undefined && supply.answer === undefined
  const ahead = paysAhead(supply?.answer)
  const balance = useBalance(supply && (!elder || ahead) ? home.binding_id : undefined)
  const figure = arrears.answer
  // Large type keeps to one number: whether that is the balance is only known with the supply.
  const settled = elder && supply !== undefined && figure !== undefined && figure.total_fen <= 0 && !figure.held
  const waits = settled && !supplyKnown
  const left = settled && ahead
  return (
    <Card className={`due-card${figure?.stale || arrears.problem ? ' stale' : ''}`} label={t(left ? 'home.balance' : 'home.due')} testId='due-card'>
      {(waits || (!figure && arrears.loading)) && <Skeleton lines={3} />}
      {!figure && arrears.problem && <Box as='p' className='figure-missing'>{t('figure.missing')}</Box>}
      {figure && !waits && !left && <DueFigure figure={figure} home={home} short={unknown || (ahead && isShort(balance.answer))} />}
      {left && <BalanceFigure balance={balance} figure={figure} home={home} />}
      {arrears.problem && <ProblemNote problem={arrears.problem} retry={arrears.reload} />}
      {figure && !elder && balance.answer && supplyKnown && <BalanceRow balance={balance.answer} supply={supply.answer} />}
      {figure && unknown && supply?.problem && <ProblemNote problem={supply.problem} retry={supply.reload} testId='supply-problem' />}
      {figure && !elder && <BalanceProblem balance={balance} ahead={ahead} />}
    </Card>
  )
}

/** Energy of a closed account is not paid ahead any more. */
const paysAhead = (supply: BindingDetail | undefined) => supply?.pay_mode === 'prepaid' && supply.status !== 'closed'
/** What is left does not reach any further. */
const isShort = (balance: Balance | undefined) => balance !== undefined && balance.available_fen <= 0

/** `short`: nothing is due, and yet there is, or may be, something to do. */
function DueFigure({ figure, home, short }: { figure: Arrears; home: Binding; short: boolean }) {
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
      {!owes && !held && !short && figure.in_flight_fen === 0 && <Box as='p' className='soft'>{t('home.nothing.note')}</Box>}
      {figure.in_flight_fen > 0 && <InFlight fen={figure.in_flight_fen} home={home} />}
      {owes && !held && (
        <Button onTap={() => open('confirm', { binding_id: home.binding_id, purpose: 'arrears' })} testId='pay'>{t('home.pay')}</Button>
      )}
    </>
  )
}

/** Paid ahead, in large type: what is left, and the way to more. */
function BalanceFigure({ balance, figure, home }: { balance: Remote<Balance>; figure: Arrears; home: Binding }) {
  const { t } = useSettings()
  const { answer, problem } = balance
  return (
    <>
      {!answer && !problem && <Skeleton lines={3} />}
      {answer && (
        <Box className={answer.stale || problem ? 'stale' : ''}>
          <Box as='h2' className='due-word'>{t('home.balance')}</Box>
          <Amount fen={answer.available_fen} size='hero' testId='balance-left' />
          <AsOf as_of={answer.as_of} stale={answer.stale} />
        </Box>
      )}
      {isShort(answer) && <Short />}
      <BalanceProblem balance={balance} ahead />
      {figure.in_flight_fen > 0 && <InFlight fen={figure.in_flight_fen} home={home} />}
      <Button onTap={() => open('confirm', { binding_id: home.binding_id, purpose: 'top_up' })} testId='top-up-now'>{t('home.top_up')}</Button>
    </>
  )
}

function Short() {
  const { t } = useSettings()
  return <Note tone='due' icon='warning' testId='balance-short'>{t('home.balance.short')}</Note>
}

/** A balance that did not come, or could not be read again: said, with the way to it. */
function BalanceProblem({ balance, ahead }: { balance: Remote<Balance>; ahead: boolean }) {
  const { t } = useSettings()
  const { answer, problem, reload } = balance
  if (!problem) return null
  return (
    <>
      {!answer && <Row name={t(ahead ? 'home.balance' : 'home.prepaid')} testId='balance-missing'>{t('figure.missing')}</Row>}
      <ProblemNote problem={problem} retry={reload} testId='balance-problem' />
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
  const ahead = paysAhead(supply)
  const prepaid = balance.prepaid_fen
  const used = closed ? 0 : balance.estimated_since_bill_fen
  if (!ahead && !closed && prepaid <= 0 && used <= 0) return null
  return (
    <Box className={`balance${balance.stale ? ' stale' : ''}`}>
      {closed && <Note tone='soft' testId='closed'>{t('home.closed')}</Note>}
      {ahead && <Row name={t('home.balance')} testId='balance'><Amount fen={balance.available_fen} /></Row>}
      {ahead && isShort(balance) && <Short />}
      {ahead && used > 0 && <Box as='p' className='soft'>{t('home.estimate', { amount: yuanSign(used) })}</Box>}
      {!ahead && prepaid > 0 && <Row name={t('home.prepaid')} testId='prepaid'><Amount fen={prepaid} /></Row>}
      {!ahead && used > 0 && <Row name={t('home.estimate.postpaid')} testId='estimate'><Amount fen={used} /></Row>}
      {!ahead && used > 0 && <Box as='p' className='soft'>{t('home.estimate.later')}</Box>}
      <AsOf as_of={balance.as_of} stale={balance.stale} />
    </Box>
  )
}
