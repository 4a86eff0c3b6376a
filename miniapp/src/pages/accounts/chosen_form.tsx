/** User name and password, chosen together and set by a code to the owner's own phone. */
import { useState } from 'react'
import { fitsChosen, OTP, plainDigits, type Chosen } from '../../api/typed'
import { useSettings } from '../../state/settings'
import { Box, Field } from '../../ui/blocks'
import { Button, Note, ProblemNote } from '../../ui/parts'
import { useChange } from '../bindings/change'
import { SendCode, type CodeBody } from '../bindings/send_code'

interface ChosenFormProps {
  /** Whose they are; the marks of the fields begin with it. */
  name: string
  /** What the code is asked for. */
  code: CodeBody
  set: (chosen: Chosen, otp: string) => Promise<void>
  done: () => void
}

export function ChosenForm({ name, code: asked, set, done }: ChosenFormProps) {
  const { t } = useSettings()
  const [login, setLogin] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [tried, setTried] = useState(false)
  const [saved, setSaved] = useState(false)
  const chosen = { login: login.trim(), password }
  const otp = plainDigits(code)
  const right = fitsChosen(chosen)
  const whole = OTP.test(otp)
  const change = useChange(() => set(chosen, otp), () => {
    setSaved(true)
    setPassword('')
    setCode('')
    setTried(false)
    done()
  })
  function send() {
    setTried(true)
    setSaved(false)
    if (right && whole) change.run()
  }
  return (
    <>
      <Field label={t('password.login')} kind='text' value={login} onType={setLogin} maxLength={32} invalid={tried && !right} testId={`${name}-login`} />
      <Field label={t('password.new')} kind='password' value={password} onType={setPassword} maxLength={256} invalid={tried && !right} testId={`${name}-new-password`} />
      {tried && !right && <Box as='p' className='field-wrong' role='alert'>{t('password.unfit')}</Box>}
      <SendCode body={asked} ready={right} sent='phone.sent' />
      <Field label={t('manual.otp')} kind='code' value={code} onType={setCode} maxLength={6} invalid={tried && !whole} testId={`${name}-password-code`} />
      {tried && !whole && <Box as='p' className='field-wrong' role='alert'>{t('manual.otp.wrong')}</Box>}
      {change.problem && <ProblemNote problem={change.problem} retry={send} />}
      {saved && <Note tone='good' icon='check' live testId={`${name}-password-done`}>{t('password.saved')}</Note>}
      <Button kind='quiet' onTap={send} disabled={change.busy} testId={`${name}-password-set`}>{t('app.save')}</Button>
    </>
  )
}
