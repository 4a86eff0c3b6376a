import { useSettings } from '../../state/settings'
import { Box, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { open, startAt, type ScreenName } from '../../ui/navigation'
import { Card } from '../../ui/parts'
import { Screen } from '../../ui/screen'
import type { WordKey } from '../../words'

/**
 * `tab`: a screen of the tabs, which is started at and never stacked on top of another. A screen that is about one home is opened without
 * naming it: it is about the chosen one.
 */
interface Way { word: WordKey; screen: ScreenName; kind?: string; purpose?: string; tab?: true }

const PAYMENT: Way[] = [
  { word: 'services.pay', screen: 'home', tab: true },
  { word: 'home.top_up', screen: 'confirm', purpose: 'top_up' },
  { word: 'several.title', screen: 'several' },
]
const MINE: Way[] = [
  { word: 'bills.title', screen: 'bills', tab: true },
  { word: 'home.records', screen: 'records' },
  { word: 'homes.manage', screen: 'homes' },
]

const INFORMATION: Way[] = [
  { word: 'kind.outage', screen: 'outages' },
  { word: 'kind.outlet', screen: 'outlets' },
  { word: 'kind.news', screen: 'shelf', kind: 'news' },
  { word: 'kind.faq', screen: 'shelf', kind: 'faq' },
  { word: 'kind.knowledge', screen: 'shelf', kind: 'knowledge' },
  { word: 'kind.guide', screen: 'shelf', kind: 'guide' },
  { word: 'kind.app', screen: 'apps' },
]
const POWER: Way[] = [
  { word: 'certify.title', screen: 'certify' },
  { word: 'requests.title', screen: 'requests' },
  { word: 'request.new_user', screen: 'newRequest', kind: 'new_user' },
  { word: 'request.illegal_use', screen: 'newRequest', kind: 'illegal_use' },
  { word: 'request.feedback', screen: 'newRequest', kind: 'feedback' },
  { word: 'points.title', screen: 'points' },
]
const SMART: Way[] = [
  { word: 'kind.policy', screen: 'shelf', kind: 'policy' },
  { word: 'kind.grid_news', screen: 'shelf', kind: 'grid_news' },
  { word: 'kind.industry_news', screen: 'shelf', kind: 'industry_news' },
  { word: 'kind.technology', screen: 'shelf', kind: 'technology' },
  { word: 'kind.case', screen: 'shelf', kind: 'case' },
]

/** Every service, by the five groups of the front end. */
export default function ServicesScreen() {
  const { t } = useSettings()
  return (
    <Screen title={t('services.title')} testId='screen-services'>
      <Tap className='pill' onTap={() => open('shelf')} testId='search-everything'>{t('services.search')}</Tap>
      <Group title={t('services.payment')} ways={PAYMENT} />
      <Group title={t('services.mine')} ways={MINE} />
      <Group title={t('services.information')} ways={INFORMATION} />
      <Group title={t('services.power')} ways={POWER} />
      <Group title={t('services.smart')} ways={SMART} />
    </Screen>
  )
}

function paramsOf(kind: string | undefined, purpose: string | undefined): Record<string, string> | undefined {
  return kind !== undefined ? { kind } : purpose !== undefined ? { purpose } : undefined
}

function Group({ title, ways }: { title: string; ways: Way[] }) {
  const { t } = useSettings()
  return (
    <Card label={title} testId='group'>
      <Box as='h2' className='section-title'>{title}</Box>
      {ways.map(({ word, screen, kind, purpose, tab }) => (
        <Tap key={word} className='card-link' onTap={() => (tab ? startAt : open)(screen, paramsOf(kind, purpose))} testId={`way-${kind ?? purpose ?? screen}`}>
          <Box as='span'>{t(word)}</Box>
          <Icon name='next' />
        </Tap>
      ))}
    </Card>
  )
}
