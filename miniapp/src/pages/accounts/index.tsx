import { useState } from 'react'
import type { Consent, Me, SignedInDevice } from '../../api/types'
import { useConsents, useDevices, useMe } from '../../state/reads'
import type { Remote } from '../../state/remote'
import { setElder, setLanguage, useSettings } from '../../state/settings'
import { call, session } from '../../state/signed_in'
import { momentText } from '../../time/shanghai'
import { Box, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { open } from '../../ui/navigation'
import { Button, Card, Chip, ProblemNote, Row, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { WaysOn } from '../../ui/ways_on'
import { useChange } from '../bindings/change'
import { useConsentChange } from '../bindings/consent'
import { OwnPassword } from './own_password'

/** Who I am here, how I read, what I agreed to, where I am signed in. */
export default function MeScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('me.title')} testId='screen-me' tab='me'>
      {() => <MeContent />}
    </PrivateScreen>
  )
}

function MeContent() {
  const { t } = useSettings()
  const me = useMe()
  // Another password signs the other devices out: they are read anew.
  const [passwords, setPasswords] = useState(0)
  return (
    <>
      <WhoCard me={me} />
      <WaysOn />
      {me.answer && <OwnPassword phone={me.answer.phone_masked} done={() => setPasswords((set) => set + 1)} />}
      <DisplayCard />
      <ConsentsCard />
      <DevicesCard key={passwords} />
      <Button kind='quiet' onTap={() => void session.signOut()} testId='sign-out'>{t('me.sign_out')}</Button>
    </>
  )
}

function WhoCard({ me }: { me: Remote<Me> }) {
  const { t } = useSettings()
  const { answer, problem, reload } = me
  if (!answer) return <Card>{problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={3} />}</Card>
  const verified = answer.real_name === 'verified'
  return (
    <Card label={t('me.who')} testId='who'>
      <Box className='candidate'>
        <Box className='candidate-mark' decoration><Icon name='person' /></Box>
        <Box className='candidate-text'>
          <Box as='h2' className='candidate-name'>{answer.name_masked ?? t('me.who')}</Box>
          <Chip tone={verified ? 'good' : 'soft'} icon={verified ? 'shield' : 'info'}>{t(`me.real_name.${answer.real_name}`)}</Chip>
        </Box>
      </Box>
      {answer.phone_masked && <Row name={t('me.phone')}>{answer.phone_masked}</Row>}
      {answer.id_no_masked && <Row name={t('me.id_no')}>{answer.id_no_masked}</Row>}
      {!verified && (
        <Tap className='card-link' onTap={() => open('certify')} testId='open-certify'>
          <Box as='span'>{t('certify.open')}</Box>
          <Icon name='next' />
        </Tap>
      )}
      <Tap className='card-link' onTap={() => open('phone')} testId='open-phone'>
        <Box as='span'>{t(answer.phone_masked ? 'phone.change' : 'phone.add')}</Box>
        <Icon name='next' />
      </Tap>
      {answer.other_account && (
        <Tap className='card-link' onTap={() => open('merge')} testId='open-merge'>
          <Box as='span'>{t('merge.open')}</Box>
          <Icon name='next' />
        </Tap>
      )}
      <Tap className='card-link' onTap={() => open('homes')} testId='open-homes'>
        <Box as='span'>{t('homes.title')}</Box>
        <Icon name='next' />
      </Tap>
      <Tap className='card-link' onTap={() => open('solar')} testId='open-solar'>
        <Box as='span'>{t('solar.title')}</Box>
        <Icon name='next' />
      </Tap>
      <Tap className='card-link' onTap={() => open('privacy')} testId='open-privacy'>
        <Box as='span'>{t('privacy.title')}</Box>
        <Icon name='next' />
      </Tap>
    </Card>
  )
}

function DisplayCard() {
  const { t, elder, language } = useSettings()
  return (
    <Card label={t('me.display')}>
      <Box as='h2' className='section-title'>{t('me.display')}</Box>
      <Tap className='switch' onTap={() => setElder(!elder)} pressed={elder} testId='elder'>
        <Box as='span'>{t('me.elder')}</Box>
        <Box as='span' className={`switch-state${elder ? ' switch-on' : ''}`}>{t(elder ? 'me.on' : 'me.off')}</Box>
      </Tap>
      <Tap className='switch' onTap={() => setLanguage(language === 'en' ? 'zh-CN' : 'en')} testId='language'>
        <Box as='span'>{t('me.language')}</Box>
        <Box as='span' className='switch-state'>{t('language.other')}</Box>
      </Tap>
    </Card>
  )
}

function ConsentsCard() {
  const { t } = useSettings()
  const { answer, problem, reload } = useConsents()
  return (
    <Card label={t('me.consents')} testId='consents'>
      <Box as='h2' className='section-title'>{t('me.consents')}</Box>
      {!answer && (problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={3} />)}
      {answer?.items.map((consent) => <ConsentLine key={consent.purpose} consent={consent} reload={reload} />)}
    </Card>
  )
}

function ConsentLine({ consent, reload }: { consent: Consent; reload: () => void }) {
  const { t, language } = useSettings()
  const { purpose } = consent
  const { busy, problem, run } = useConsentChange(consent, reload)
  const state = consent.given_at ? t('me.consent.given', { time: momentText(consent.given_at, language, Date.now()) }) : t('me.consent.not_given')
  return (
    <Box className='consent-line'>
      <Box className='choice-text'>
        <Box as='strong'>{t(`me.consent.${purpose}`)}</Box>
        <Box as='span' className='soft'>{state}</Box>
        <Box as='p' className='small-print'>{consent.text}</Box>
        {problem && <ProblemNote problem={problem} retry={run} />}
      </Box>
      <Button kind='plain' small onTap={run} disabled={busy} testId={`consent-${purpose}`}>{t(consent.given_at ? 'me.consent.withdraw' : 'me.consent.give')}</Button>
    </Box>
  )
}

function DevicesCard() {
  const { t } = useSettings()
  const { answer, problem, reload } = useDevices()
  return (
    <Card label={t('me.devices')} testId='devices'>
      <Box as='h2' className='section-title'>{t('me.devices')}</Box>
      {!answer && (problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={2} />)}
      {answer?.items.map((device) => <DeviceLine key={device.session_id} device={device} reload={reload} />)}
    </Card>
  )
}

function DeviceLine({ device, reload }: { device: SignedInDevice; reload: () => void }) {
  const { t, language } = useSettings()
  const { busy, problem, run } = useChange(() => call<unknown>('DELETE', `/sessions/${encodeURIComponent(device.session_id)}`), reload)
  const seen = t('me.device.seen', { time: momentText(device.last_seen_at, language, Date.now()) })
  return (
    <Box className='consent-line'>
      <Box className='choice-text'>
        <Box as='strong'>{t(`me.device.${device.client}`)}</Box>
        <Box as='span' className='soft'>{seen}</Box>
        {problem && <ProblemNote problem={problem} retry={run} />}
      </Box>
      {device.current ? <Chip tone='good' icon='check'>{t('me.device.current')}</Chip> : (
        <Button kind='plain' small onTap={run} disabled={busy} testId='end-device'>{t('me.device.end')}</Button>
      )}
    </Box>
  )
}
