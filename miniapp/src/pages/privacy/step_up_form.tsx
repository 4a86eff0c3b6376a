/** Shows by a code to the phone that it is really me, then does the one thing the code was for. */
import { useEffect, useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import type { OtpSent } from '../../api/types'
import { useSettings } from '../../state/settings'
import { call, stepUp } from '../../state/signed_in'
import { Box, Field } from '../../ui/blocks'
import { Button, ProblemNote } from '../../ui/parts'
import { OTP } from '../bindings/typed'

interface StepUpFormProps {
  purpose: 'export' | 'erase' | 'pay' | 'unlink' | 'change_phone'
  /** What exactly it is for; a code for one sum, home or phone is none for another. */
  about?: { binding_id: string } | { phone: string } | { items: { binding_id: string; amount_fen: number }[] }
  act: () => Promise<void>
  word: string
}

export function StepUpForm({ purpose, about, act, word }: StepUpFormProps) {
  const { t } = useSettings()
  const [waitS, setWaitS] = useState(0)
  const [typed, setTyped] = useState('')
  const [wrong, setWrong] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const code = typed.trim()
  const right = OTP.test(code)
  useEffect(() => {
    if (waitS <= 0) return undefined
    const timer = setTimeout(() => setWaitS(waitS - 1), 1000)
    return () => clearTimeout(timer)
  }, [waitS])

  async function send() {
    setProblem(undefined)
    try {
      const reply = await call<OtpSent>('POST', '/otps', { body: { purpose, ...about } })
      setWaitS(reply.resend_after)
    } catch (thrown) {
      const refused = asProblem(thrown)
      setProblem(refused)
      setWaitS(refused.retryAfterS ?? 0)
    }
  }
  async function submit() {
    setWrong(!right)
    if (!right) return
    setBusy(true)
    setProblem(undefined)
    try {
      await stepUp(code)
      await act()
    } catch (thrown) {
      setProblem(asProblem(thrown))
      setTyped('')
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <Box as='p' className='soft'>{t('privacy.code')}</Box>
      <Button kind='quiet' onTap={() => void send()} disabled={waitS > 0} testId={`send-code-${purpose}`}>
        {waitS > 0 ? t('manual.otp.again', { n: waitS }) : t('manual.otp.send')}
      </Button>
      <Field label={t('manual.otp')} kind='code' value={typed} onType={setTyped} maxLength={6} invalid={wrong && !right} testId={`code-${purpose}`} />
      {wrong && !right && <Box as='p' className='field-wrong' role='alert'>{t('manual.otp.wrong')}</Box>}
      {problem && <ProblemNote problem={problem} retry={() => void submit()} />}
      <Button onTap={() => void submit()} disabled={busy} testId={`do-${purpose}`}>{word}</Button>
    </>
  )
}
