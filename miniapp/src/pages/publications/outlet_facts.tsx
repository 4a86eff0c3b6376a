import { dial, openMap } from '../../api/platform'
import type { OutletPlace } from '../../api/types'
import { useSettings } from '../../state/settings'
import { Box } from '../../ui/blocks'
import { Button, Row } from '../../ui/parts'

/** Where an outlet is, when it is open, and the ways there. */
export function OutletFacts({ name, outlet }: { name: string; outlet: OutletPlace }) {
  const { t } = useSettings()
  const { latitude, longitude, address, phone } = outlet
  return (
    <Box className='stack'>
      <Row name={t('outlet.address')}>{address}</Row>
      <Row name={t('outlet.hours')}>{outlet.hours}</Row>
      {outlet.services.length > 0 && <Row name={t('outlet.does')}>{outlet.services.join('、')}</Row>}
      <Button kind='quiet' small onTap={() => openMap({ latitude, longitude, name, address })} label={`${t('outlet.map')} ${name}`} testId='open-map'>{t('outlet.map')}</Button>
      <Button kind='plain' small icon='phone' onTap={() => dial(phone)} label={`${t('outlet.phone')} ${phone}`} testId='dial'>{phone}</Button>
    </Box>
  )
}
