/** The steps of a tariff as one bar: each step has its own pattern, so colour is not needed to tell them apart. */
import type { StepWalk } from '../energy/steps'
import { useSettings } from '../state/settings'
import { Box } from './blocks'

export function StepBar({ walk }: { walk: StepWalk }) {
  const { t } = useSettings()
  const words = walk.leftKwh === undefined ? t('home.step.last') : t('home.step.left', { kwh: walk.leftKwh })
  return (
    <Box className='steps'>
      <Box className='step-bar' role='img' label={words}>
        {walk.steps.map((step) => (
          <Box key={step.tier} className={`step-slot step-${Math.min(step.tier, 3)}`}>
            <Box className='step-fill' style={{ width: `${step.filledPercent}%` }} />
          </Box>
        ))}
      </Box>
      <Box as='p' className='step-words'>{words}</Box>
    </Box>
  )
}
