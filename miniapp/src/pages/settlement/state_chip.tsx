/** How far a generation account has come, in plain words. */
import type { GenerationState } from '../../api/types'
import { useSettings } from '../../state/settings'
import type { IconName } from '../../ui/icons'
import { Chip, type Tone } from '../../ui/parts'

const LOOKS: Record<GenerationState, { tone: Tone; icon: IconName }> = {
  keyless: { tone: 'info', icon: 'clock' },
  keyed: { tone: 'due', icon: 'shield' },
  permitted: { tone: 'good', icon: 'check' },
  terminating: { tone: 'due', icon: 'clock' },
  terminated: { tone: 'soft', icon: 'cross' },
}

export function StateChip({ state }: { state: GenerationState }) {
  const { t } = useSettings()
  const { tone, icon } = LOOKS[state]
  return <Chip tone={tone} icon={icon} testId={`solar-state-${state}`}>{t(`solar.state.${state}`)}</Chip>
}
