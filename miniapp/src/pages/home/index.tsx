import { useEffect, useState } from 'react'
import { callHotline } from '../../api/platform'
import type { Binding } from '../../api/types'
import { homeName, homes, numberTail, useHomes } from '../../state/homes'
import { useBindingDetail, useBindings, useNewestNotice } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { dayText } from '../../time/shanghai'
import { Box, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { open, replace } from '../../ui/navigation'
import { Button, Chip, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { StandingNote } from '../bindings/standing_note'
import { DueCard } from './due_card'
import { LastBillCard } from './last_bill_card'

/** The first screen: what is due now, what to do, what comes next. */
export default function Home() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('home.title')} testId='screen-home' tab='home' bare>
      {() => <HomeContent />}
    </PrivateScreen>
  )
}

function HomeContent() {
  const bindings = useBindings()
  const { all, current } = useHomes()
  const none = !bindings.loading && bindings.answer?.items.length === 0
  useEffect(() => {
    if (none) replace('match')
  }, [none])
  if (!current) return bindings.problem ? <ProblemNote problem={bindings.problem} retry={bindings.reload} /> : <Skeleton lines={6} />
  return <OneHome key={current.binding_id} home={current} all={all ?? []} />
}

function OneHome({ home, all }: { home: Binding; all: Binding[] }) {
  const { t, elder } = useSettings()
  const seesBills = home.role !== 'payer_only'
  const supply = useBindingDetail(seesBills ? home.binding_id : undefined)
  const closed = supply.answer?.status === 'closed'
  return (
    <>
      <HomeHead home={home} all={all} />
      <StandingNote home={home} />
      <DueCard home={home} supply={seesBills ? supply : undefined} />
      {seesBills && !elder && <LastBillCard home={home} />}
      {!seesBills && home.state === 'active' && <Box as='p' className='small-print'>{t('home.payer_only')}</Box>}
      {!elder && (
        <Box className='links'>
          <Tap className='link' onTap={() => open('records', { binding_id: home.binding_id })} testId='open-records'>
            <Icon name='receipt' /><Box as='span'>{t('home.records')}</Box>
          </Tap>
          {!closed && (
            <Tap className='link' onTap={() => open('confirm', { binding_id: home.binding_id, purpose: 'top_up' })} testId='open-top-up'>
              <Icon name='wallet' /><Box as='span'>{t('home.top_up')}</Box>
            </Tap>
          )}
          {all.length > 1 && (
            <Tap className='link' onTap={() => open('several')} testId='open-several'>
              <Icon name='check' /><Box as='span'>{t('several.open')}</Box>
            </Tap>
          )}
          <Tap className='link' onTap={() => open('homes')} testId='open-homes'>
            <Icon name='home' /><Box as='span'>{t('homes.manage')}</Box>
          </Tap>
        </Box>
      )}
      {!elder && (
        <Box className='links'>
          <Tap className='link' onTap={() => open('outages')} testId='open-outages'>
            <Icon name='warning' /><Box as='span'>{t('home.outages')}</Box>
          </Tap>
          <Tap className='link' onTap={() => open('services')} testId='open-services'>
            <Icon name='info' /><Box as='span'>{t('home.services')}</Box>
          </Tap>
        </Box>
      )}
      {elder && <Button kind='quiet' icon='info' onTap={() => open('services')} testId='open-services'>{t('home.services')}</Button>}
      <Button kind='quiet' icon='phone' onTap={callHotline} testId='hotline'>{t(elder ? 'app.hotline.help' : 'app.hotline')}</Button>
    </>
  )
}

/** Whose home this is, the switch between homes, and the bell. */
function HomeHead({ home, all }: { home: Binding; all: Binding[] }) {
  const { t } = useSettings()
  const [choosing, setChoosing] = useState(false)
  const unread = useNewestNotice().answer?.unread ?? 0
  return (
    <Box as='header' className='home-head'>
      <Box className='home-head-line'>
        <Tap className='home-name' onTap={() => setChoosing(!choosing)} expanded={choosing} testId='switch-home'>
          <Box as='h1' className='home-title'>{homeName(home)}</Box>
          <Icon name='down' className={choosing ? 'turned' : ''} />
        </Tap>
        <Tap
          className='bell'
          onTap={() => open('notices')}
          label={unread > 0 ? t('home.messages.unread', { n: unread }) : t('home.messages')}
          testId='open-notices'
        >
          <Icon name='bell' />
          {unread > 0 && <Box as='span' className='bell-count' decoration>{unread > 99 ? '99+' : unread}</Box>}
        </Tap>
      </Box>
      <Box as='p' className='home-place'>{t('homes.tail', { tail: numberTail(home) })} · {home.address_masked}</Box>
      <HomeRole home={home} />
      {choosing && <HomeChoice all={all} current={home} done={() => setChoosing(false)} />}
    </Box>
  )
}

/** How the person stands to this home; nothing for a holder, who need not be told. */
function HomeRole({ home }: { home: Binding }) {
  const { t, language } = useSettings()
  if (home.role === 'holder') return null
  return (
    <Box className='home-role'>
      <Chip tone='info' icon='person' testId='home-role'>{t(`role.${home.role}`)}</Chip>
      {home.ends_on && <Box as='span' className='soft' testId='home-ends'>{t('homes.ends', { day: dayText(home.ends_on, language) })}</Box>}
    </Box>
  )
}

function HomeChoice({ all, current, done }: { all: Binding[]; current: Binding; done: () => void }) {
  const { t } = useSettings()
  return (
    <Box as='ul' className='choice' label={t('homes.switch')} testId='home-choice'>
      {all.map((home) => (
        <Box as='li' key={home.binding_id}>
          <Tap
            className='choice-item'
            pressed={home === current}
            onTap={() => {
              homes.choose(home.binding_id)
              done()
            }}
            testId={`choose-${home.binding_id}`}
          >
            <Box className='choice-text'>
              <Box as='strong'>{homeName(home)}</Box>
              <Box as='span' className='soft'>{t('homes.tail', { tail: numberTail(home) })} · {home.address_masked}</Box>
              {home.role !== 'holder' && <Box as='span' className='soft'>{t(`role.${home.role}`)}</Box>}
            </Box>
            {home === current && <Icon name='check' />}
          </Tap>
        </Box>
      ))}
      <Box as='li'>
        <Tap className='choice-item' onTap={() => open('match')} testId='add-home'>
          <Box as='strong' className='choice-text'>{t('homes.add')}</Box>
          <Icon name='plus' />
        </Tap>
      </Box>
    </Box>
  )
}
