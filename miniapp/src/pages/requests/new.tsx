import { useRouter } from '@tarojs/taro'
import { useEffect, useRef, useState } from 'react'
import { keyRing } from '../../api/idempotency'
import { randomKey } from '../../api/platform'
import { asProblem, type Problem } from '../../api/problem'
import { requestKind, type Binding, type NewRequest, type RequestKind, type ServiceRequest } from '../../api/types'
import { homeName, useHomes } from '../../state/homes'
import { useBindings, useMe } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { Box, Field, Tap } from '../../ui/blocks'
import { open, replace } from '../../ui/navigation'
import { Button, Note, NothingHere, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'

const TEXT_MAX = 1000

/** Writing one request. */
export default function NewRequestScreen() {
  const { t } = useSettings()
  const { kind: asked, payment_id: paymentId, binding_id: bindingId } = useRouter().params
  const kind = requestKind(asked)
  return (
    <PrivateScreen title={kind ? t(`request.${kind}`) : t('requests.title')} testId='screen-new-request'>
      {() => {
        if (kind === undefined || (kind === 'wrong_payment' && !paymentId)) return <NothingHere />
        if (kind === 'new_user') return <Application />
        return kind === 'bill_dispute' ? <Question bindingId={bindingId} /> : <Letter kind={kind} paymentId={paymentId} />
      }}
    </PrivateScreen>
  )
}

/** An application names who is to be supplied: nobody writes one before that is known. */
function Application() {
  const { t } = useSettings()
  const { answer, problem, reload } = useMe()
  if (!answer) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={5} />
  const named = answer.real_name === 'verified'
  if (named && answer.phone_masked) return <Letter kind='new_user' />
  return (
    <Box className='stack'>
      <Note tone='due' testId='apply-first'>{t('request.first.new_user')}</Note>
      {!named && <Button onTap={() => open('certify')} testId='apply-certify'>{t('certify.open')}</Button>}
      {!answer.phone_masked && <Button kind={named ? 'main' : 'quiet'} onTap={() => open('phone')} testId='apply-phone'>{t('phone.add')}</Button>}
    </Box>
  )
}

/** A bill is questioned of the home it was opened for, else of the chosen one: nobody writes before that is known. */
function Question({ bindingId }: { bindingId?: string }) {
  const { problem, loading, reload } = useBindings()
  const { all, current } = useHomes()
  const home = bindingId === undefined ? current : all?.find((each) => each.binding_id === bindingId)
  const none = bindingId === undefined && !loading && all?.length === 0
  useEffect(() => {
    if (none) replace('match')
  }, [none])
  if (home) return <Letter kind='bill_dispute' home={home} />
  if (problem) return <ProblemNote problem={problem} retry={reload} />
  return bindingId === undefined || loading ? <Skeleton lines={5} /> : <NothingHere />
}

/** `home` is the one whose bill is questioned, `paymentId` the payment that went wrong. */
function Letter({ kind, paymentId, home }: { kind: RequestKind; paymentId?: string; home?: Binding }) {
  const { t } = useSettings()
  const [text, setText] = useState('')
  const [place, setPlace] = useState('')
  const [anonymous, setAnonymous] = useState(false)
  const [tried, setTried] = useState(false)
  const [sending, setSending] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const ring = useRef(keyRing(randomKey)).current
  const applies = kind === 'new_user'
  const needsPlace = kind === 'illegal_use' || applies
  const short = text.trim().length < 5
  const nowhere = needsPlace && place.trim().length < 2
  async function send() {
    setTried(true)
    if (short || nowhere) return
    const body: NewRequest = {
      kind, text: text.trim(), anonymous: kind === 'illegal_use' && anonymous,
      ...(needsPlace ? { place: place.trim() } : {}),
      ...(home ? { binding_id: home.binding_id } : {}),
      ...(kind === 'wrong_payment' ? { payment_id: paymentId } : {}),
    }
    setSending(true)
    try {
      await call<ServiceRequest>('POST', '/requests', { body, idempotencyKey: ring.keyFor(body) })
      replace('requests')
    } catch (thrown) {
      setProblem(asProblem(thrown))
      setSending(false)
    }
  }
  return (
    <Box className='stack'>
      {home && <Box as='p' className='soft'>{t('request.about.home', { home: homeName(home) })}</Box>}
      <Field label={t(applies ? 'request.text.new_user' : 'request.text')} kind='text' value={text} onType={setText} maxLength={TEXT_MAX} invalid={tried && short} testId='request-text' />
      {tried && short && <Note tone='due' live>{t('request.text.short')}</Note>}
      {needsPlace && <Field label={t(applies ? 'request.place.new_user' : 'request.place')} kind='text' value={place} onType={setPlace} maxLength={120} invalid={tried && nowhere} testId='request-place' />}
      {tried && nowhere && <Note tone='due' live>{t('request.place.missing')}</Note>}
      {kind === 'illegal_use' && (
        <Tap className='switch' onTap={() => setAnonymous(!anonymous)} checked={anonymous} testId='request-anonymous'>
          <Box as='span'>{t('request.anonymous')}</Box>
          <Box as='span' className={`switch-state${anonymous ? ' switch-on' : ''}`}>{t(anonymous ? 'me.on' : 'me.off')}</Box>
        </Tap>
      )}
      {problem && <ProblemNote problem={problem} retry={() => void send()} />}
      <Note>{t(applies ? 'request.promise.new_user' : 'request.promise')}</Note>
      <Button onTap={() => void send()} disabled={sending} testId='send-request'>{t('request.send')}</Button>
    </Box>
  )
}
