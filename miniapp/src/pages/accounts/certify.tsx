import { useRouter } from '@tarojs/taro'
import { useEffect, useState } from 'react'
import { certifyKinds, heldFor } from '../../api/platform'
import { idNumberIn } from '../../api/typed'
import type { CertificationKind, CertificationTerms } from '../../api/types'
import { useCertificationTerms } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { Box, Field } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { open, replace, startAt } from '../../ui/navigation'
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
  return <CertifyForm terms={terms.answer} lost={wish === 'phone'} />
}

/** `lost`: certified or not, the person shows their face because the account's phone is lost. */
function CertifyForm({ terms, lost }: { terms: CertificationTerms; lost: boolean }) {
  const { t } = useSettings()
  const [name, setName] = useState('')
  const [typed, setTyped] = useState('')
  const [tried, setTried] = useState(false)
  const [back, setBack] = useState(false)
  const { stage, problem, begin, look } = useCertifying()
  const idNumber = idNumberIn(typed)
  const wrong = tried && idNumber === undefined
  const nameless = tried && name.trim() === ''

  function check(kind: CertificationKind) {
    setTried(true)
    setBack(false)
    if (idNumber === undefined || name.trim() === '') return
    begin({ kind, name: name.trim(), id_number: idNumber, terms_version: terms.version })
  }
  if (stage === 'certified') return <Certified />
  if (stage === 'pending') return <NotYet look={look} problem={problem && <ProblemNote problem={problem} retry={look} />} />
  if (problem?.code === 'STEP_UP_REQUIRED' && !back) {
    return <FirstFace act={async () => check('face')} back={() => setBack(true)} />
  }
  const kinds = certifyKinds.filter((kind) => terms.kinds.includes(kind) && (kind === 'face' || !lost))
  return (
    <>
      {lost && <Note tone='info' testId='certify-lost'>{t('phone.lost.why')}</Note>}
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
      {stage === 'refused' && <Note tone='info' live testId='certify-no-leave'>{t('certify.no_leave')}</Note>}
      {problem && <ProblemNote problem={problem} retry={() => check(kinds[0] ?? 'face')} />}
      {kinds.map((kind, at) => (
        <Button key={kind} kind={at === 0 ? 'main' : 'quiet'} onTap={() => check(kind)} disabled={stage === 'busy'} testId={`certify-${kind}`}>
          {t(stage === 'busy' && at === 0 ? 'certify.busy' : `certify.by.${kind}`)}
        </Button>
      ))}
      <Button kind='plain' onTap={() => open('manual')} testId='certify-manual'>{t('match.manual')}</Button>
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

function Certified() {
  const { t } = useSettings()
  return (
    <>
      <Note tone='good' icon='check' live testId='certified'>
        <Box as='strong'>{t('certify.done')}</Box>
        <Box as='p'>{t('certify.done.next')}</Box>
      </Note>
      <Button onTap={() => replace('match')} testId='certify-match'>{t('certify.match')}</Button>
      <Button kind='quiet' onTap={() => replace('phone')} testId='certify-phone'>{t('phone.title')}</Button>
      <Button kind='plain' onTap={() => startAt('me')} testId='certify-me'>{t('me.title')}</Button>
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
