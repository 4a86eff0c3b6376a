/** Shows by a code to the phone that it is really me, then does the one thing the code was for. */
import { useState } from 'react'
import { OTP, plainDigits } from '../../api/typed'
import type { OtpSent } from '../../api/types'
import { useSettings } from '../../state/settings'
import { call, stepUp } from '../../state/signed_in'
import { Box, Field } from '../../ui/blocks'
import { Button, ProblemNote } from '../../ui/parts'
import { useChange } from '../bindings/change'
import { CodeButton } from '../bindings/send_code'

interface StepUpFormProps {
  purpose: 'export' | 'erase' | 'pay' | 'unlink' | 'change_phone' | 'merge' | 'certify'
  /** What exactly it is for; a code for one sum, home or phone is none for another. */
  about?: { binding_id: string } | { phone: string } | { items: { binding_id: string; amount_fen: number }[] }
  act: () => Promise<void>
  word: string
}

export function StepUpForm({ purpose, about, act, word }: StepUpFormProps) {
  const { t } = useSettings()
  const [typed, setTyped] = useState('')
  const [wrong, setWrong] = useState(false)
  const code = plainDigits(typed)
  const right = OTP.test(code)
  const ask = () => call<OtpSent>('POST', '/otps', { body: { purpose, ...about } })
  const shown = useChange(async () => {
    try {
      await stepUp(code)
      await act()
    } catch (thrown) {
      setTyped('')
      throw thrown
    }
  }, () => undefined)
  function submit() {
    setWrong(!right)
    if (right) shown.run()
  }
  return (
    <>
      <Box as='p' className='soft'>{t('privacy.code')}</Box>
      <CodeButton ask={ask} testId={`send-code-${purpose}`} />
      <Field label={t('manual.otp')} kind='code' value={typed} onType={setTyped} maxLength={6} invalid={wrong && !right} testId={`code-${purpose}`} />
      {wrong && !right && <Box as='p' className='field-wrong' role='alert'>{t('manual.otp.wrong')}</Box>}
      {shown.problem && <ProblemNote problem={shown.problem} retry={submit} />}
      <Button onTap={submit} disabled={shown.busy} testId={`do-${purpose}`}>{word}</Button>
    </>
  )
}
