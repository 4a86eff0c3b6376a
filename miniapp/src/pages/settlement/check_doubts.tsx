/** What the owner did not agree with, kept where they look again: when, in which words, and what became of it. */
import type { CheckTask } from '../../api/types'
import { useSettings } from '../../state/settings'
import { momentText } from '../../time/shanghai'
import { Box } from '../../ui/blocks'
import { Note } from '../../ui/parts'

export function Doubts({ task }: { task: CheckTask }) {
  const { t, language } = useSettings()
  const { review, dispute, reason } = task
  const at = (time: string) => ({ time: momentText(time, language, Date.now()) })
  return (
    <>
      {review && <Box as='p' testId='check-review-asked'>{t('check.review.asked', at(review.asked_at))}</Box>}
      {reason && <Box as='p' className='soft' testId='check-reason'>{t('check.reject.reason', { reason })}</Box>}
      {review && (review.outcome === 'waits'
        ? <Note live testId='check-review'>{t('check.review.wait')}</Note>
        : <Box as='p' testId={`check-review-${review.outcome}`}>{t(`check.review.${review.outcome}`)}</Box>)}
      {dispute && <Box as='p' testId='check-dispute-since'>{t('check.dispute.since', at(dispute.since))}</Box>}
      {dispute && (dispute.ended_at
        ? <Box as='p' testId='check-dispute-ended'>{t('check.dispute.ended', at(dispute.ended_at))}</Box>
        : <Note live testId='check-disputed'>{t('check.disputed')}</Note>)}
    </>
  )
}
