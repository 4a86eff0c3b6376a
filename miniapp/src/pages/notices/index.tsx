import { useEffect } from 'react'
import type { Notice } from '../../api/types'
import { useNotices } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { momentText } from '../../time/shanghai'
import { Box } from '../../ui/blocks'
import { Icon, type IconName } from '../../ui/icons'
import { open } from '../../ui/navigation'
import { Button, Card, Chip, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'

/** The inbox. What is shown counts as read. */
export default function NoticesScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('notices.title')} testId='screen-notices'>
      {() => <Inbox />}
    </PrivateScreen>
  )
}

const ICONS: Record<string, IconName> = { credited: 'check', refunded: 'return', check_task: 'sun', check_reminder: 'clock', review_upheld: 'check', review_corrected: 'swap', paid_out: 'wallet', payout_returned: 'warning', payout_refused: 'warning', payee_changed: 'warning' }

function Inbox() {
  const { t } = useSettings()
  const { answer, problem, reload } = useNotices(50)
  useMarkRead(answer?.items)
  if (!answer) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={5} />
  return (
    <>
      {answer.items.length === 0 && (
        <Card className='empty'>
          <Box className='card-mark' decoration><Icon name='bell' /></Box>
          <Box as='p' className='soft'>{t('notices.empty')}</Box>
        </Card>
      )}
      {answer.items.map((notice) => <NoticeCard key={notice.notice_id} notice={notice} />)}
    </>
  )
}

/** Tells the gateway once per unread notice; a failure only means that it stays unread. */
function useMarkRead(items: Notice[] | undefined): void {
  const unread = (items ?? []).filter((notice) => !notice.read_at).map((notice) => notice.notice_id).join(' ')
  useEffect(() => {
    for (const id of unread.split(' ').filter(Boolean)) {
      call('PATCH', `/notices/${encodeURIComponent(id)}`, { body: { read: true } }).catch(() => undefined)
    }
  }, [unread])
}

function NoticeCard({ notice }: { notice: Notice }) {
  const { t, language } = useSettings()
  const { payment_id: payment, check_task_id: check } = notice
  return (
    <Card testId={`notice-${notice.kind}`}>
      <Box className='title-line'>
        <Icon name={ICONS[notice.kind] ?? 'bell'} />
        <Box as='h2' className='card-title'>{notice.title}</Box>
        {!notice.read_at && <Chip tone='info' icon='info'>{t('notices.unread')}</Chip>}
      </Box>
      <Box as='p'>{notice.body}</Box>
      <Box as='p' className='soft'>{momentText(notice.created_at, language, Date.now())}</Box>
      {payment && <Button kind='plain' small onTap={() => open('tracker', { payment_id: payment })}>{t('notices.payment')}</Button>}
      {check && <Button kind='plain' small onTap={() => open('check', { id: check })} testId='notice-check'>{t('notices.check')}</Button>}
    </Card>
  )
}
