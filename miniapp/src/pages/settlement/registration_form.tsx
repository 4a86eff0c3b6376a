/** What was given at the grid connection: typed at registration, and again to wake an account. */
import { useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import { fitsChosen, plainDigits, type Chosen } from '../../api/typed'
import { fitsRegistration, type Registration } from '../../settlement/accounts'
import { useSettings } from '../../state/settings'
import { Box, Field } from '../../ui/blocks'
import { Button, ProblemNote } from '../../ui/parts'
import { PlaceChoice, useOwnHomes } from './place_choice'

/** `named` asks for the account's user name and password too (PV-04): a registration brings both. */
export function RegistrationForm({ word, named, submit }: { word: string; named?: boolean; submit: (typed: Registration & Partial<Chosen>) => Promise<void> }) {
  const { t } = useSettings()
  const [typed, setTyped] = useState({ generation_no: '', grid_user_no: '', address: '' })
  const homes = useOwnHomes()
  const [home, setHome] = useState<string>()
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const place = home === undefined ? { grid_user_no: plainDigits(typed.grid_user_no) } : { binding_id: home }
  const registration: Registration = { generation_no: plainDigits(typed.generation_no), ...place, address: typed.address.trim() }
  const [login, setLogin] = useState('')
  const [password, setPassword] = useState('')
  const chosen = named ? { login: login.trim(), password } : undefined
  const fits = fitsRegistration(registration)
  const fitsName = !chosen || fitsChosen(chosen)
  const wrong = tried && !fits
  async function send() {
    setTried(true)
    if (!fits || !fitsName) return
    setBusy(true)
    setProblem(undefined)
    try {
      await submit({ ...registration, ...chosen })
    } catch (thrown) {
      setProblem(asProblem(thrown))
    } finally {
      setBusy(false)
    }
  }
  const field = (name: keyof typeof typed, kind: 'digits' | 'text', maxLength: number) => (
    <Field
      label={t(`solar.typed.${name}`)}
      kind={kind}
      value={typed[name]}
      onType={(value) => setTyped({ ...typed, [name]: value })}
      maxLength={maxLength}
      invalid={wrong}
      testId={`solar-${name}`}
    />
  )
  return (
    <>
      {field('generation_no', 'digits', 20)}
      <PlaceChoice homes={homes} chosen={home} choose={setHome} />
      {home === undefined && field('grid_user_no', 'digits', 20)}
      {field('address', 'text', 200)}
      {wrong && <Box as='p' className='field-wrong' role='alert'>{t('solar.typed.wrong')}</Box>}
      {named && (
        <>
          <Box as='p' className='soft'>{t('solar.password.first')}</Box>
          <Field label={t('password.login')} kind='text' value={login} onType={setLogin} maxLength={32} invalid={tried && !fitsName} testId='solar-login' />
          <Field label={t('password.new')} kind='password' value={password} onType={setPassword} maxLength={256} invalid={tried && !fitsName} testId='solar-password-first' />
          {tried && !fitsName && <Box as='p' className='field-wrong' role='alert'>{t('password.unfit')}</Box>}
        </>
      )}
      {problem && <ProblemNote problem={problem} retry={() => void send()} />}
      <Button onTap={() => void send()} disabled={busy} testId='solar-submit'>{word}</Button>
    </>
  )
}
