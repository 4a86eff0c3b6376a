/** The ways that need no home: to every service and, for whoever is signed in, to the inbox. */
import { useSettings } from '../state/settings'
import { Box, Tap } from './blocks'
import { Icon } from './icons'
import { open } from './navigation'
import { Card } from './parts'

export function WaysOn() {
  const { t } = useSettings()
  return (
    <Card testId='ways-on'>
      <Tap className='card-link' onTap={() => open('services')} testId='open-services'>
        <Box as='span'>{t('home.services')}</Box>
        <Icon name='next' />
      </Tap>
      <Tap className='card-link' onTap={() => open('notices')} testId='open-notices'>
        <Box as='span'>{t('home.messages')}</Box>
        <Icon name='next' />
      </Tap>
    </Card>
  )
}
