/** Reading, energy, steps, charge: the way from the meter to the total, each stage openable to its arithmetic. */
import { useState, type ReactNode } from 'react'
import type { Bill, BillLine, BillReading } from '../../api/types'
import { kwhPlain } from '../../energy/kwh'
import { differs, isDoubtful } from '../../energy/made_again'
import { walkSteps, type Step } from '../../energy/steps'
import { yuanText } from '../../money/fen'
import { useSettings } from '../../state/settings'
import { Amount } from '../../ui/amount'
import { Box, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { open } from '../../ui/navigation'
import { Button, Card, Note } from '../../ui/parts'
import { StepBar } from '../../ui/step_bar'

export function BillWalk({ bill, bindingId }: { bill: Bill; bindingId: string }) {
  const { t } = useSettings()
  const doubtful = isDoubtful(bill)
  const walk = walkSteps(bill.tiers, bill.year_to_date_kwh)
  return (
    <Card label={t('bill.walk')} testId='bill-walk'>
      <Box as='h2' className='section-title'>{t('bill.walk')}</Box>
      <Box as='ol' className='walk'>
        <Stage name={t('bill.reading')}>
          {bill.readings.map((reading) => <ReadingLine key={reading.meter_no_masked} reading={reading} />)}
        </Stage>
        <Stage name={t('bill.energy')}>
          <Openable
            head={t('bill.energy.note', { kwh: kwhPlain(bill.year_to_date_kwh) })}
            value={t('home.kwh', { kwh: kwhPlain(bill.energy_kwh) })}
            formula={bill.energy_recomputed
              ? t('bill.energy.formula', { kwh: kwhPlain(bill.energy_kwh), year: kwhPlain(bill.year_to_date_kwh) })
              : t('bill.billed.kwh', { kwh: kwhPlain(bill.energy_kwh) })}
            testId='energy'
          />
          {differs(bill.energy_recomputed) && <Note tone='due' icon='warning' testId='energy-differs'>{t('bill.energy.differs')}</Note>}
        </Stage>
        {walk && (
          <Stage name={t('bill.steps')}>
            <StepBar walk={walk} />
            {walk.steps.map((step) => <StepLine key={step.tier} step={step} />)}
          </Stage>
        )}
        <Stage name={t('bill.charge')}>
          {bill.lines.map((line, index) => <ChargeLine key={`${line.kind}-${line.tier ?? index}`} line={line} />)}
          <Sum bill={bill} />
        </Stage>
      </Box>
      {doubtful && <Button kind='quiet' onTap={() => open('newRequest', { kind: 'bill_dispute', binding_id: bindingId })} testId='dispute'>{t('request.bill_dispute')}</Button>}
    </Card>
  )
}

/** The lines together; what is billed stands beside it when it is another sum. */
function Sum({ bill }: { bill: Bill }) {
  const { t } = useSettings()
  const together = bill.lines.reduce((sum, line) => sum + line.amount_fen, 0)
  return (
    <>
      <Box className='sum'>
        <Box as='span'>{t('bill.sum')}</Box>
        <Amount fen={bill.adds_up ? bill.total_fen : together} size='title' testId='bill-sum' />
      </Box>
      {!bill.adds_up && (
        <>
          <Box as='p' className='formula-text'>{t('bill.billed', { yuan: yuanText(bill.total_fen) })}</Box>
          <Note tone='due' icon='warning' testId='sum-differs'>{t('bill.sum.differs')}</Note>
        </>
      )}
    </>
  )
}

function Stage({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Box as='li' className='stage'>
      <Box as='h3' className='stage-name'>{name}</Box>
      <Box className='stage-body'>{children}</Box>
    </Box>
  )
}

interface OpenableProps {
  head: string
  value: ReactNode
  formula: string
  /** The billed sum beside a formula that does not lead to it. */
  billed?: string
  checked?: boolean
  testId?: string
}

/** A line that opens to its formula. */
function Openable({ head, value, formula, billed, checked, testId }: OpenableProps) {
  const { t } = useSettings()
  const [shown, setShown] = useState(false)
  return (
    <Box className='openable'>
      <Tap className='openable-head' onTap={() => setShown(!shown)} expanded={shown} testId={testId}>
        <Box as='span' className='openable-name'>{head}</Box>
        <Box as='span' className='openable-value'>{value}</Box>
        <Icon name='down' className={shown ? 'turned' : ''} />
      </Tap>
      {shown && (
        <Box className='formula' live testId={testId && `${testId}-formula`}>
          <Box as='p' className='formula-text'>{formula}</Box>
          {billed && <Box as='p' className='formula-text'>{billed}</Box>}
          {checked && (
            <Box as='p' className='formula-checked'>
              <Icon name='check' />
              <Box as='span'>{t('bill.line.checked')}</Box>
            </Box>
          )}
        </Box>
      )}
    </Box>
  )
}

function ReadingLine({ reading }: { reading: BillReading }) {
  const { t } = useSettings()
  const ours = reading.recomputed ? reading.energy_kwh : reading.recomputed_kwh
  const billed = t('bill.billed.kwh', { kwh: kwhPlain(reading.energy_kwh) })
  // As with a charge: no equation stands here that is not true.
  const formula = ours == null
    ? billed
    : t('bill.reading.formula', {
      current: kwhPlain(reading.current), previous: kwhPlain(reading.previous), multiplier: reading.multiplier, kwh: kwhPlain(ours),
    })
  return (
    <>
      <Openable
        head={t('bill.reading.meter', { meter: reading.meter_no_masked })}
        value={`${kwhPlain(reading.previous)} → ${kwhPlain(reading.current)}`}
        formula={formula}
        billed={reading.recomputed || ours == null ? undefined : billed}
        testId='reading'
      />
      {differs(reading.recomputed) && <Note tone='due' icon='warning' testId='reading-differs'>{t('bill.reading.differs')}</Note>}
    </>
  )
}

function StepLine({ step }: { step: Step }) {
  const { t } = useSettings()
  const range = step.upToKwh === undefined ? t('bill.steps.over', { from: step.fromKwh }) : t('bill.steps.range', { from: step.fromKwh, to: step.upToKwh })
  return (
    <Box className={`step-line${step.current ? ' step-current' : ''}`}>
      <Box as='span' className={`step-swatch step-${Math.min(step.tier, 3)}`} decoration><Box className='step-fill' style={{ width: '100%' }} /></Box>
      <Box className='choice-text'>
        <Box as='span'>{t('home.step.name', { n: step.tier })}{step.current ? ` · ${t('bill.steps.here')}` : ''}</Box>
        <Box as='span' className='soft'>{range}</Box>
      </Box>
      <Box as='span'>{t('bill.steps.price', { price: step.priceYuanPerKwh })}</Box>
    </Box>
  )
}

function ChargeLine({ line }: { line: BillLine }) {
  const { t } = useSettings()
  const ours = line.recomputed ? line.amount_fen : line.recomputed_fen
  const billed = t('bill.billed', { yuan: yuanText(line.amount_fen) })
  // No equation stands here that is not true.
  const formula = ours == null
    ? billed
    : t('bill.line.formula', { kwh: kwhPlain(line.quantity_kwh), price: line.price_yuan_per_kwh, yuan: yuanText(ours) })
  const opened = (
    <Openable
      head={line.kind === 'energy' && line.tier != null ? t('bill.line.energy', { n: line.tier }) : t('bill.line.other')}
      value={<Amount fen={line.amount_fen} />}
      formula={formula}
      billed={line.recomputed || ours == null ? undefined : billed}
      checked={line.recomputed && line.price_recomputed}
      testId={`line-${line.tier ?? line.kind}`}
    />
  )
  return (
    <>
      {opened}
      {differs(line.price_recomputed) && <Note tone='due' icon='warning' testId='price-differs'>{t('bill.price.differs')}</Note>}
      {differs(line.recomputed) && <Note tone='due' icon='warning' testId='differs'>{t('bill.line.differs')}</Note>}
    </>
  )
}
