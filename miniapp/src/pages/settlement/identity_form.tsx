/** Who I am and where I am paid: encrypted on this device, so that only the key vault opens it. */
import { useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import { OTP, plainDigits, plainId } from '../../api/typed'
import { fitsIdentity, showIdentity } from '../../settlement/accounts'
import type { Identity } from '../../settlement/jwe'
import { useSettings } from '../../state/settings'
import { Box, Field } from '../../ui/blocks'
import { Button, ProblemNote } from '../../ui/parts'

const EMPTY: Identity = { name: '', id_no: '', bank_card_no: '' }

/** `code` comes along when another payee is shown; while it is not whole nothing is sent. */
export function IdentityForm({ id, done, code }: { id: string; done: () => void; code?: string }) {
  const { t } = useSettings()
  const [typed, setTyped] = useState(EMPTY)
  const [tried, setTried] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const identity = { name: typed.name.trim(), id_no: plainId(typed.id_no), bank_card_no: plainDigits(typed.bank_card_no) }
  const wrong = tried && !fitsIdentity(identity)
  async function send() {
    setTried(true)
    if (!fitsIdentity(identity) || (code !== undefined && !OTP.test(code))) return
    setBusy(true)
    setProblem(undefined)
    try {
      await showIdentity(id, identity, code)
      setTyped(EMPTY)
      done()
    } catch (thrown) {
      setProblem(asProblem(thrown))
    } finally {
      setBusy(false)
    }
  }
  const field = (name: keyof Identity, maxLength: number) => (
    <Field
      label={t(`solar.typed.${name}`)}
      kind={name === 'bank_card_no' ? 'digits' : 'text'}
      value={typed[name]}
      onType={(value) => setTyped({ ...typed, [name]: value })}
      maxLength={maxLength}
      invalid={wrong}
      testId={`solar-${name}`}
    />
  )
  return (
    <>
      {field('name', 64)}
      {field('id_no', 24)}
      {field('bank_card_no', 40)}
      {wrong && <Box as='p' className='field-wrong' role='alert'>{t('solar.typed.wrong')}</Box>}
      {tried && code !== undefined && !OTP.test(code) && <Box as='p' className='field-wrong' role='alert'>{t('manual.otp.wrong')}</Box>}
      {problem && <ProblemNote problem={problem} retry={() => void send()} />}
      <Button onTap={() => void send()} disabled={busy} testId='solar-show'>{t('solar.identity.do')}</Button>
    </>
  )
}
