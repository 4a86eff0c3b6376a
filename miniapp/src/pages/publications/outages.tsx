import { useEffect, useState } from 'react'
import type { Binding, Outage } from '../../api/types'
import { homeName, useHomes } from '../../state/homes'
import { useBindings } from '../../state/reads'
import { useHomeOutages, useOutages } from '../../state/shelf'
import { useSettings } from '../../state/settings'
import { session } from '../../state/signed_in'
import { Box, Tap } from '../../ui/blocks'
import { More } from '../../ui/more'
import { open } from '../../ui/navigation'
import { Card, ProblemNote, Skeleton } from '../../ui/parts'
import { Screen } from '../../ui/screen'
import { FindBox, NothingFound } from './find_box'
import { OutageFacts } from './outage_facts'

/** Outages at one's own homes first, then all. */
export default function OutagesScreen() {
  const { t } = useSettings()
  const [found, setFound] = useState('')
  const all = useOutages(found)
  return (
    <Screen title={t('kind.outage')} testId='screen-outages'>
      <OwnHomes />
      <Box as='h2' className='section-title'>{t('outage.all')}</Box>
      <FindBox found={found} find={setFound} />
      {!all.items && (all.problem ? <ProblemNote problem={all.problem} retry={all.reload} /> : <Skeleton lines={5} />)}
      {all.items?.length === 0 && <NothingFound found={found} />}
      {all.items?.map((outage) => <OutageCard key={outage.publication_id} outage={outage} />)}
      <More list={all} />
    </Screen>
  )
}

/** Nothing for somebody who is not signed in: the list below is for everybody. */
function OwnHomes() {
  const [signedIn, setSignedIn] = useState(session.current() !== undefined)
  useEffect(() => {
    let here = true
    session.standing().then((standing) => here && setSignedIn(standing === 'signed_in'), () => undefined)
    return () => {
      here = false
    }
  }, [])
  return signedIn ? <Homes /> : null
}

function Homes() {
  const { t } = useSettings()
  useBindings()
  const homes = (useHomes().all ?? []).filter((home) => home.role !== 'payer_only')
  if (homes.length === 0) return null
  return (
    <Box as='section' label={t('outage.mine')} testId='own-outages'>
      <Box as='h2' className='section-title'>{t('outage.mine')}</Box>
      {homes.map((home) => <OneHome key={home.binding_id} home={home} />)}
    </Box>
  )
}

function OneHome({ home }: { home: Binding }) {
  const { t } = useSettings()
  const { answer, problem, reload } = useHomeOutages(home.binding_id)
  if (!answer) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={2} />
  if (answer.items.length > 0) return <>{answer.items.map((outage) => <OutageCard key={outage.publication_id} outage={outage} home={homeName(home)} />)}</>
  const words = answer.office_unknown ? 'outage.unknown' : 'outage.none.mine'
  return <Card><Box as='p' className='soft' testId='no-outage'>{t(words, { home: homeName(home) })}</Box></Card>
}

function OutageCard({ outage, home }: { outage: Outage; home?: string }) {
  return (
    <Card testId={home === undefined ? 'outage' : 'own-outage'}>
      {home !== undefined && <Box as='p' className='soft'>{home}</Box>}
      <Tap className='card-open' onTap={() => open('article', { id: outage.publication_id })}>
        <Box as='h3' className='card-title'>{outage.title}</Box>
      </Tap>
      <OutageFacts outage={outage} />
    </Card>
  )
}
