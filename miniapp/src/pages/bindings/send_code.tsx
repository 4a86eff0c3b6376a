/** Asks for a one-time code and counts down to the next one. */
import type { OtpSent } from '../../api/types'
import { useCode } from '../../state/code'
import { call } from '../../state/signed_in'
import { useSettings } from '../../state/settings'
import { Button, Note, ProblemNote } from '../../ui/parts'
import type { WordKey } from '../../words'

/** What a code is asked for: a home by its number or by a match, one's own phone, a password of one's own or of a generation account. */
export type CodeBody =
  | { purpose: 'bind'; consumer_no: string } | { purpose: 'bind'; match_token: string } | { purpose: 'verify_phone'; phone: string }
  | { purpose: 'set_password' } | { purpose: 'set_generation_password'; generation_account_id: string }

interface CodeButtonProps {
  ask: () => Promise<OtpSent>
  ready?: boolean
  /** Says that a code is on its way. */
  sent?: WordKey
  testId: string
}

export function CodeButton({ ask, ready = true, sent: words, testId }: CodeButtonProps) {
  const { t } = useSettings()
  const code = useCode(ask)
  return (
    <>
      <Button kind='quiet' onTap={code.ask} disabled={code.busy || code.waitS > 0 || !ready} testId={testId}>
        {code.waitS > 0 ? t('manual.otp.again', { n: code.waitS }) : t('manual.otp.send')}
      </Button>
      {words && code.sent && <Note tone='info' live>{t(words)}</Note>}
      {code.problem && <ProblemNote problem={code.problem} retry={code.ask} />}
    </>
  )
}

/** `sent` says that a code is on its way: for a home, only to a phone that may be on file. */
export function SendCode({ body, ready, sent = 'manual.otp.sent' }: { body: CodeBody; ready: boolean; sent?: WordKey }) {
  return <CodeButton ask={() => call<OtpSent>('POST', '/otps', { body })} ready={ready} sent={sent} testId='send-code' />
}
