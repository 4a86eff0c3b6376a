/** How far a month's settlement has come, in a word. */
import type { CheckState, CheckTask } from '../../api/types'
import { standing } from '../../settlement/checks'
import { useSettings } from '../../state/settings'
import type { IconName } from '../../ui/icons'
import { Chip, type Tone } from '../../ui/parts'

const LOOKS: Record<CheckState, { tone: Tone; icon: IconName }> = {
  OPEN: { tone: 'due', icon: 'clock' },
  ANSWERED: { tone: 'info', icon: 'check' },
  IN_REVIEW: { tone: 'info', icon: 'person' },
  DISPATCHED: { tone: 'info', icon: 'wallet' },
  SUPERSEDED: { tone: 'soft', icon: 'swap' },
}

export function CheckChip({ task }: { task: CheckTask }) {
  const { t } = useSettings()
  if (task.payout?.state === 'PAID') return <Chip tone='good' icon='check' testId='check-paid'>{t('check.state.paid')}</Chip>
  if (task.payout?.state === 'RETURNED') return <Chip tone='bad' icon='return' testId='check-returned'>{t('check.state.returned')}</Chip>
  const state = standing(task)
  const { tone, icon } = LOOKS[state]
  return <Chip tone={tone} icon={icon} testId={`check-${state}`}>{t(`check.state.${state}`)}</Chip>
}
