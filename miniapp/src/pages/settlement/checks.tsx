import { useState } from 'react'
import type { CheckTask } from '../../api/types'
import { countdown } from '../../settlement/checks'
import { useCheckTasks } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { periodText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { open } from '../../ui/navigation'
import { Button, Card, Note, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { CheckChip } from './check_chip'

/** Months of sold power, the newest first, each with what it waits for. */
export default function ChecksScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('checks.title')} testId='screen-checks'>
      {() => <Checks />}
    </PrivateScreen>
  )
}

function Checks() {
  const { t } = useSettings()
  const [cursors, setCursors] = useState<string[]>([])
  const { answer, problem, reload } = useCheckTasks(cursors[cursors.length - 1])
  if (!answer) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={4} />
  const next = answer.next_cursor
  return (
    <>
      {problem && <ProblemNote problem={problem} retry={reload} />}
      {answer.items.length === 0 && <Note testId='checks-none'>{t('checks.none')}</Note>}
      {answer.items.map((task) => <CheckLine key={task.check_task_id} task={task} />)}
      {cursors.length > 0 && <Button kind='plain' onTap={() => setCursors(cursors.slice(0, -1))} testId='checks-before'>{t('app.back')}</Button>}
      {next && <Button kind='plain' onTap={() => setCursors([...cursors, next])} testId='checks-more'>{t('app.more')}</Button>}
    </>
  )
}

function CheckLine({ task }: { task: CheckTask }) {
  const { t, language } = useSettings()
  const { left } = countdown(task.began_at, task.ends_at, Date.now(), language)
  return (
    <Card testId='check-line'>
      <Tap className='card-link' onTap={() => open('check', { id: task.check_task_id })} testId='open-check'>
        <Box as='span'>{t('check.amount', { period: periodText(task.period, language) })}</Box>
        <Icon name='next' />
      </Tap>
      <Amount fen={task.amount_fen} size='title' />
      <Box className='due-line'>
        <CheckChip task={task} />
        {task.state === 'OPEN' && <Box as='span' className='soft' testId='check-line-left'>{left}</Box>}
      </Box>
    </Card>
  )
}
