/** What becomes of money whose bill was settled elsewhere before it came: it goes back, unless this is ticked. */
import { useSettings } from '../../state/settings'
import { Box, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { Card } from '../../ui/parts'

export function KeepTick({ keep, resting, toggle }: { keep: boolean; resting: boolean; toggle: () => void }) {
  const { t } = useSettings()
  return (
    <Card className='offer' label={t('pay.keep')}>
      <Tap className='tick' checked={keep} disabled={resting} onTap={toggle} testId='keep-as-prepayment'>
        <Box as='span' className={`tick-box${keep ? ' tick-on' : ''}`} decoration>{keep && <Icon name='check' />}</Box>
        <Box as='strong' className='choice-text'>{t('pay.keep')}</Box>
      </Tap>
      <Box as='p' className='small-print'>{t('pay.keep.why')}</Box>
    </Card>
  )
}
