import { useRouter } from '@tarojs/taro'
import { comparisonText } from '../../billing/comparison'
import type { Bill } from '../../api/types'
import { useArrears, useBill } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { dayText, periodText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box } from '../../ui/blocks'
import { open } from '../../ui/navigation'
import { AsOf, Button, Card, Chip, Note, NothingHere, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { BillWalk } from './bill_walk'

/** One bill: the total, how it came about, and why it differs from the last one. */
export default function BillScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('bill.title')} testId='screen-bill'>
      {() => <BillContent />}
    </PrivateScreen>
  )
}

function BillContent() {
  const { binding_id: bindingId, period } = useRouter().params
  const { answer, problem, reload } = useBill(bindingId, period)
  if (!bindingId || !period) return <NothingHere />
  if (!answer) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={6} />
  return (
    <>
      {problem && <ProblemNote problem={problem} retry={reload} />}
      <BillHead bill={answer} bindingId={bindingId} />
      <BillWalk bill={answer} bindingId={bindingId} />
      <Why bill={answer} />
    </>
  )
}

function BillHead({ bill, bindingId }: { bill: Bill; bindingId: string }) {
  const { t, language } = useSettings()
  const { answer: due, problem } = useArrears(bill.paid ? undefined : bindingId)
  const held = !bill.paid && due?.held === true
  // Nobody is asked to pay before it is known whether the bill is being verified.
  const payable = !bill.paid && !held && (due !== undefined || problem !== undefined)
  return (
    <Card className={`bill-head${bill.stale ? ' stale' : ''}`} testId='bill-head'>
      <Box className='due-line'>
        <Box as='h2' className='due-word'>{t('bill.total', { period: periodText(bill.period, language) })}</Box>
        <Chip tone={bill.paid ? 'good' : held ? 'info' : 'due'} icon={bill.paid ? 'check' : 'clock'}>
          {bill.paid ? t('bills.paid') : held ? t('bills.held') : t('home.due.by', { day: dayText(bill.due_date, language) })}
        </Chip>
      </Box>
      <Amount fen={bill.total_fen} size='hero' testId='bill-total' />
      <Box as='p' className='soft'>{t('bill.issued', { day: dayText(bill.issued_on, language), days: bill.days })}</Box>
      <AsOf as_of={bill.as_of} stale={bill.stale} />
      {held && <Note tone='info' icon='clock' testId='held'>{t('home.held')}</Note>}
      {payable && <Button onTap={() => open('confirm', { binding_id: bindingId, purpose: 'arrears' })} testId='pay'>{t('bill.pay')}</Button>}
    </Card>
  )
}

function Why({ bill }: { bill: Bill }) {
  const { t, language } = useSettings()
  if (!bill.comparison) return null
  const words = comparisonText({ ...bill.comparison, period: periodText(bill.comparison.period, language) }, language)
  return (
    <Card label={t('bill.why')} testId='comparison'>
      <Box as='h2' className='section-title'>{t('bill.why')}</Box>
      <Box as='p' className='why-headline'>{words.headline}</Box>
      <Box as='ul' className='why'>
        {words.sentences.map((sentence) => <Box as='li' key={sentence} className='why-line'>{sentence}</Box>)}
      </Box>
    </Card>
  )
}
