/** User name and password of a generation account: set, changed or reset by a code to the owner's own phone. */
import { useState } from 'react'
import type { GenerationAccount } from '../../api/types'
import { fitsChosen, setPassword } from '../../settlement/accounts'
import { useSettings } from '../../state/settings'
import { momentText } from '../../time/shanghai'
import { Box, Field } from '../../ui/blocks'
import { Button, Card, Note, ProblemNote } from '../../ui/parts'
import { useChange } from '../bindings/change'
import { SendCode } from '../bindings/send_code'
import { OTP, plainDigits } from '../bindings/typed'

export function PasswordForm({ account, reload }: { account: GenerationAccount; reload: () => void }) {
  const { t, language } = useSettings()
  const id = account.generation_account_id
  const [login, setLogin] = useState('')
  const [password, setTyped] = useState('')
  const [code, setCode] = useState('')
  const [tried, setTried] = useState(false)
  const [done, setDone] = useState(false)
  const chosen = { login: login.trim(), password }
  const otp = plainDigits(code)
  const right = fitsChosen(chosen)
  const change = useChange(() => setPassword(id, chosen, otp), () => {
    setDone(true)
    setTyped('')
    setCode('')
    setTried(false)
    reload()
  })
  function send() {
    setTried(true)
    setDone(false)
    if (right && OTP.test(otp)) change.run()
  }
  const since = account.password_set_at
  return (
    <Card label={t('solar.password')} testId='solar-password'>
      <Box as='h2' className='section-title'>{t('solar.password')}</Box>
      <Box as='p' className='soft'>{since ? t('solar.password.since', { time: momentText(since, language, Date.now()) }) : t('solar.password.none')}</Box>
      <Field label={t('password.login')} kind='text' value={login} onType={setLogin} maxLength={32} invalid={tried && !right} testId='solar-login' />
      <Field label={t('solar.password.new')} kind='password' value={password} onType={setTyped} maxLength={128} invalid={tried && !right} testId='solar-new-password' />
      {tried && !right && <Box as='p' className='field-wrong' role='alert'>{t('solar.password.wrong')}</Box>}
      <SendCode body={{ purpose: 'set_generation_password', generation_account_id: id }} ready={right} sent='phone.sent' />
      <Field label={t('manual.otp')} kind='code' value={code} onType={setCode} maxLength={6} invalid={tried && !OTP.test(otp)} testId='solar-password-code' />
      {change.problem && <ProblemNote problem={change.problem} retry={send} />}
      {done && <Note tone='good' icon='check' live testId='solar-password-done'>{t('solar.password.done')}</Note>}
      <Button kind='quiet' onTap={send} disabled={change.busy} testId='solar-password-set'>{t('solar.password.set')}</Button>
    </Card>
  )
}
