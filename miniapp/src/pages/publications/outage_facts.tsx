import type { OutageFact } from '../../api/types'
import { useSettings } from '../../state/settings'
import { momentText } from '../../time/shanghai'
import { Box } from '../../ui/blocks'
import { Chip, Row } from '../../ui/parts'

/** Where the power is off, from when to when, and why. */
export function OutageFacts({ outage }: { outage: OutageFact }) {
  const { t, language } = useSettings()
  const moment = (time: string) => momentText(time, language, Date.now())
  return (
    <Box className='stack'>
      {outage.over
        ? <Chip tone='good' icon='check'>{t('outage.over')}</Chip>
        : <Chip tone={outage.kind === 'fault' ? 'bad' : 'due'} icon={outage.kind === 'fault' ? 'warning' : 'clock'}>{t(`outage.${outage.kind}`)}</Chip>}
      <Row name={t('outage.from')}>{moment(outage.begins_at)}</Row>
      <Row name={t('outage.to')}>{moment(outage.ends_at)}</Row>
      <Row name={t('outage.area')}>{outage.area}</Row>
      {outage.lines.length > 0 && <Row name={t('outage.lines')}>{outage.lines.join('、')}</Row>}
      <Row name={t('outage.cause')}>{outage.cause}</Row>
    </Box>
  )
}
