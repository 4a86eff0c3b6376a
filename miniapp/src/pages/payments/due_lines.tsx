/** What makes up the amount due, line by line, down to the total. Somebody who only pays is told the total alone. */
import type { Arrears } from '../../api/types'
import { useSettings } from '../../state/settings'
import { periodText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box } from '../../ui/blocks'
import { Row } from '../../ui/parts'

export function DueLines({ figure }: { figure: Arrears }) {
  const { t, language } = useSettings()
  const lateFee = figure.items.reduce((sum, item) => sum + item.late_fee_fen, 0)
  const paid = figure.items.reduce((sum, item) => sum + item.paid_fen, 0)
  const listed = figure.items.reduce((sum, item) => sum + item.principal_fen, 0) + lateFee - paid
  // Bills of a former holder are owed for the home, but are not this household's to see.
  const earlier = figure.total_fen + figure.in_flight_fen - listed
  if (figure.items.length === 0) return <Total fen={figure.total_fen} />
  return (
    <Box className='due-lines'>
      {figure.items.map((item) => (
        <Row key={item.receivable_id} name={t('pay.period', { period: periodText(item.period, language) })}>
          <Amount fen={item.principal_fen} />
        </Row>
      ))}
      {earlier > 0 && <Row name={t('pay.earlier')}><Amount fen={earlier} /></Row>}
      <Row name={t('pay.late_fee')}><Amount fen={lateFee} /></Row>
      {paid > 0 && <Row name={t('pay.paid_part')}><Amount fen={-paid} /></Row>}
      {figure.in_flight_fen > 0 && <Row name={t('pay.in_flight')}><Amount fen={-figure.in_flight_fen} /></Row>}
      <Total fen={figure.total_fen} />
    </Box>
  )
}

function Total({ fen }: { fen: number }) {
  const { t } = useSettings()
  return (
    <Box className='sum'>
      <Box as='span'>{t('pay.total')}</Box>
      <Amount fen={fen} size='title' testId='pay-total' />
    </Box>
  )
}
