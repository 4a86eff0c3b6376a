import { useState } from 'react'
import { openDocument } from '../../api/platform'
import type { DocumentLink, Erasure } from '../../api/types'
import { useErasure } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { momentText } from '../../time/shanghai'
import { Box, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { open } from '../../ui/navigation'
import { Button, Card, Note, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { useChange } from '../bindings/change'
import { StepUpForm } from './step_up_form'

/** What is known of me: what I agreed to, all of it as a file, and having it erased. */
export default function PrivacyScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('privacy.title')} testId='screen-privacy'>
      {() => (
        <>
          <Card label={t('me.consents')}>
            <Box as='p' className='soft'>{t('privacy.consents')}</Box>
            <Tap className='card-link' onTap={() => open('me')} testId='open-consents'>
              <Box as='span'>{t('me.consents')}</Box>
              <Icon name='next' />
            </Tap>
          </Card>
          <ExportCard />
          <ErasureCard />
        </>
      )}
    </PrivateScreen>
  )
}

function ExportCard() {
  const { t } = useSettings()
  const [asked, setAsked] = useState(false)
  const [done, setDone] = useState<'opened' | 'copied'>()
  async function exported() {
    const link = await call<DocumentLink>('POST', '/me/export/document-links')
    setDone(await openDocument(link.url))
    setAsked(false)
  }
  return (
    <Card label={t('privacy.export')} testId='export'>
      <Box as='h2' className='section-title'>{t('privacy.export')}</Box>
      <Box as='p' className='soft'>{t('privacy.export.what')}</Box>
      {done && <Note tone='good' icon='check' live testId='export-done'>{t(`privacy.export.${done}`)}</Note>}
      {!asked && !done && <Button kind='quiet' onTap={() => setAsked(true)} testId='ask-export'>{t('privacy.export.ask')}</Button>}
      {asked && <StepUpForm purpose='export' act={exported} word={t('privacy.export.do')} />}
    </Card>
  )
}

function ErasureCard() {
  const { t } = useSettings()
  const { answer, problem, reload } = useErasure()
  const [asked, setAsked] = useState(false)
  async function erase() {
    await call<Erasure>('DELETE', '/me')
    setAsked(false)
    reload()
  }
  return (
    <Card label={t('privacy.erase')} testId='erase'>
      <Box as='h2' className='section-title'>{t('privacy.erase')}</Box>
      {!answer && (problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={2} />)}
      {answer?.state === 'cooling' && <Cooling wish={answer} reload={reload} />}
      {answer?.state === 'none' && (
        <>
          <Box as='p' className='soft'>{t('privacy.erase.what')}</Box>
          {asked
            ? <StepUpForm purpose='erase' act={erase} word={t('privacy.erase.do')} />
            : <Button kind='plain' onTap={() => setAsked(true)} testId='ask-erase'>{t('privacy.erase.ask')}</Button>}
        </>
      )}
    </Card>
  )
}

function Cooling({ wish, reload }: { wish: Erasure; reload: () => void }) {
  const { t, language } = useSettings()
  const { busy, problem, run } = useChange(() => call<unknown>('DELETE', '/me/erasure'), reload)
  const dueAt = wish.due_at ?? ''
  // On its day it is put off from day to day while money or a cooperation is open.
  const waits = Date.parse(dueAt) <= Date.now()
  return (
    <>
      <Note tone='due' icon='info' testId={waits ? 'erasure-waits' : 'cooling'}>
        {waits ? t('privacy.erase.waits') : t('privacy.erase.cooling', { time: momentText(dueAt, language, Date.now()) })}
      </Note>
      {problem && <ProblemNote problem={problem} retry={run} />}
      <Button onTap={run} disabled={busy} testId='take-back'>{t('privacy.erase.take_back')}</Button>
    </>
  )
}
