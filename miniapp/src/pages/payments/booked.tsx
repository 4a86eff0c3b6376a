/** What was paid for a home wherever and by whomever, as the utility booked it: for the holder and whom they authorised. */
import type { Binding, Receipt } from '../../api/types'
import { useReceipts } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { momentText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box } from '../../ui/blocks'
import { AsOf, Card, ProblemNote, Skeleton } from '../../ui/parts'

export function Booked({ home }: { home: Binding }) {
  const { t } = useSettings()
  return (
    <Card label={t('records.all')} testId='records-booked'>
      <Box as='h2' className='section-title'>{t('records.all')}</Box>
      {home.role === 'payer_only'
        ? <Box as='p' className='soft' testId='records-payer'>{t('records.payer')}</Box>
        : <Receipts bindingId={home.binding_id} />}
    </Card>
  )
}

function Receipts({ bindingId }: { bindingId: string }) {
  const { t } = useSettings()
  const { answer, problem, reload } = useReceipts(bindingId)
  if (!answer) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={4} />
  return (
    <>
      <Box as='p' className='soft'>{t('records.all.why', { since: answer.since })}</Box>
      {answer.items.length === 0 && <Box as='p' className='soft' testId='records-none'>{t('records.all.none')}</Box>}
      <Box as='ul' className='list'>
        {answer.items.map((receipt) => <Box as='li' key={receipt.receipt_no}><ReceiptRow receipt={receipt} /></Box>)}
      </Box>
      <AsOf as_of={answer.as_of} stale={false} testId='records-as-of' />
    </>
  )
}

function ReceiptRow({ receipt }: { receipt: Receipt }) {
  const { t, language } = useSettings()
  return (
    <Box className='list-row' testId={`receipt-${receipt.receipt_no}`}>
      <Box className='choice-text'>
        <Box as='strong'>{t(`records.place.${receipt.place}`)}</Box>
        <Box as='span' className='soft'>{momentText(receipt.paid_at, language, Date.now())}</Box>
      </Box>
      <Amount fen={receipt.amount_fen} size='title' />
    </Box>
  )
}
