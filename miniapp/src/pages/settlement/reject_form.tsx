/** What is not right, in the owner's words: for the reviewer. */
import { useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import { answerCheck, REASON_MAX } from '../../settlement/checks'
import { useSettings } from '../../state/settings'
import { Field } from '../../ui/blocks'
import { Button, ProblemNote } from '../../ui/parts'

export function RejectForm({ id, done, cancel }: { id: string; done: () => void; cancel: () => void }) {
  const { t } = useSettings()
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  async function send() {
    setBusy(true)
    setProblem(undefined)
    try {
      await answerCheck(id, 'reject', reason.trim() || undefined)
      done()
    } catch (thrown) {
      setProblem(asProblem(thrown))
      setBusy(false)
    }
  }
  return (
    <>
      <Field label={t('check.reject.what')} kind='text' value={reason} onType={setReason} maxLength={REASON_MAX} testId='check-reason-typed' />
      {problem && <ProblemNote problem={problem} retry={() => void send()} />}
      <Button onTap={() => void send()} disabled={busy} testId='check-reject-send'>{t('check.reject.send')}</Button>
      <Button kind='plain' onTap={cancel} disabled={busy} testId='check-reject-cancel'>{t('app.cancel')}</Button>
    </>
  )
}
