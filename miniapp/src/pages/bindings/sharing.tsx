import { useRouter } from '@tarojs/taro'
import { useState } from 'react'
import type { Access, Binding } from '../../api/types'
import { homeName, numberTail, useHomes } from '../../state/homes'
import { useAccess, useBindings } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { dayText, momentText } from '../../time/shanghai'
import { Box } from '../../ui/blocks'
import { Button, Card, Chip, Note, NothingHere, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { useChange } from './change'
import { InviteForm } from './invite_form'

/** Who can use a home, letting somebody in, taking it away again. The holder's alone. */
export default function SharingScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('share.title')} testId='screen-sharing'>
      {() => <SharingContent />}
    </PrivateScreen>
  )
}

function SharingContent() {
  const { t } = useSettings()
  const { binding_id: bindingId } = useRouter().params
  const bindings = useBindings()
  const home = useHomes().all?.find((each) => each.binding_id === bindingId)
  if (!home) {
    const { problem, loading } = bindings
    if (!problem && !loading) return <NothingHere />
    return problem ? <ProblemNote problem={problem} retry={bindings.reload} /> : <Skeleton lines={5} />
  }
  if (home.role !== 'holder') return <Note tone='info' testId='holder-only'>{t('share.holder_only')}</Note>
  return <Shared home={home} />
}

function Shared({ home }: { home: Binding }) {
  const { t } = useSettings()
  const access = useAccess(home.binding_id)
  const people = access.answer?.items
  return (
    <>
      <Box as='p' className='soft'>{homeName(home)} · {t('homes.tail', { tail: numberTail(home) })} · {home.address_masked}</Box>
      <Box as='h2' className='section-title'>{t('share.who')}</Box>
      {!people && (access.problem ? <ProblemNote problem={access.problem} retry={access.reload} /> : <Skeleton lines={4} />)}
      {people?.length === 0 && <Card testId='shared-with-nobody'><Box as='p' className='soft'>{t('share.nobody')}</Box></Card>}
      {people && people.length > 0 && (
        <Box as='ul' className='stack' label={t('share.who')}>
          {people.map((one) => (
            <Box as='li' key={one.grant_id}><AccessCard home={home} access={one} reload={access.reload} /></Box>
          ))}
        </Box>
      )}
      <InviteForm home={home} invited={access.reload} />
    </>
  )
}

function AccessCard({ home, access, reload }: { home: Binding; access: Access; reload: () => void }) {
  const { t, language } = useSettings()
  const [asking, setAsking] = useState(false)
  const taken = useChange(
    () => call('DELETE', `/bindings/${encodeURIComponent(home.binding_id)}/grants/${encodeURIComponent(access.grant_id)}`),
    () => reload(),
  )
  const moment = (time: string) => momentText(time, language, Date.now())
  const invited = access.state === 'invited'
  return (
    <Card testId={`access-${access.grant_id}`}>
      <Box className='title-line'>
        <Box as='h3' className='card-title'>{invited ? t('share.invited') : (access.person_masked ?? t('share.nameless'))}</Box>
        <Chip tone={invited ? 'soft' : 'info'} icon={invited ? 'clock' : 'person'}>{t(`role.${access.role}`)}</Chip>
      </Box>
      <Box as='p' className='soft'>
        {access.ends_on ? t('share.until', { day: dayText(access.ends_on, language) }) : t('share.no_end')}
      </Box>
      <Box as='p' className='soft'>
        {invited && access.open_until ? t('share.open_until', { time: moment(access.open_until) }) : t('share.since', { time: moment(access.since) })}
      </Box>
      {!invited && access.self_linked && <Note tone='soft' testId='self-linked'>{t('share.self')}</Note>}
      {taken.problem && <ProblemNote problem={taken.problem} retry={taken.run} />}
      {!asking && <Button kind='plain' small onTap={() => setAsking(true)} testId='take-away'>{t('share.take')}</Button>}
      {asking && (
        <Box className='details'>
          <Note tone='due' icon='warning'>{t('share.take.sure')}</Note>
          <Box className='buttons'>
            <Button kind='danger' small onTap={taken.run} disabled={taken.busy} testId='take-away-sure'>{t('share.take.yes')}</Button>
            <Button kind='plain' small onTap={() => setAsking(false)}>{t('app.cancel')}</Button>
          </Box>
        </Box>
      )}
    </Card>
  )
}
