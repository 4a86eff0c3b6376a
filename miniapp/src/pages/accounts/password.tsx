import { useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import { takeReturn } from '../../api/platform'
import { OTP, plainDigits } from '../../api/typed'
import { useSettings } from '../../state/settings'
import { session } from '../../state/signed_in'
import { Box, Field, Tap } from '../../ui/blocks'
import { startAt, startAtUrl } from '../../ui/navigation'
import { Button, Card, Note, ProblemNote } from '../../ui/parts'
import { Screen } from '../../ui/screen'

const DOORS = ['password', 'generation_password'] as const
type Door = (typeof DOORS)[number]

/** Signing in by name and password: a household, or the owner of a generation account. A code follows the password, whatever was typed. */
export default function PasswordSignIn() {
  const { t } = useSettings()
  const [door, setDoor] = useState<Door>('password')
  return (
    <Screen title={t('password.title')} testId='screen-password'>
      <Box className='amounts' role='group' label={t('password.door')}>
        {DOORS.map((each) => (
          <Tap key={each} className={`amount-choice${door === each ? ' amount-chosen' : ''}`} onTap={() => setDoor(each)} pressed={door === each} testId={`door-${each}`}>{t(`password.door.${each}`)}</Tap>
        ))}
      </Box>
      <PasswordForm key={door} door={door} />
      <Button kind='plain' onTap={() => startAt('signIn')} testId='password-alipay'>{t('password.alipay')}</Button>
    </Screen>
  )
}

function PasswordForm({ door }: { door: Door }) {
  const { t } = useSettings()
  const [login, setLogin] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [asked, setAsked] = useState(false)
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const otp = plainDigits(code)
  const named = login.trim() !== '' && password !== ''

  async function enter(withCode: boolean) {
    setTried(true)
    if (!named || (withCode && !OTP.test(otp))) return
    setBusy(true)
    setProblem(undefined)
    try {
      const came = await session.byPassword({ grant: door, login: login.trim(), password, ...(withCode && { otp }) })
      if (came === 'signed_in') startAtUrl(takeReturn() ?? (door === 'password' ? '/pages/home/index' : '/pages/settlement/index'))
      else setAsked(true)
      setTried(false)
    } catch (thrown) {
      setProblem(asProblem(thrown))
    } finally {
      setBusy(false)
    }
  }
  return (
    <Card label={t(`password.door.${door}`)} testId='password-form'>
      <Field label={t('password.login')} kind='text' value={login} onType={setLogin} maxLength={32} invalid={tried && login.trim() === ''} testId='password-login' />
      <Field label={t('password.password')} kind='password' value={password} onType={setPassword} maxLength={256} invalid={tried && password === ''} testId='password-password' />
      {tried && !named && <Box as='p' className='field-wrong' role='alert'>{t('password.wrong')}</Box>}
      <Button kind={asked ? 'quiet' : 'main'} onTap={() => void enter(false)} disabled={busy} testId='password-ask'>{t('manual.otp.send')}</Button>
      {asked && (
        <>
          <Note tone='info' live testId='password-asked'>{t('password.asked')}</Note>
          <Field label={t('manual.otp')} kind='code' value={code} onType={setCode} maxLength={6} invalid={tried && !OTP.test(otp)} testId='password-code' />
          <Button onTap={() => void enter(true)} disabled={busy} testId='password-enter'>{t('password.enter')}</Button>
        </>
      )}
      {problem && <ProblemNote problem={problem} retry={() => void enter(asked)} />}
    </Card>
  )
}
