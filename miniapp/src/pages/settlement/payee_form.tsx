/** Paid at another account from now on: a code to my phone, and who I am once more. Nothing is paid for three days. */
import { useState } from 'react'
import { encryptsIdentities } from '../../api/platform'
import { plainDigits } from '../../api/typed'
import { askPayeeCode } from '../../settlement/accounts'
import { useSettings } from '../../state/settings'
import { Box, Field } from '../../ui/blocks'
import { Button, Note } from '../../ui/parts'
import { CodeButton } from '../bindings/send_code'
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
  const [code, setCode] = useState('')
  return (
    <>
      <CodeButton ask={() => askPayeeCode(id)} testId='send-code-payee' />
      <Field label={t('manual.otp')} kind='code' value={code} onType={setCode} maxLength={6} testId='code-payee' />
      <IdentityForm id={id} done={done} code={plainDigits(code)} />
    </>
  )
}
