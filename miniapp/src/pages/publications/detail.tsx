import { useRouter } from '@tarojs/taro'
import { useState } from 'react'
import { openOutside } from '../../api/platform'
import type { Article, Block } from '../../api/types'
import { useArticle } from '../../state/shelf'
import { useSettings } from '../../state/settings'
import { momentText } from '../../time/shanghai'
import { Box, Picture } from '../../ui/blocks'
import { Button, Card, Note, NothingHere, ProblemNote, Skeleton } from '../../ui/parts'
import { Screen } from '../../ui/screen'
import { OutageFacts } from './outage_facts'
import { OutletFacts } from './outlet_facts'

/** One text of any kind. */
export default function ArticleScreen() {
  const { t } = useSettings()
  const { id } = useRouter().params
  const { answer, problem, reload } = useArticle(id)
  if (!id) return <Screen title={t('services.title')} testId='screen-article'><NothingHere /></Screen>
  return (
    <Screen title={answer ? t(`kind.${answer.kind}`) : t('services.title')} testId='screen-article'>
      {answer ? <Text article={answer} /> : problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={6} />}
    </Screen>
  )
}

function Text({ article }: { article: Article }) {
  const { t, language } = useSettings()
  return (
    <>
      <Card label={article.title}>
        <Box as='h2' className='card-title' testId='article-title'>{article.title}</Box>
        <Box as='p' className='soft'>{momentText(article.published_at, language, Date.now())}</Box>
        {article.summary !== '' && <Box as='p'>{article.summary}</Box>}
        {article.outage && <OutageFacts outage={article.outage} />}
        {article.outlet && <OutletFacts name={article.title} outlet={article.outlet} />}
        {article.blocks.map((block, at) => <Piece key={`${at}-${block.kind}`} block={block} />)}
      </Card>
      {article.document_no && <Box as='p' className='soft'>{t('shelf.document', { no: article.document_no })}</Box>}
      {article.source && <Box as='p' className='soft' testId='source'>{t('shelf.source', { source: article.source })}</Box>}
      {article.source_url && <Way url={article.source_url} words={t('shelf.original')} />}
      {article.app && <Way url={article.app.url} words={t('app.open')} />}
    </>
  )
}

/** Every text is shown as it is written: there is no markup in it. */
function Piece({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading': return <Box as='h3' className='section-title'>{block.text}</Box>
    case 'paragraph': return <Box as='p' className='prose'>{block.text}</Box>
    case 'list': return <Points items={block.items} />
    case 'steps': return <Points items={block.items} ordered />
    case 'link': return <Way url={block.url} words={block.text} />
    case 'picture': return <Picture path={`/v1/pictures/${block.picture_id}`} alt={block.alt} />
  }
}

function Points({ items, ordered }: { items: string[]; ordered?: boolean }) {
  return (
    <Box as={ordered ? 'ol' : 'ul'} className='prose-points'>
      {items.map((item, at) => <Box as='li' key={`${at}-${item}`}>{ordered ? `${at + 1}. ` : '· '}{item}</Box>)}
    </Box>
  )
}

/** Leads out of this program, when it is tapped. */
export function Way({ url, words }: { url: string; words: string }) {
  const { t } = useSettings()
  const [copied, setCopied] = useState(false)
  const go = () => void openOutside(url).then((done) => setCopied(done === 'copied'))
  return (
    <>
      <Button kind='plain' small onTap={go} testId='way-out'>{words}</Button>
      {copied && <Note live>{t('shelf.copied')}</Note>}
    </>
  )
}
