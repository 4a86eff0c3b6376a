import { useState } from 'react'
import { useApps } from '../../state/shelf'
import { useSettings } from '../../state/settings'
import { Box, Picture, Tap } from '../../ui/blocks'
import { More } from '../../ui/more'
import { open } from '../../ui/navigation'
import { Card, ProblemNote, Skeleton } from '../../ui/parts'
import { Screen } from '../../ui/screen'
import { Way } from './detail'
import { FindBox, NothingFound } from './find_box'

/** Other programs of the utility. */
export default function AppsScreen() {
  const { t } = useSettings()
  const [found, setFound] = useState('')
  const list = useApps(found)
  const { items, problem, reload } = list
  return (
    <Screen title={t('kind.app')} testId='screen-apps'>
      <FindBox found={found} find={setFound} />
      {!items && (problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={4} />)}
      {items?.length === 0 && <NothingFound found={found} />}
      {items?.map((app) => (
        <Card key={app.publication_id} testId='app'>
          {app.icon_picture_id && <Picture path={`/v1/pictures/${app.icon_picture_id}`} alt='' />}
          <Tap className='card-open' onTap={() => open('article', { id: app.publication_id })}>
            <Box as='h2' className='card-title'>{app.title}</Box>
          </Tap>
          <Box as='p'>{app.summary}</Box>
          <Box as='p' className='soft'>{app.publisher}</Box>
          <Way url={app.url} words={t('app.open')} />
        </Card>
      ))}
      <More list={list} />
    </Screen>
  )
}
