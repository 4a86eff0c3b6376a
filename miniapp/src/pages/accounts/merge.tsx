import { useState } from 'react'
import { OTP, plainDigits } from '../../api/typed'
import type { Merge, Merged } from '../../api/types'
import { forgetAnswers } from '../../state/answers'
import { homes } from '../../state/homes'
import { useSettings } from '../../state/settings'
import { call, session } from '../../state/signed_in'
import { Box, Field } from '../../ui/blocks'
import { open, startAt } from '../../ui/navigation'
import { Button, Card, Note, ProblemNote } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { useChange } from '../bindings/change'
import { StepUpForm } from '../privacy/step_up_form'

/** Two accounts of one person become one: this one stays, or goes into the other. */
export default function MergeScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('merge.title')} testId='screen-merge'>
      {() => <MergeContent />}
    </PrivateScreen>
  )
}

function MergeContent() {
  const { t } = useSettings()
  const [given, setGiven] = useState<Merged>()
  if (given) {
    return (
      <>
        <Note tone='good' icon='check' live testId='merge-given'>
          <Box as='strong'>{t('merge.given')}</Box>
          <Box as='p'>{t('merge.given.homes', { n: given.homes })}</Box>
        </Note>
        <Button onTap={() => void session.signOut()} testId='merge-sign-in'>{t('sign_in.button')}</Button>
      </>
    )
  }
  return (
    <>
      <Card><Box as='p' className='soft'>{t('merge.why')}</Box></Card>
      <Keep />
      <Give done={setGiven} />
    </>
  )
}

function Keep() {
  const { t } = useSettings()
  const [code, setCode] = useState<string>()
  const [merge, setMerge] = useState<Merge>()
  const begin = () => call<Merge>('POST', '/me/merges', { body: {} })
  const show = (made: Merge) => {
    setCode(made.code ?? undefined)
    setMerge(made)
  }
  const ask = useChange(begin, show)
  const look = useChange(() => call<Merge>('GET', `/me/merges/${encodeURIComponent(merge?.merge_id ?? '')}`), (now) => {
    if (now.state === 'merged') {
      forgetAnswers()
      homes.forget()
    }
    setMerge(now)
  })
  if (merge?.state === 'merged') {
    return (
      <>
        <Note tone='good' icon='check' live testId='merge-kept'><Box as='strong'>{t('merge.kept')}</Box></Note>
        <Button onTap={() => startAt('home')} testId='merge-home'>{t('track.home')}</Button>
      </>
    )
  }
  const guarded = ask.problem?.code === 'STEP_UP_REQUIRED'
  const problem = (guarded ? undefined : ask.problem) ?? look.problem
  const waits = merge?.state === 'open' && code !== undefined
  const act = async () => show(await begin())
  return (
    <Card testId='merge-keep'>
      <Box as='h2' className='section-title'>{t('merge.keep')}</Box>
      <Box as='p' className='soft'>{t('merge.keep.what')}</Box>
      {waits && (
        <>
          <Box as='p' className='invitation number' label={t('merge.code')} testId='merge-code'>{code}</Box>
          <Box as='p' className='small-print'>{t('merge.code.how')}</Box>
          {look.busy || <Note tone='soft' live>{t('merge.open_still')}</Note>}
          <Button kind='quiet' onTap={look.run} disabled={look.busy} testId='merge-look'>{t('merge.look')}</Button>
        </>
      )}
      {merge?.state === 'over' && <Note tone='due' live testId='merge-over'>{t('merge.over')}</Note>}
      {problem && <ProblemNote problem={problem} retry={problem === ask.problem ? ask.run : look.run} />}
      {!waits && guarded && <StepUpForm purpose='merge' act={act} word={t('merge.keep.show')} />}
      {!waits && guarded && <LostPhone />}
      {!waits && !guarded && <Button onTap={ask.run} disabled={ask.busy} testId='merge-ask'>{t('merge.keep.show')}</Button>}
    </Card>
  )
}

function Give({ done }: { done: (merged: Merged) => void }) {
  const { t } = useSettings()
  const [typed, setTyped] = useState('')
  const [tried, setTried] = useState(false)
  const code = plainDigits(typed)
  const wrong = tried && !OTP.test(code)
  const [again, setAgain] = useState(false)
  const confirm = () => call<Merged>('POST', '/me/merge-confirmations', { body: { code } })
  const give = useChange(confirm, done)
  function send() {
    setTried(true)
    setAgain(false)
    if (OTP.test(code)) give.run()
  }
  if (give.problem?.code === 'STEP_UP_REQUIRED' && !again) {
    const act = async () => done(await confirm())
    return (
      <Card testId='merge-give'>
        <Box as='h2' className='section-title'>{t('merge.give')}</Box>
        <StepUpForm purpose='merge' act={act} word={t('merge.give.yes')} />
        <LostPhone />
        <Button kind='plain' onTap={() => setAgain(true)} testId='merge-again'>{t('app.cancel')}</Button>
      </Card>
    )
  }
  return (
    <Card testId='merge-give'>
      <Box as='h2' className='section-title'>{t('merge.give')}</Box>
      <Box as='p' className='soft'>{t('merge.give.what')}</Box>
      <Field label={t('merge.code')} kind='digits' value={typed} onType={setTyped} maxLength={8} invalid={wrong} testId='merge-typed' />
      {wrong && <Box as='p' className='field-wrong' role='alert'>{t('manual.otp.wrong')}</Box>}
      {give.problem && <ProblemNote problem={give.problem} retry={send} testId='merge-refused' />}
      <Button kind='danger' onTap={send} disabled={give.busy} testId='merge-confirm'>{t('merge.give.yes')}</Button>
    </Card>
  )
}

/** The phone changes first: the code then goes to the new one. */
function LostPhone() {
  const { t } = useSettings()
  return <Button kind='quiet' onTap={() => open('certify', { for: 'phone' })} testId='merge-phone-lost'>{t('phone.lost')}</Button>
}
