/** The place of a generator: one of the linked homes, or a number that is typed. Nothing to choose for who has linked none. */
import type { Binding } from '../../api/types'
import { homeName, numberTail, useHomes } from '../../state/homes'
import { useBindings } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { Box, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'

/** The homes whose number this person may use without typing it. */
export function useOwnHomes(): Binding[] {
  useBindings()
  return useHomes().all?.filter((home) => home.role !== 'payer_only') ?? []
}

export function PlaceChoice({ homes, chosen, choose }: { homes: Binding[]; chosen: string | undefined; choose: (bindingId: string | undefined) => void }) {
  const { t } = useSettings()
  if (homes.length === 0) return null
  const way = (id: string | undefined, name: string, under: string | undefined, testId: string) => (
    <Tap key={testId} className={`proof${id === chosen ? ' proof-chosen' : ''}`} pressed={id === chosen} onTap={() => choose(id)} testId={testId}>
      <Icon name={id === undefined ? 'plus' : 'home'} />
      <Box className='choice-text'>
        <Box as='strong'>{name}</Box>
        {under !== undefined && <Box as='span' className='soft'>{under}</Box>}
      </Box>
      {id === chosen && <Icon name='check' />}
    </Tap>
  )
  return (
    <Box as='section' className='proofs' label={t('solar.typed.grid_user_no')}>
      <Box as='h3' className='card-title'>{t('solar.typed.grid_user_no')}</Box>
      {homes.map((home) => way(home.binding_id, homeName(home), `${t('homes.tail', { tail: numberTail(home) })} · ${home.address_masked}`, `solar-home-${home.binding_id}`))}
      {way(undefined, t('solar.typed.number'), undefined, 'solar-home-typed')}
    </Box>
  )
}
