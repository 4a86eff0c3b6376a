import { useRouter } from '@tarojs/taro'
import { useState } from 'react'
import { tellsPhone, walletPhone } from '../../api/platform'
import { asProblem, Problem } from '../../api/problem'
import { OTP, phoneIn, plainDigits } from '../../api/typed'
import type { Me } from '../../api/types'
import { forgetAnswers } from '../../state/answers'
import { useMe } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { Box, Field, PhoneTap } from '../../ui/blocks'
import { open } from '../../ui/navigation'
import { Button, Card, Note, ProblemNote, Row } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { useChange } from '../bindings/change'
import { SendCode } from '../bindings/send_code'
import { StepUpForm } from '../privacy/step_up_form'

/** Making a phone one's own: by Alipay's word where it gives one, by a code to the phone everywhere. */
export default function PhoneScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('phone.title')} testId='screen-phone'>
      {() => <PhoneContent />}
    </PrivateScreen>
  )
}

function PhoneContent() {
  const { t } = useSettings()
  const byCode = useRouter().params.by === 'code'
  const [taken, setTaken] = useState<Me>()
  const [closed, setClosed] = useState<Closed>()
  const known = useMe().answer
  const done = (me: Me) => {
    forgetAnswers()
    setTaken(me)
  }
  if (taken) {
    return (
      <>
        <Note tone='good' icon='check' live testId='phone-taken'>
          <Box as='strong'>{t('phone.done')}</Box>
          <Box as='p' className='number'>{taken.phone_masked}</Box>
        </Note>
        <Button onTap={() => open('me')} testId='phone-me'>{t('me.title')}</Button>
      </>
    )
  }
  if (closed) {
    const act = async () => done(await tell(closed))
    return <FormerPhone now={known?.phone_masked} act={act} back={() => setClosed(undefined)} />
  }
  return (
    <>
      <Card>
        <Box as='p' className='soft'>{t('phone.why')}</Box>
        {known?.phone_masked && <Row name={t('phone.now')}>{known.phone_masked}</Row>}
      </Card>
      {tellsPhone && !byCode && <WalletPhone done={done} guarded={setClosed} />}
      <TypedPhone now={known?.phone_masked} done={done} />
    </>
  )
}

/** What the wallet told. The number comes closed: this program cannot read it. */
type Closed = Record<string, unknown>

function tell({ response, sign, sign_type, encrypt_type, charset }: Closed): Promise<Me> {
  return call<Me>('POST', '/me/phone', { body: { response, sign, sign_type, encrypt_type, charset } })
}

/** The wallet's own phone; `guarded` when the account has another one, which is to be asked first. */
function WalletPhone({ done, guarded }: { done: (me: Me) => void; guarded: (told: Closed) => void }) {
  const { t } = useSettings()
  const take = useChange(async () => {
    const told = await walletPhone()
    if (!told) throw new Problem('PHONE_NOT_TOLD', 422)
    try {
      return await tell(told)
    } catch (thrown) {
      if (asProblem(thrown).code === 'STEP_UP_REQUIRED') guarded(told)
      throw thrown
    }
  }, done)
  return (
    <>
      <PhoneTap className='button button-main' onLeave={take.run} disabled={take.busy} testId='wallet-phone'>{t('phone.wallet')}</PhoneTap>
      {take.problem && <ProblemNote problem={take.problem} retry={take.run} />}
    </>
  )
}

/** The phone of the account is asked before another one takes its place; without `phone` the wallet's own does. */
function FormerPhone({ now, phone, act, back }: { now?: string | null; phone?: string; act: () => Promise<void>; back: () => void }) {
  const { t } = useSettings()
  return (
    <Card>
      <Box as='h2' className='section-title'>{t('phone.former')}</Box>
      <Box as='p' className='soft'>{t('phone.former.why', { phone: now ?? '' })}</Box>
      <StepUpForm purpose='change_phone' about={phone ? { phone } : undefined} act={act} word={t('phone.submit')} />
      <Button kind='quiet' onTap={() => open('certify', { for: 'phone' })} testId='phone-lost'>{t('phone.lost')}</Button>
      <Button kind='plain' onTap={back} testId='phone-again'>{t('app.cancel')}</Button>
    </Card>
  )
}

/** A phone that the account has is given up only by a code to it; the code to the new one stays good meanwhile. */
function TypedPhone({ now, done }: { now?: string | null; done: (me: Me) => void }) {
  const { t } = useSettings()
  const [typed, setTyped] = useState('')
  const [code, setCode] = useState('')
  const [tried, setTried] = useState(false)
  const phone = phoneIn(typed)
  const otp = plainDigits(code)
  const [again, setAgain] = useState(false)
  const change = () => call<Me>('PATCH', '/me', { body: { phone, otp } })
  const verify = useChange(change, done)
  const right = phone !== undefined
  function send() {
    setTried(true)
    setAgain(false)
    if (right && OTP.test(otp)) verify.run()
  }
  if (verify.problem?.code === 'STEP_UP_REQUIRED' && !again) {
    const act = async () => {
      done(await change())
    }
    return <FormerPhone now={now} phone={phone} act={act} back={() => setAgain(true)} />
  }
  return (
    <>
      <Card>
        <Box as='h2' className='section-title'>{t('phone.by_code')}</Box>
        <Field label={t('phone.number')} kind='digits' value={typed} onType={setTyped} maxLength={20} invalid={tried && !right} testId='phone-number' />
        {tried && !right && <Box as='p' className='field-wrong' role='alert'>{t('phone.number.wrong')}</Box>}
        <SendCode body={{ purpose: 'verify_phone', phone: phone ?? '' }} ready={right} sent='phone.sent' />
        <Field label={t('manual.otp')} kind='code' value={code} onType={setCode} maxLength={6} invalid={tried && !OTP.test(otp)} testId='phone-code' />
        {tried && !OTP.test(otp) && <Box as='p' className='field-wrong' role='alert'>{t('manual.otp.wrong')}</Box>}
      </Card>
      {verify.problem && <ProblemNote problem={verify.problem} retry={send} />}
      <Button onTap={send} disabled={verify.busy} testId='phone-submit'>{t('phone.submit')}</Button>
    </>
  )
}
