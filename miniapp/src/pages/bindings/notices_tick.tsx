/**
 * Messages by SMS, and completing the utility's file, offered where a home is linked: each a choice of its own, off until it is made, and
 * linking never waits for it.
 */
import { useRef } from 'react'
import type { Consent, ConsentPurpose } from '../../api/types'
import { useConsents } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { Box, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { Card, ProblemNote } from '../../ui/parts'
import type { WordKey } from '../../words'
import { useConsentChange } from './consent'

export const NoticesTick = () => <Offer purpose='notices' name='match.notices' testId='notices-tick' />

/** What is agreed here is offered to the file together with the links: `completeFiles`. */
export const ArchiveTick = () => <Offer purpose='archive_update' name='match.archive' testId='archive-tick' />

/** Nothing for somebody who had agreed before this screen was opened. */
function Offer({ purpose, name, testId }: { purpose: ConsentPurpose; name: WordKey; testId: string }) {
  const { t } = useSettings()
  const { answer, reload } = useConsents()
  const consent = answer?.items.find((item) => item.purpose === purpose)
  const before = useRef<boolean>()
  if (consent) before.current ??= Boolean(consent.given_at)
  if (!consent || before.current) return null
  return <ConsentTick consent={consent} name={t(name)} changed={reload} testId={testId} />
}

/** One consent with its words, given and taken back by a tick. */
export function ConsentTick({ consent, name, changed, testId }: { consent: Consent; name: string; changed: () => void; testId: string }) {
  const given = Boolean(consent.given_at)
  const { busy, problem, run } = useConsentChange(consent, changed)
  return (
    <Card className='offer' label={name}>
      <Tap className='tick' checked={given} disabled={busy} onTap={run} testId={testId}>
        <Box as='span' className={`tick-box${given ? ' tick-on' : ''}`} decoration>{given && <Icon name='check' />}</Box>
        <Box as='strong' className='choice-text'>{name}</Box>
      </Tap>
      <Box as='p' className='small-print'>{consent.text}</Box>
      {problem && <ProblemNote problem={problem} retry={run} />}
    </Card>
  )
}
