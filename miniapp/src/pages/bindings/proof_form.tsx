/** One proof that a home is this person's to see: the holder's ID digits, or a code to the phone on file. */
import { useState } from 'react'
import type { Problem } from '../../api/problem'
import { CONSUMER_NO, ID_LAST6, OTP, plainId } from '../../api/typed'
import type { Proof } from '../../api/types'
import { useSettings } from '../../state/settings'
import { Box, Field, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { Button, Card, ProblemNote } from '../../ui/parts'
import { NoticesTick } from './notices_tick'
import { SendCode } from './send_code'

/** Which home a code is asked for: one typed by number, or one that a match offered. */
export type CodeFor = { consumer_no: string } | { match_token: string }

interface ProofFormProps {
  home: CodeFor
  /** The proof that is asked for first. */
  first: Proof['kind']
  busy: boolean
  problem: Problem | undefined
  submit: (proof: Proof) => void
  /** Runs at every try, also at one that is not sent. */
  onTry?: () => void
}

export function ProofForm({ home, first, busy, problem, submit, onTry }: ProofFormProps) {
  const { t } = useSettings()
  const [kind, setKind] = useState(first)
  const [typed, setTyped] = useState('')
  const [wrong, setWrong] = useState(false)
  const value = plainId(typed)
  const right = (kind === 'id_last6' ? ID_LAST6 : OTP).test(value)

  function send() {
    setWrong(!right)
    onTry?.()
    if (right && known(home)) submit(kind === 'id_last6' ? { kind, value } : { kind, otp: value })
  }
  function choose(next: Proof['kind']) {
    setKind(next)
    setTyped('')
    setWrong(false)
  }

  return (
    <>
      <ProofChoice kinds={first === 'id_last6' ? ['id_last6', 'archived_sms'] : ['archived_sms', 'id_last6']} kind={kind} choose={choose} />
      <Card>
        {kind === 'archived_sms' && <SendCode body={{ purpose: 'bind', ...home }} ready={known(home)} />}
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
      <NoticesTick />
      <Button onTap={send} disabled={busy} testId='submit-proof'>{t('manual.submit')}</Button>
    </>
  )
}

/** A typed number is known once it is whole; an offered home always is. */
function known(home: CodeFor): boolean {
  return !('consumer_no' in home) || CONSUMER_NO.test(home.consumer_no)
}

function ProofChoice({ kinds, kind, choose }: { kinds: Proof['kind'][]; kind: Proof['kind']; choose: (kind: Proof['kind']) => void }) {
  const { t } = useSettings()
  return (
    <Box as='section' className='proofs' label={t('manual.proof')}>
      <Box as='h2' className='section-title'>{t('manual.proof')}</Box>
      {kinds.map((each) => (
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
