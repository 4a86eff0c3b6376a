/** Asks for a one-time code and counts down to the next one. */
import { useEffect, useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import type { OtpSent } from '../../api/types'
import { call } from '../../state/signed_in'
import { useSettings } from '../../state/settings'
import { Button, Note, ProblemNote } from '../../ui/parts'
import type { WordKey } from '../../words'

/** What a code is asked for: a home by its number or by a match, one's own phone, a password of one's own or of a generation account. */
export type CodeBody =
  | { purpose: 'bind'; consumer_no: string } | { purpose: 'bind'; match_token: string } | { purpose: 'verify_phone'; phone: string }
  | { purpose: 'set_password' } | { purpose: 'set_generation_password'; generation_account_id: string }

/** `sent` says that a code is on its way: for a home, only to a phone that may be on file. */
export function SendCode({ body, ready, sent: words = 'manual.otp.sent' }: { body: CodeBody; ready: boolean; sent?: WordKey }) {
  const { t } = useSettings()
  const [waitS, setWaitS] = useState(0)
  const [sent, setSent] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  useEffect(() => {
    if (waitS <= 0) return undefined
    const timer = setTimeout(() => setWaitS(waitS - 1), 1000)
    return () => clearTimeout(timer)
  }, [waitS])

  async function send() {
    setProblem(undefined)
    try {
      const reply = await call<OtpSent>('POST', '/otps', { body })
      setSent(true)
      setWaitS(reply.resend_after)
    } catch (thrown) {
      const refused = asProblem(thrown)
      setProblem(refused)
      setWaitS(refused.retryAfterS ?? 0)
    }
  }
  return (
    <>
      <Button kind='quiet' onTap={() => void send()} disabled={waitS > 0 || !ready} testId='send-code'>
        {waitS > 0 ? t('manual.otp.again', { n: waitS }) : t('manual.otp.send')}
      </Button>
      {sent && <Note tone='info' live>{t(words)}</Note>}
      {problem && <ProblemNote problem={problem} retry={() => void send()} />}
    </>
  )
}
