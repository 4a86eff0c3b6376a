import { useState } from 'react'
import { useOutlets } from '../../state/shelf'
import { useSettings } from '../../state/settings'
import { Box, Tap } from '../../ui/blocks'
import { More } from '../../ui/more'
import { open } from '../../ui/navigation'
import { Card, ProblemNote, Skeleton } from '../../ui/parts'
import { Screen } from '../../ui/screen'
import { FindBox, NothingFound } from './find_box'
import { OutletFacts } from './outlet_facts'

/** Business outlets, with the way there. */
export default function OutletsScreen() {
  const { t } = useSettings()
  const [found, setFound] = useState('')
  const list = useOutlets(found)
  const { items, problem, reload } = list
  return (
    <Screen title={t('kind.outlet')} testId='screen-outlets'>
      <FindBox found={found} find={setFound} />
      {!items && (problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={5} />)}
      {items?.length === 0 && <NothingFound found={found} />}
      {items?.map((outlet) => (
        <Card key={outlet.publication_id} testId='outlet'>
          <Tap className='card-open' onTap={() => open('article', { id: outlet.publication_id })}>
            <Box as='h2' className='card-title'>{outlet.title}</Box>
          </Tap>
          {outlet.summary !== '' && <Box as='p'>{outlet.summary}</Box>}
          <OutletFacts name={outlet.title} outlet={outlet} />
        </Card>
      ))}
      <More list={list} />
    </Screen>
  )
}
