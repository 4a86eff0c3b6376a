/** One proof that a home is this person's to see: the holder's ID digits, or a code to the phone on file. */
import { useEffect, useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import type { OtpSent, Proof } from '../../api/types'
import { call } from '../../state/signed_in'
import { useSettings } from '../../state/settings'
import { Box, Field, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { Button, Card, Note, ProblemNote } from '../../ui/parts'
import { CONSUMER_NO, ID_LAST6, OTP } from './typed'

interface ProofFormProps {
  /** The number typed so far; absent when the homes are already known and a code is not on offer. */
  consumerNo?: string
  busy: boolean
  problem: Problem | undefined
  submit: (proof: Proof) => void
  /** Runs at every try, also at one that is not sent. */
  onTry?: () => void
}

export function ProofForm({ consumerNo, busy, problem, submit, onTry }: ProofFormProps) {
  const { t } = useSettings()
  const [kind, setKind] = useState<Proof['kind']>('id_last6')
  const [typed, setTyped] = useState('')
  const [wrong, setWrong] = useState(false)
  const value = typed.trim().toUpperCase()
  const right = (kind === 'id_last6' ? ID_LAST6 : OTP).test(value)
  const numberRight = consumerNo === undefined || CONSUMER_NO.test(consumerNo)

  function send() {
    setWrong(!right)
    onTry?.()
    if (right && numberRight) submit(kind === 'id_last6' ? { kind, value } : { kind, otp: value })
  }
  function choose(next: Proof['kind']) {
    setKind(next)
    setTyped('')
    setWrong(false)
  }

  return (
    <>
      {consumerNo !== undefined && <ProofChoice kind={kind} choose={choose} />}
      <Card>
        {kind === 'archived_sms' && consumerNo !== undefined && <SendCode consumerNo={consumerNo} />}
        <Field
          label={t(kind === 'id_last6' ? 'manual.id_last6' : 'manual.otp')}
          kind={kind === 'id_last6' ? 'text' : 'code'}
          value={typed}
          onType={setTyped}
          maxLength={6}
          invalid={wrong && !right}
          testId='proof'
        />
        {wrong && !right && <Box as='p' className='field-wrong' role='alert'>{t(kind === 'id_last6' ? 'manual.id_last6.wrong' : 'manual.otp.wrong')}</Box>}
      </Card>
      {problem && <ProblemNote problem={problem} retry={send} />}
      <Button onTap={send} disabled={busy} testId='submit-proof'>{t('manual.submit')}</Button>
    </>
  )
}

function ProofChoice({ kind, choose }: { kind: Proof['kind']; choose: (kind: Proof['kind']) => void }) {
  const { t } = useSettings()
  return (
    <Box as='section' className='proofs' label={t('manual.proof')}>
      <Box as='h2' className='section-title'>{t('manual.proof')}</Box>
      {(['id_last6', 'archived_sms'] as const).map((each) => (
        <Tap key={each} className={`proof${each === kind ? ' proof-chosen' : ''}`} pressed={each === kind} onTap={() => choose(each)} testId={`proof-${each}`}>
          <Icon name={each === 'id_last6' ? 'person' : 'phone'} />
          <Box className='choice-text'>
            <Box as='strong'>{t(`manual.proof.${each}`)}</Box>
            <Box as='span' className='soft'>{t(`manual.proof.${each}.role`)}</Box>
          </Box>
          {each === kind && <Icon name='check' />}
        </Tap>
      ))}
    </Box>
  )
}

/** Sends the code and counts down to the next one. */
function SendCode({ consumerNo }: { consumerNo: string }) {
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
      const reply = await call<OtpSent>('POST', '/otps', { body: { purpose: 'bind', consumer_no: consumerNo } })
      setSent(true)
      setWaitS(reply.resend_after)
    } catch (thrown) {
      setProblem(asProblem(thrown))
    }
  }
  return (
    <>
      <Button kind='quiet' onTap={() => void send()} disabled={waitS > 0 || !CONSUMER_NO.test(consumerNo)} testId='send-code'>
        {waitS > 0 ? t('manual.otp.again', { n: waitS }) : t('manual.otp.send')}
      </Button>
      {sent && <Note tone='info' live>{t('manual.otp.sent')}</Note>}
      {problem && <ProblemNote problem={problem} retry={() => void send()} />}
    </>
  )
}
