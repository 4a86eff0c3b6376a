/** One number first: what is due, or that nothing is. */
import type { Arrears, Balance, Binding } from '../../api/types'
import { yuanSign, yuanText } from '../../money/fen'
import { usePayments, useArrears, useBalance } from '../../state/reads'
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
  const balance = useBalance(seesBalance ? home.binding_id : undefined)
  const figure = arrears.answer
  return (
    <Card className={`due-card${figure?.stale || arrears.problem ? ' stale' : ''}`} label={t('home.due')} testId='due-card'>
      {!figure && arrears.loading && <Skeleton lines={3} />}
      {!figure && arrears.problem && <Box as='p' className='figure-missing'>{t('figure.missing')}</Box>}
      {figure && <DueFigure figure={figure} home={home} />}
      {arrears.problem && <ProblemNote problem={arrears.problem} retry={arrears.reload} />}
      {figure && seesBalance && balance.answer && <BalanceRow balance={balance.answer} />}
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

function BalanceRow({ balance }: { balance: Balance }) {
  const { t } = useSettings()
  return (
    <Box className={`balance${balance.stale ? ' stale' : ''}`}>
      <Row name={t('home.balance')} testId='balance'><Amount fen={balance.available_fen} /></Row>
      {balance.estimated_since_bill_fen > 0 && (
        <Box as='p' className='soft'>{t('home.estimate', { amount: yuanSign(balance.estimated_since_bill_fen) })}</Box>
      )}
      <AsOf as_of={balance.as_of} stale={balance.stale} />
    </Box>
  )
}
