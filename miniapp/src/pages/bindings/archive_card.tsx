/** Filling gaps of the utility's file with what is certified: what became of the last offer, and a new one. The holder's alone. */
import { useState } from 'react'
import { OTP, phoneIn, plainDigits } from '../../api/typed'
import type { Filling } from '../../api/types'
import { useConsents, useFilling, useMe } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { Box, Field } from '../../ui/blocks'
import { Button, Note, ProblemNote, Row, Skeleton } from '../../ui/parts'
import { useChange } from './change'
import { ConsentTick } from './notices_tick'
import { SendCode } from './send_code'

export function ArchiveCard({ bindingId }: { bindingId: string }) {
  const { t } = useSettings()
  const { answer, problem, reload } = useFilling(bindingId)
  const [asking, setAsking] = useState(false)
  if (!answer) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={2} />
  const done = () => {
    setAsking(false)
    reload()
  }
  return (
    <Box as='section' className='details' label={t('archive.title')}>
      <Box as='h3' className='card-title'>{t('archive.title')}</Box>
      <Results filling={answer} />
      {answer.state === 'asked' && <Button kind='plain' small onTap={reload} testId='archive-look'>{t('archive.look')}</Button>}
      {!asking && answer.state !== 'asked' && <Button kind='quiet' small onTap={() => setAsking(true)} testId='archive-fill'>{t('archive.fill')}</Button>}
      {asking && <FillForm bindingId={bindingId} done={done} />}
    </Box>
  )
}

function Results({ filling }: { filling: Filling }) {
  const { t } = useSettings()
  if (filling.state === 'none') return <Box as='p' className='soft' testId='archive-none'>{t('archive.none')}</Box>
  if (filling.state === 'dropped') return <Note tone='info' testId='archive-dropped'>{t('archive.dropped')}</Note>
  return (
    <Box testId={`archive-${filling.state}`}>
      {filling.fields.map((field) => (
        <Row key={field.name} name={t(`archive.${field.name}`)} testId={`archive-${field.name}`}>{t(`archive.result.${field.result ?? 'asked'}`)}</Row>
      ))}
    </Box>
  )
}

/** Agreeing comes first; the phone goes along only when its code is typed. */
function FillForm({ bindingId, done }: { bindingId: string; done: () => void }) {
  const { t } = useSettings()
  const consents = useConsents()
  const me = useMe()
  const [phone, setPhone] = useState('')
  const [code, setCode] = useState('')
  const [tried, setTried] = useState(false)
  const consent = consents.answer?.items.find((item) => item.purpose === 'archive_update')
  const otp = plainDigits(code)
  const number = phoneIn(phone)
  const right = otp === '' || OTP.test(otp)
  const offer = useChange(
    () => call<Filling>('POST', `/bindings/${encodeURIComponent(bindingId)}/archive-filling`, { body: otp === '' ? {} : { otp } }),
    done,
  )
  if (!consent) return consents.problem ? <ProblemNote problem={consents.problem} retry={consents.reload} /> : <Skeleton lines={3} />
  function send() {
    setTried(true)
    if (right) offer.run()
  }
  return (
    <>
      <ConsentTick consent={consent} name={t('me.consent.archive_update')} changed={consents.reload} testId='archive-consent' />
      {consent.given_at && (
        <>
          <Box as='p' className='small-print'>{t('archive.phone.why')}</Box>
          <Field label={t('archive.phone')} kind='digits' value={phone} onType={setPhone} maxLength={20} testId='archive-phone' />
          {me.answer?.phone_masked && <Box as='p' className='small-print number'>{me.answer.phone_masked}</Box>}
          <SendCode body={{ purpose: 'verify_phone', phone: number ?? '' }} ready={number !== undefined} sent='phone.sent' />
          <Field label={t('manual.otp')} kind='code' value={code} onType={setCode} maxLength={6} invalid={tried && !right} testId='archive-code' />
          {tried && !right && <Box as='p' className='field-wrong' role='alert'>{t('manual.otp.wrong')}</Box>}
          {offer.problem && <ProblemNote problem={offer.problem} retry={send} />}
          <Button small onTap={send} disabled={offer.busy} testId='archive-send'>{t('archive.send')}</Button>
        </>
      )}
    </>
  )
}
