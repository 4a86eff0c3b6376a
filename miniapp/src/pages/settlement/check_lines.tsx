/** Energy, price, amount: each line of a settlement with its arithmetic, the sums below, and the days behind. */
import { useState } from 'react'
import type { CheckTask, SettlementLine } from '../../api/types'
import { kwhPlain } from '../../energy/kwh'
import { dearestFirst } from '../../energy/slots'
import { yuanText } from '../../money/fen'
import { lineName, soldIn } from '../../settlement/lines'
import { useSettings } from '../../state/settings'
import { dayText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box } from '../../ui/blocks'
import { Button, Card, Row } from '../../ui/parts'

type Settlement = NonNullable<CheckTask['settlement']>

export function HowItCameAbout({ settlement, net }: { settlement: Settlement; net: number }) {
  const { t } = useSettings()
  return (
    <Card label={t('check.lines')} testId='check-lines'>
      <Box as='h2' className='section-title'>{t('check.lines')}</Box>
      {inOrder(settlement.lines).map((line) => <LineOfMonth key={`${line.kind}${line.slot}${line.from}`} line={line} />)}
      <Row name={t('check.gross')} testId='check-gross'><Amount fen={settlement.gross_fen} /></Row>
      {settlement.subsidy_fen !== 0 && <Row name={t('check.subsidy')} testId='check-subsidy'><Amount fen={settlement.subsidy_fen} /></Row>}
      <Row name={t('check.tax')} testId='check-tax'><Amount fen={settlement.tax_fen === 0 ? 0 : -settlement.tax_fen} /></Row>
      {settlement.adjustment_fen !== 0 && <Row name={t('check.adjustment')} testId='check-adjustment'><Amount fen={settlement.adjustment_fen} /></Row>}
      <Box className='sum'>
        <Box as='span'>{t('check.net')}</Box>
        <Amount fen={net} size='title' testId='check-net' />
      </Box>
      <Days settlement={settlement} />
    </Card>
  )
}

/** Sales before subsidies, as they came; within each the dearest part of the day first. */
function inOrder(lines: SettlementLine[]): SettlementLine[] {
  const kinds = [...new Set(lines.map(({ kind }) => kind))]
  return kinds.flatMap((kind) => dearestFirst(lines.filter((line) => line.kind === kind)))
}

function LineOfMonth({ line }: { line: SettlementLine }) {
  const { t, language } = useSettings()
  const [from, to] = [dayText(line.from, language), dayText(line.to, language)]
  return (
    <Box className='check-line' testId='settlement-line'>
      <Row name={lineName(line, language)}><Amount fen={line.amount_fen} /></Row>
      <Box as='p' className='small-print'>
        {`${from} – ${to} · ${t('check.line.formula', { kwh: kwhPlain(line.energy_kwh), price: line.price_yuan_per_kwh, amount: yuanText(line.amount_fen) })}`}
      </Box>
    </Box>
  )
}

function Days({ settlement }: { settlement: Settlement }) {
  const { t, language } = useSettings()
  const [shown, setShown] = useState(false)
  const sold = soldIn(settlement)
  return (
    <>
      <Button kind='plain' onTap={() => setShown(!shown)} testId='check-days'>{t(shown ? 'check.days.close' : 'check.days.open')}</Button>
      {shown && (
        <Box label={t('check.days')} role='group' testId='check-days-list'>
          {settlement.days.map(({ day, parts }) => (
            <Row key={day} name={dayText(day, language)}>
              {dearestFirst(parts).map((part) => t('check.days.part', { slot: t(`solar.slot.${part.slot}`), kwh: kwhPlain(sold(part)) })).join(' · ')}
            </Row>
          ))}
        </Box>
      )}
    </>
  )
}
