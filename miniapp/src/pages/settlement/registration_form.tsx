/** What was given at the grid connection: typed at registration, and again to wake an account. */
import { useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import { fitsRegistration, type Registration } from '../../settlement/accounts'
import { useSettings } from '../../state/settings'
import { Box, Field } from '../../ui/blocks'
import { Button, ProblemNote } from '../../ui/parts'
import { plainDigits } from '../bindings/typed'

export function RegistrationForm({ word, submit }: { word: string; submit: (typed: Registration) => Promise<void> }) {
  const { t } = useSettings()
  const [typed, setTyped] = useState({ generation_no: '', grid_user_no: '', address: '' })
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const registration = { generation_no: plainDigits(typed.generation_no), grid_user_no: plainDigits(typed.grid_user_no), address: typed.address.trim() }
  const wrong = tried && !fitsRegistration(registration)
  async function send() {
    setTried(true)
    if (!fitsRegistration(registration)) return
    setBusy(true)
    setProblem(undefined)
    try {
      await submit(registration)
    } catch (thrown) {
      setProblem(asProblem(thrown))
    } finally {
      setBusy(false)
    }
  }
  const field = (name: keyof Registration, kind: 'digits' | 'text', maxLength: number) => (
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
      {field('grid_user_no', 'digits', 20)}
      {field('address', 'text', 200)}
      {wrong && <Box as='p' className='field-wrong' role='alert'>{t('solar.typed.wrong')}</Box>}
      {problem && <ProblemNote problem={problem} retry={() => void send()} />}
      <Button onTap={() => void send()} disabled={busy} testId='solar-submit'>{word}</Button>
    </>
  )
}
