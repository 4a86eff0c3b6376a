/** Paid at another account from now on: a code to my phone, and who I am once more. Nothing is paid for three days. */
import { useEffect, useState } from 'react'
import { encryptsIdentities } from '../../api/platform'
import { asProblem, type Problem } from '../../api/problem'
import { askPayeeCode } from '../../settlement/accounts'
import { useSettings } from '../../state/settings'
import { Box, Field } from '../../ui/blocks'
import { Button, Note, ProblemNote } from '../../ui/parts'
import { IdentityForm } from './identity_form'
import { InBrowser } from './in_browser'

export function PayeeForm({ id, done }: { id: string; done: () => void }) {
  const { t } = useSettings()
  const [open, setOpen] = useState(false)
  const [changed, setChanged] = useState(false)
  function finish() {
    setOpen(false)
    setChanged(true)
    done()
  }
  return (
    <>
      {changed && <Note live testId='payee-changed'>{t('solar.payee.changed')}</Note>}
      {!open && <Button kind='plain' onTap={() => setOpen(true)} testId='payee-change'>{t('solar.payee.change')}</Button>}
      {open && <Box as='p' className='soft'>{t('solar.payee.change.what')}</Box>}
      {open && (encryptsIdentities ? <Coded id={id} done={finish} /> : <InBrowser />)}
    </>
  )
}

function Coded({ id, done }: { id: string; done: () => void }) {
  const { t } = useSettings()
  const [waitS, setWaitS] = useState(0)
  const [code, setCode] = useState('')
  const [problem, setProblem] = useState<Problem>()
  useEffect(() => {
    if (waitS <= 0) return undefined
    const timer = setTimeout(() => setWaitS(waitS - 1), 1000)
    return () => clearTimeout(timer)
  }, [waitS])
  async function send() {
    setProblem(undefined)
    try {
      const reply = await askPayeeCode(id)
      setWaitS(reply.resend_after)
    } catch (thrown) {
      const refused = asProblem(thrown)
      setProblem(refused)
      setWaitS(refused.retryAfterS ?? 0)
    }
  }
  return (
    <>
      <Button kind='quiet' onTap={() => void send()} disabled={waitS > 0} testId='send-code-payee'>
        {waitS > 0 ? t('manual.otp.again', { n: waitS }) : t('manual.otp.send')}
      </Button>
      <Field label={t('manual.otp')} kind='code' value={code} onType={setCode} maxLength={6} testId='code-payee' />
      {problem && <ProblemNote problem={problem} retry={() => void send()} />}
      <IdentityForm id={id} done={done} code={code.trim()} />
    </>
  )
}
