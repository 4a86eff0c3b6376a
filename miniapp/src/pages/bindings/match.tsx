import { useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import type { Candidate, Consent, Match, Proof } from '../../api/types'
import { useHomes } from '../../state/homes'
import { call, completeFiles, linkHomes } from '../../state/signed_in'
import { useConsents } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { Box } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { open, startAt } from '../../ui/navigation'
import { Button, Card, Chip, Note, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { WaysOn } from '../../ui/ways_on'
import { ArchiveTick, NoticesTick } from './notices_tick'
import { ProofForm } from './proof_form'

/** From the certified real name to linked homes: consent, candidates, one tap. */
export default function MatchScreen() {
  const { t } = useSettings()
  const first = useHomes().all?.length === 0
  return (
    <PrivateScreen title={t('match.title')} testId='screen-match' tab={first ? 'home' : undefined}>
      {() => (
        <>
          <MatchContent />
          <WaysOn />
        </>
      )}
    </PrivateScreen>
  )
}

function MatchContent() {
  const consents = useConsents()
  const [match, setMatch] = useState<Match>()
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const consent = consents.answer?.items.find((item) => item.purpose === 'identity_match')

  async function run(wanted: Consent) {
    setBusy(true)
    setProblem(undefined)
    try {
      if (!wanted.given_at) await call('POST', '/me/consents', { body: { purpose: wanted.purpose, version: wanted.version } })
      setMatch(await call<Match>('POST', '/binding-matches', { body: {} }))
    } catch (thrown) {
      setProblem(asProblem(thrown))
    } finally {
      setBusy(false)
    }
  }

  if (match) return <MatchResult match={match} />
  if (!consent) return consents.problem ? <ProblemNote problem={consents.problem} retry={consents.reload} /> : <Skeleton lines={5} />
  return <ConsentCard consent={consent} busy={busy} problem={problem} agree={() => void run(consent)} />
}

function ConsentCard(props: { consent: Consent; busy: boolean; problem: Problem | undefined; agree: () => void }) {
  const { t } = useSettings()
  const { consent, busy, problem, agree } = props
  return (
    <>
      <Card className='consent' testId='consent'>
        <Box className='card-mark' decoration><Icon name='shield' /></Box>
        <Box as='h2' className='card-title'>{t('match.consent.headline')}</Box>
        <Box as='p' className='consent-text'>{consent.text}</Box>
        <Box as='p' className='small-print'>{t('match.consent.version', { version: consent.version })}</Box>
      </Card>
      {problem && <ProblemNote problem={problem} retry={agree} />}
      <Button onTap={agree} disabled={busy} testId='agree'>{t(busy ? 'match.searching' : 'match.consent.agree')}</Button>
      <Button kind='plain' onTap={() => open('manual')} testId='match-manual'>{t('match.consent.manual')}</Button>
    </>
  )
}

function MatchResult({ match }: { match: Match }) {
  const { t } = useSettings()
  if (match.level === 'none' || match.candidates.length === 0) {
    return (
      <>
        <Card testId='match-none'>
          <Box as='h2' className='card-title'>{t('match.none.headline')}</Box>
          <Box as='p' className='soft'>{t('match.none.body')}</Box>
        </Card>
        <Button onTap={() => open('manual')} testId='match-manual'>{t('match.manual')}</Button>
      </>
    )
  }
  return <Candidates match={match} />
}

function Candidates({ match }: { match: Match }) {
  const { t } = useSettings()
  const { busy, problem, link } = useLink(match.candidates)
  const n = match.candidates.length
  const one = n === 1
  const holds = match.candidates.some((candidate) => candidate.role === 'holder')
  return (
    <>
      <Box as='h2' className='lead' testId='match-found'>{one ? t('match.found.one') : t('match.found', { n })}</Box>
      <Box as='p' className='soft'>{t('match.check')}</Box>
      <Box as='ul' className='stack'>
        {match.candidates.map((candidate) => (
          <Box as='li' key={candidate.match_token}><CandidateCard candidate={candidate} /></Box>
        ))}
      </Box>
      {problem && match.level === 'full' && <ProblemNote problem={problem} retry={() => link()} />}
      {match.level === 'full' ? (
        <>
          {holds && <ArchiveTick />}
          <NoticesTick />
          <Button onTap={() => link()} disabled={busy} testId='confirm-match'>{one ? t('match.confirm.one') : t('match.confirm', { n })}</Button>
        </>
      ) : (
        <>
          <Note tone='info' icon='shield'>
            <Box as='strong'>{t('match.id_only')}</Box>
            <Box as='p'>{t('match.id_only.why')}</Box>
          </Note>
          {holds && <ArchiveTick />}
          <ProofForm home={{ match_token: match.candidates[0].match_token }} first='archived_sms' busy={busy} problem={problem} submit={(proof) => link(proof)} />
        </>
      )}
      <Button kind='plain' onTap={() => open('manual')} testId='match-manual'>{t('match.manual')}</Button>
    </>
  )
}

function useLink(candidates: Candidate[]) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  async function run(proof?: Proof) {
    setBusy(true)
    setProblem(undefined)
    try {
      await completeFiles(await linkHomes({ match_tokens: candidates.map((candidate) => candidate.match_token), proof }))
      startAt('home')
    } catch (thrown) {
      setProblem(asProblem(thrown))
      setBusy(false)
    }
  }
  return { busy, problem, link: (proof?: Proof) => void run(proof) }
}

function CandidateCard({ candidate }: { candidate: Candidate }) {
  const { t } = useSettings()
  return (
    <Card className='candidate' testId='candidate'>
      <Box className='candidate-mark' decoration><Icon name='home' /></Box>
      <Box className='candidate-text'>
        <Box as='h3' className='candidate-name'>{candidate.holder_masked}</Box>
        <Box as='p'>{candidate.address_masked}</Box>
        <Box as='p' className='soft number'>{candidate.consumer_no_masked}</Box>
      </Box>
      <Chip tone='info' icon='person'>{t(`role.${candidate.role}`)}</Chip>
    </Card>
  )
}
