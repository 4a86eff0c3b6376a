/** Why a home that was proven gives no more than paying, and what to do about it; nothing for any other home. */
import { callHotline } from '../../api/platform'
import type { Binding } from '../../api/types'
import { useSettings } from '../../state/settings'
import { Box } from '../../ui/blocks'
import { open } from '../../ui/navigation'
import { Button, Note } from '../../ui/parts'

export function StandingNote({ home }: { home: Binding }) {
  const { t } = useSettings()
  if (home.state === 'active') return null
  const disputed = home.state === 'disputed'
  return (
    <Note tone='due' testId={`home-${home.state}`}>
      <Box as='p'>{t(disputed ? 'homes.disputed' : 'homes.holder_changed')}</Box>
      {disputed
        ? <Button kind='plain' small icon='phone' onTap={callHotline} testId='disputed-hotline'>{t('app.hotline')}</Button>
        : <Button kind='plain' small onTap={() => open('match')} testId='prove-again'>{t('certify.match')}</Button>}
    </Note>
  )
}
