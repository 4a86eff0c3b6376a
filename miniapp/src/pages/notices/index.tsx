import { useEffect, useRef } from 'react'
import type { Notice } from '../../api/types'
import { useNotices } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { momentText } from '../../time/shanghai'
import { Box } from '../../ui/blocks'
import { Icon, type IconName } from '../../ui/icons'
import { More } from '../../ui/more'
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

const ICONS: Record<string, IconName> = { credited: 'check', refunded: 'return', refund_late: 'clock', check_task: 'sun', check_reminder: 'clock', review_upheld: 'check', review_corrected: 'swap', paid_out: 'wallet', payout_returned: 'warning', payout_refused: 'warning', payee_changed: 'warning' }

function Inbox() {
  const { t } = useSettings()
  const list = useNotices()
  const { items, problem, reload } = list
  useMarkRead(items)
  if (!items) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={5} />
  return (
    <>
      {items.length === 0 && (
        <Card className='empty'>
          <Box className='card-mark' decoration><Icon name='bell' /></Box>
          <Box as='p' className='soft'>{t('notices.empty')}</Box>
        </Card>
      )}
      {items.map((notice) => <NoticeCard key={notice.notice_id} notice={notice} />)}
      <More list={list} />
    </>
  )
}

/** Tells the gateway once per unread notice; a failure only means that it stays unread. */
function useMarkRead(items: Notice[] | undefined): void {
  const told = useRef(new Set<string>()).current
  const unread = (items ?? []).filter((notice) => !notice.read_at).map((notice) => notice.notice_id).join(' ')
  useEffect(() => {
    for (const id of unread.split(' ').filter((one) => one !== '' && !told.has(one))) {
      told.add(id)
      call('PATCH', `/notices/${encodeURIComponent(id)}`, { body: { read: true } }).catch(() => told.delete(id))
    }
  }, [unread, told])
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
