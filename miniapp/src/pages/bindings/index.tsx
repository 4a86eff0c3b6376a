import { useState } from 'react'
import type { Binding, RealName } from '../../api/types'
import { homeName, isNamed, useHomes } from '../../state/homes'
import { useBindingDetail, useBindings } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { dayText, momentText } from '../../time/shanghai'
import { Box, Field, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { open } from '../../ui/navigation'
import { AsOf, Button, Card, Chip, Note, ProblemNote, Row, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { ArchiveCard } from './archive_card'
import { StepUpForm } from '../privacy/step_up_form'
import { useChange } from './change'
import { StandingNote } from './standing_note'

/** The linked homes: names, what the utility has on file, unlinking. */
export default function HomesScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('homes.title')} testId='screen-homes'>
      {() => <HomesContent />}
    </PrivateScreen>
  )
}

function HomesContent() {
  const { t } = useSettings()
  const bindings = useBindings()
  const { all } = useHomes()
  if (!all) return bindings.problem ? <ProblemNote problem={bindings.problem} retry={bindings.reload} /> : <Skeleton lines={5} />
  return (
    <>
      {all.map((home) => <HomeCard key={home.binding_id} home={home} reload={bindings.reload} />)}
      <Button kind='quiet' icon='plus' onTap={() => open('match')} testId='add-home'>{t('homes.add')}</Button>
      <Button kind='plain' onTap={() => open('accept')} testId='open-accept'>{t('homes.accept')}</Button>
    </>
  )
}

function HomeCard({ home, reload }: { home: Binding; reload: () => void }) {
  const { t, language } = useSettings()
  const [details, setDetails] = useState(false)
  const [acting, setActing] = useState<'label' | 'unlink'>()
  const done = () => {
    setActing(undefined)
    reload()
  }
  return (
    <Card testId={`home-${home.binding_id}`}>
      <Box className='title-line'>
        <Box as='h2' className='card-title'>{homeName(home)}</Box>
        <Chip tone='info' icon='person'>{t(`role.${home.role}`)}</Chip>
      </Box>
      <Box as='p'>{home.label && isNamed(home) ? `${home.holder_masked} · ` : ''}{home.address_masked}</Box>
      <Box as='p' className='soft number'>{home.consumer_no_masked} · {t('homes.since', { time: momentText(home.created_at, language, Date.now()) })}</Box>
      {home.ends_on && <Box as='p' className='soft' testId='home-ends'>{t('homes.ends', { day: dayText(home.ends_on, language) })}</Box>}
      <StandingNote home={home} />
      {home.role !== 'payer_only' && (
        <Tap className='card-link' onTap={() => setDetails(!details)} expanded={details} testId='home-details'>
          <Box as='span'>{t('homes.details')}</Box>
          <Icon name='down' className={details ? 'turned' : ''} />
        </Tap>
      )}
      {details && <SupplyDetails bindingId={home.binding_id} fillsHere={home.role === 'holder'} />}
      {details && home.role === 'holder' && <ArchiveCard bindingId={home.binding_id} />}
      {!acting && (
        <Box className='buttons'>
          {home.role === 'holder' && <Button kind='quiet' small onTap={() => open('sharing', { binding_id: home.binding_id })} testId='open-sharing'>{t('homes.share')}</Button>}
          <Button kind='plain' small onTap={() => setActing('label')} testId='edit-label'>{t('homes.label')}</Button>
          <Button kind='plain' small onTap={() => setActing('unlink')} testId='unlink'>{t('homes.unlink')}</Button>
        </Box>
      )}
      {acting === 'label' && <LabelForm home={home} done={done} />}
      {acting === 'unlink' && <UnlinkForm home={home} done={done} cancel={() => setActing(undefined)} />}
    </Card>
  )
}

/** `fillsHere`: what the file lacks can be filled just below. */
function SupplyDetails({ bindingId, fillsHere }: { bindingId: string; fillsHere: boolean }) {
  const { t } = useSettings()
  const { answer, problem, reload } = useBindingDetail(bindingId)
  if (!answer) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={3} />
  // The archive may not have answered yet: the home is known, its supply is not.
  if (!answer.tariff) return <Box as='p' className='figure-missing'>{t('figure.missing')}</Box>
  return (
    <Box className={answer.stale ? 'details stale' : 'details'}>
      <Row name={t('homes.tariff')}>{answer.tariff.name}</Row>
      {(answer.meters ?? []).map((meter) => (
        <Row key={meter.meter_no_masked} name={t('homes.meters')}>{meter.meter_no_masked} × {meter.multiplier}</Row>
      ))}
      {answer.real_name && <RealNameRow said={answer.real_name} fillsHere={fillsHere} />}
      {answer.status === 'closed' && <Note tone='due' icon='warning'>{t('homes.closed')}</Note>}
      {answer.as_of && <AsOf as_of={answer.as_of} stale={answer.stale ?? false} />}
    </Box>
  )
}

/** Whether the contract is in the person's own name, and the one thing that would mend it. */
function RealNameRow({ said: { cure }, fillsHere }: { said: RealName; fillsHere: boolean }) {
  const { t } = useSettings()
  const below = fillsHere && cure === 'ADD_AT_OUTLET'
  const atOutlet = cure === 'ADD_AT_OUTLET' || cure === 'TRANSFER_AT_OUTLET'
  return (
    <>
      <Row name={t('homes.real_name')} testId='real-name'>{t(below ? 'homes.cure.fill_below' : cure ? `homes.cure.${cure}` : 'homes.real_name.verified')}</Row>
      {cure === 'CERTIFY_AT_ALIPAY' && <Button kind='quiet' small onTap={() => open('certify')} testId='cure-certify'>{t('certify.open')}</Button>}
      {cure === 'AGREE_TO_MATCH' && <Button kind='quiet' small onTap={() => open('match')} testId='cure-match'>{t('match.consent.headline')}</Button>}
      {atOutlet && <Button kind='quiet' small onTap={() => open('outlets')} testId='cure-outlets'>{t('kind.outlet')}</Button>}
    </>
  )
}

function LabelForm({ home, done }: { home: Binding; done: () => void }) {
  const { t } = useSettings()
  const [label, setLabel] = useState(home.label ?? '')
  const { busy, problem, run } = useChange(() => call('PATCH', `/bindings/${encodeURIComponent(home.binding_id)}`, { body: { label: label.trim() } }), done)
  return (
    <Box className='details'>
      <Field label={t('homes.label')} kind='text' value={label} onType={setLabel} maxLength={20} testId='label' />
      <Box as='p' className='small-print'>{t('homes.label.hint')}</Box>
      {problem && <ProblemNote problem={problem} retry={run} />}
      <Button small onTap={run} disabled={busy} testId='save-label'>{t('app.save')}</Button>
    </Box>
  )
}

function UnlinkForm({ home, done, cancel }: { home: Binding; done: () => void; cancel: () => void }) {
  const { t } = useSettings()
  const leave = () => call('DELETE', `/bindings/${encodeURIComponent(home.binding_id)}`)
  const { busy, problem, run } = useChange(leave, done)
  if (problem?.code === 'STEP_UP_REQUIRED') {
    const act = async () => {
      await leave()
      done()
    }
    return <StepUpForm purpose='unlink' about={{ binding_id: home.binding_id }} act={act} word={t('homes.unlink.yes')} />
  }
  return (
    <Box className='details'>
      <Note tone='due' icon='warning'>{t('homes.unlink.sure')}</Note>
      {problem && <ProblemNote problem={problem} retry={run} />}
      <Box className='buttons'>
        <Button kind='danger' small onTap={run} disabled={busy} testId='unlink-sure'>{t('homes.unlink.yes')}</Button>
        <Button kind='plain' small onTap={cancel}>{t('app.cancel')}</Button>
      </Box>
    </Box>
  )
}
