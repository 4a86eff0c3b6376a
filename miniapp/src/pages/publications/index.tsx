import { useRouter } from '@tarojs/taro'
import { useState } from 'react'
import type { ArticleKind, Listed } from '../../api/types'
import { articleKind } from '../../api/types'
import { useArticles } from '../../state/shelf'
import { useSettings } from '../../state/settings'
import { momentText } from '../../time/shanghai'
import { Box, Tap } from '../../ui/blocks'
import { More } from '../../ui/more'
import { open } from '../../ui/navigation'
import { Card, Chip, ProblemNote, Skeleton } from '../../ui/parts'
import { Screen } from '../../ui/screen'
import { FindBox, NothingFound } from './find_box'

/** Articles of one kind, or what is found in everything. */
export default function ShelfScreen() {
  const { t } = useSettings()
  const kind = articleKind(useRouter().params.kind)
  const [found, setFound] = useState('')
  return (
    <Screen title={kind ? t(`kind.${kind}`) : t('services.search')} testId='screen-shelf'>
      <FindBox found={found} find={setFound} />
      {(kind !== undefined || found !== '') && <Shelf kind={kind} found={found} />}
    </Screen>
  )
}

function Shelf({ kind, found }: { kind?: ArticleKind; found: string }) {
  const list = useArticles({ kind, q: found })
  const { items, problem, reload } = list
  if (!items) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={5} />
  return (
    <>
      {items.length === 0 && <NothingFound found={found} />}
      <Box as='ul' className='list'>
        {items.map((item) => <Box as='li' key={item.publication_id}><ListedCard item={item} mixed={kind === undefined} /></Box>)}
      </Box>
      <More list={list} />
    </>
  )
}

function ListedCard({ item, mixed }: { item: Listed; mixed: boolean }) {
  const { t, language } = useSettings()
  return (
    <Card testId='listed'>
      <Tap className='card-open' onTap={() => open('article', { id: item.publication_id })} testId={`open-${item.publication_id}`}>
        <Box as='h2' className='card-title'>{item.title}</Box>
      </Tap>
      {mixed && <Chip tone='info' icon='info'>{t(`kind.${item.kind}`)}</Chip>}
      {item.summary !== '' && <Box as='p'>{item.summary}</Box>}
      <Box as='p' className='soft'>{momentText(item.published_at, language, Date.now())}</Box>
    </Card>
  )
}
