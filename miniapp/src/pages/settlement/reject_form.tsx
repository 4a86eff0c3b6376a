/** What is not right, in the owner's words: for the reviewer. Once the money has left there is none; staff are told that it is disputed, and only that. */
import { useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import { answerCheck, isDispute, REASON_MAX } from '../../settlement/checks'
import { useSettings } from '../../state/settings'
import { Box, Field } from '../../ui/blocks'
import { Button, ProblemNote } from '../../ui/parts'

interface Props { id: string; left: boolean; done: () => void; disputed: () => void; cancel: () => void }

export function RejectForm({ id, left, done, disputed, cancel }: Props) {
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
      const found = asProblem(thrown)
      setBusy(false)
      if (isDispute(found.code)) disputed()
      else setProblem(found)
    }
  }
  return (
    <>
      {left
        ? <Box as='p' testId='check-dispute-what'>{t('check.dispute.what')}</Box>
        : <Field label={t('check.reject.what')} kind='text' value={reason} onType={setReason} maxLength={REASON_MAX} testId='check-reason-typed' />}
      {problem && <ProblemNote problem={problem} retry={() => void send()} />}
      <Button onTap={() => void send()} disabled={busy} testId='check-reject-send'>{t(left ? 'check.dispute.send' : 'check.reject.send')}</Button>
      <Button kind='plain' onTap={cancel} disabled={busy} testId='check-reject-cancel'>{t('app.cancel')}</Button>
    </>
  )
}
