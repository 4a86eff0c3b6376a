import { useRouter } from '@tarojs/taro'
import { useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import type { ArticleKind, Listed } from '../../api/types'
import { articleKind } from '../../api/types'
import { moreArticles, useArticles } from '../../state/shelf'
import { useSettings } from '../../state/settings'
import { momentText } from '../../time/shanghai'
import { Box, Tap } from '../../ui/blocks'
import { open } from '../../ui/navigation'
import { Button, Card, Chip, ProblemNote, Skeleton } from '../../ui/parts'
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
      {(kind !== undefined || found !== '') && <Shelf key={`${kind}:${found}`} kind={kind} found={found} />}
    </Screen>
  )
}

function Shelf({ kind, found }: { kind?: ArticleKind; found: string }) {
  const { t } = useSettings()
  const first = useArticles({ kind, q: found })
  const [later, setLater] = useState<{ items: Listed[]; cursor?: string | null }>()
  const [problem, setProblem] = useState<Problem>()
  const cursor = later ? later.cursor : first.answer?.next_cursor
  async function more() {
    if (!cursor) return
    try {
      const page = await moreArticles({ kind, q: found }, cursor)
      setProblem(undefined)
      setLater((was) => ({ items: [...(was?.items ?? []), ...page.items], cursor: page.next_cursor }))
    } catch (thrown) {
      setProblem(asProblem(thrown))
    }
  }
  if (!first.answer) return first.problem ? <ProblemNote problem={first.problem} retry={first.reload} /> : <Skeleton lines={5} />
  const items = [...first.answer.items, ...(later?.items ?? [])]
  return (
    <>
      {items.length === 0 && <NothingFound found={found} />}
      <Box as='ul' className='list'>
        {items.map((item) => <Box as='li' key={item.publication_id}><ListedCard item={item} mixed={kind === undefined} /></Box>)}
      </Box>
      {problem && <ProblemNote problem={problem} retry={() => void more()} />}
      {cursor && <Button kind='quiet' onTap={() => void more()} testId='more'>{t('app.more')}</Button>}
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
