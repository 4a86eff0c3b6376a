import { useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import { CONSUMER_NO, plainDigits } from '../../api/typed'
import type { Proof } from '../../api/types'
import { linkHomes } from '../../state/signed_in'
import { useSettings } from '../../state/settings'
import { Box, Field } from '../../ui/blocks'
import { startAt } from '../../ui/navigation'
import { Card } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { WaysOn } from '../../ui/ways_on'
import { ProofForm } from './proof_form'

/** Linking by number and one proof. Every refusal reads the same: nobody learns which numbers exist. */
export default function ManualScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('manual.title')} testId='screen-manual'>
      {() => (
        <>
          <ManualForm />
          <WaysOn />
        </>
      )}
    </PrivateScreen>
  )
}

function ManualForm() {
  const { t } = useSettings()
  const [typed, setTyped] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const [tried, setTried] = useState(false)
  const consumerNo = plainDigits(typed)
  const wrong = (tried || consumerNo.length > 13) && !CONSUMER_NO.test(consumerNo)

  async function link(proof: Proof) {
    setBusy(true)
    setProblem(undefined)
    try {
      await linkHomes({ consumer_no: consumerNo, proof })
      startAt('home')
    } catch (thrown) {
      setProblem(asProblem(thrown))
      setBusy(false)
    }
  }
  return (
    <>
      <Card>
        <Field label={t('manual.number')} kind='digits' value={typed} onType={setTyped} maxLength={20} invalid={wrong} testId='consumer-no' />
        <Box as='p' className={wrong ? 'field-wrong' : 'small-print'} role={wrong ? 'alert' : undefined}>
          {t(wrong ? 'manual.number.wrong' : 'manual.number.where')}
        </Box>
      </Card>
      <ProofForm home={{ consumer_no: consumerNo }} first='id_last6' busy={busy} problem={problem} submit={(proof) => void link(proof)} onTry={() => setTried(true)} />
    </>
  )
}
