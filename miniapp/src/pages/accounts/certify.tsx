import { useRouter } from '@tarojs/taro'
import { useEffect, useState } from 'react'
import { certifyKinds, heldFor } from '../../api/platform'
import { idNumberIn } from '../../api/typed'
import type { CertificationKind, CertificationTerms } from '../../api/types'
import { useCertificationTerms, useMe } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { session } from '../../state/signed_in'
import { Box, Field } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { open, rememberHere, replace, startAt } from '../../ui/navigation'
import { Button, Card, Note, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { StepUpForm } from '../privacy/step_up_form'
import { useCertifying } from './certifying'

/** Having a typed name and ID number checked by Alipay, for people of whom Alipay tells no number. */
export default function CertifyScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('certify.title')} testId='screen-certify'>
      {() => <CertifyContent />}
    </PrivateScreen>
  )
}

function CertifyContent() {
  const { certification_id: returned, for: wish } = useRouter().params
  const terms = useCertificationTerms()
  if (returned) return <FaceReturn id={returned} />
  if (!terms.answer) return terms.problem ? <ProblemNote problem={terms.problem} retry={terms.reload} /> : <Skeleton lines={5} />
  return wish === 'phone' ? <LostPhone terms={terms.answer} /> : <CertifyForm terms={terms.answer} kinds={kindsOf(terms.answer)} />
}

const kindsOf = (terms: CertificationTerms): CertificationKind[] => certifyKinds.filter((kind) => terms.kinds.includes(kind))

/**
 * The account's phone is lost. A face gives it up where the wallet said before, or was compared to say, whose face that is; whom nobody
 * certified, or a face alone, has the wallet compared first, which needs Alipay's own app and no code to the phone.
 */
function LostPhone({ terms }: { terms: CertificationTerms }) {
  const { t } = useSettings()
  const { answer: me, problem, reload } = useMe()
  if (!me) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={5} />
  const verified = me.real_name === 'verified'
  const found = kindsOf(terms)
  const kinds = verified ? [...found].reverse() : found.filter((kind) => kind === 'certverify')
  const why = verified ? 'phone.lost.why' : kinds.length > 0 ? 'phone.lost.first' : 'phone.lost.there'
  return (
    <>
      <Note tone='info' testId='certify-lost'>
        <Box as='p'>{t(why)}</Box>
        <Box as='p'>{t('phone.lost.else')}</Box>
      </Note>
      {kinds.length > 0 && <CertifyForm terms={terms} kinds={kinds} lost />}
    </>
  )
}

/** `lost`: it is for the account's phone, which is lost. */
function CertifyForm({ terms, kinds, lost }: { terms: CertificationTerms; kinds: CertificationKind[]; lost?: boolean }) {
  const { t } = useSettings()
  const [name, setName] = useState('')
  const [typed, setTyped] = useState('')
  const [tried, setTried] = useState(false)
  const [back, setBack] = useState(false)
  const [asked, setAsked] = useState<CertificationKind>()
  const { stage, problem, begin, look } = useCertifying()
  const idNumber = idNumberIn(typed)
  const wrong = tried && idNumber === undefined
  const nameless = tried && name.trim() === ''

  function check(kind: CertificationKind) {
    setTried(true)
    setBack(false)
    setAsked(kind)
    if (idNumber === undefined || name.trim() === '') return
    begin({ kind, name: name.trim(), id_number: idNumber, terms_version: terms.version })
  }
  if (stage === 'certified') return lost && asked === 'certverify' ? <Compared /> : <Certified lost={lost} />
  if (stage === 'pending') return <NotYet look={look} problem={problem && <ProblemNote problem={problem} retry={look} />} />
  if (problem?.code === 'STEP_UP_REQUIRED' && !back) {
    return <FirstFace act={async () => check('face')} back={() => setBack(true)} />
  }
  const compared = lost && problem?.code === 'ALREADY_CERTIFIED'
  return (
    <>
      <Card className='consent' testId='certify-terms'>
        <Box className='card-mark' decoration><Icon name='shield' /></Box>
        <Box as='h2' className='card-title'>{t('certify.headline')}</Box>
        <Box as='p' className='consent-text'>{terms.text}</Box>
      </Card>
      <Card>
        <Field label={t('certify.name')} kind='text' value={name} onType={setName} maxLength={64} invalid={nameless} testId='certify-name' />
        {nameless && <Box as='p' className='field-wrong' role='alert'>{t('certify.name.wrong')}</Box>}
        <Field label={t('certify.id_number')} kind='text' value={typed} onType={setTyped} maxLength={24} invalid={wrong} testId='certify-id' />
        {wrong && <Box as='p' className='field-wrong' role='alert'>{t('certify.id_number.wrong')}</Box>}
      </Card>
      {stage === 'refused' && <Note tone='info' live testId='certify-no-leave'>{t(kinds.includes('face') ? 'certify.no_leave' : 'certify.no_leave.only')}</Note>}
      {compared && <Note tone='info' live testId='certify-compared'>{t('phone.lost.compared')}</Note>}
      {problem && !compared && <ProblemNote problem={problem} retry={() => check(asked ?? 'face')} />}
      {kinds.map((kind, at) => (
        <Button key={kind} kind={at === 0 ? 'main' : 'quiet'} onTap={() => check(kind)} disabled={stage === 'busy'} testId={`certify-${kind}`}>
          {t(stage === 'busy' && at === 0 ? 'certify.busy' : `certify.by.${kind}`)}
        </Button>
      ))}
      {!lost && <Button kind='plain' onTap={() => open('manual')} testId='certify-manual'>{t('match.manual')}</Button>}
    </>
  )
}

/** Nobody is certified yet, and the account has a phone: its owner says by a code to it whose face is to count. */
function FirstFace({ act, back }: { act: () => Promise<void>; back: () => void }) {
  const { t } = useSettings()
  return (
    <Card testId='certify-sure'>
      <Note tone='due' icon='warning'>{t('certify.sure')}</Note>
      <StepUpForm purpose='certify' act={act} word={t('certify.by.face')} />
      <Button kind='quiet' onTap={() => open('certify', { for: 'phone' })} testId='certify-phone-lost'>{t('phone.lost')}</Button>
      <Button kind='plain' onTap={back} testId='certify-back'>{t('app.cancel')}</Button>
    </Card>
  )
}

/** Back from Alipay's page: only Alipay's word to the gateway counts. */
function FaceReturn({ id }: { id: string }) {
  const held = heldFor(id)
  const { stage, problem, look, resume } = useCertifying()
  useEffect(() => {
    if (held) resume(id, held)
    // Once: what was handed over does not change.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [])
  if (stage === 'certified') return <Certified />
  const said = problem && <ProblemNote problem={problem} retry={look} />
  if (!held || stage === 'pending') return <NotYet look={held ? look : undefined} problem={said} />
  return said ?? <Skeleton lines={3} />
}

function Certified({ lost }: { lost?: boolean }) {
  const { t } = useSettings()
  const match = <Button kind={lost ? 'quiet' : 'main'} onTap={() => replace('match')} testId='certify-match'>{t('certify.match')}</Button>
  return (
    <>
      <Note tone='good' icon='check' live testId='certified'>
        <Box as='strong'>{t('certify.done')}</Box>
        <Box as='p'>{t('certify.done.next')}</Box>
      </Note>
      {!lost && match}
      <Button kind={lost ? 'main' : 'quiet'} onTap={() => replace('phone')} testId='certify-phone'>{t('phone.title')}</Button>
      {lost && match}
      <Button kind='plain' onTap={() => startAt('me')} testId='certify-me'>{t('me.title')}</Button>
    </>
  )
}

/** Whose face it must be is known from the next sign-in on, which leads back here. */
function Compared() {
  const { t } = useSettings()
  function again() {
    rememberHere()
    void session.signOut()
  }
  return (
    <>
      <Note tone='good' icon='check' live testId='compared'>
        <Box as='strong'>{t('certify.done')}</Box>
        <Box as='p'>{t('phone.lost.anew')}</Box>
      </Note>
      <Button onTap={again} testId='compared-sign-in'>{t('sign_in.button')}</Button>
    </>
  )
}

function NotYet({ look, problem }: { look: (() => void) | undefined; problem: React.ReactNode }) {
  const { t } = useSettings()
  return (
    <>
      <Note tone='info' live testId='certify-pending'>
        <Box as='strong'>{t('certify.pending')}</Box>
        <Box as='p'>{t('certify.pending.why')}</Box>
      </Note>
      {problem}
      {look && <Button onTap={look} testId='certify-look'>{t('certify.look')}</Button>}
      <Button kind='quiet' onTap={() => replace('certify')} testId='certify-again'>{t('certify.again')}</Button>
    </>
  )
}
