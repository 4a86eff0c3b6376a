/** The small parts that every screen is made of. */
import { useEffect, useState, type ReactNode } from 'react'
import { Problem } from '../api/problem'
import { callHotline } from '../api/platform'
import { useSettings } from '../state/settings'
import { session } from '../state/signed_in'
import { momentText } from '../time/shanghai'
import { sayProblem, type ProblemCure, type WordKey } from '../words'
import { Box, Tap } from './blocks'
import { Icon, type IconName } from './icons'
import { askSignIn, open, rememberHere, replace, startAt } from './navigation'

export function Card({ className = '', label, testId, children }: { className?: string; label?: string; testId?: string; children: ReactNode }) {
  return (
    <Box as='section' className={`card ${className}`} label={label} testId={testId}>
      {children}
    </Box>
  )
}

type ButtonKind = 'main' | 'quiet' | 'plain' | 'danger'

export function Button(props: { onTap: () => void; kind?: ButtonKind; icon?: IconName; disabled?: boolean; small?: boolean; label?: string; testId?: string; children: ReactNode }) {
  const { onTap, kind = 'main', icon, disabled, small, label, testId, children } = props
  return (
    <Tap onTap={onTap} className={`button button-${kind}${small ? ' button-small' : ''}`} disabled={disabled} label={label} testId={testId}>
      {icon && <Icon name={icon} />}
      <Box as='span'>{children}</Box>
    </Tap>
  )
}

export type Tone = 'due' | 'good' | 'bad' | 'info' | 'soft'

/** A state in words, with its icon: colour never says it alone. */
export function Chip({ tone, icon, testId, children }: { tone: Tone; icon: IconName; testId?: string; children: ReactNode }) {
  return (
    <Box as='span' className={`chip tone-${tone}`} testId={testId}>
      <Icon name={icon} />
      <Box as='span'>{children}</Box>
    </Box>
  )
}

export function Note({ tone = 'info', icon = 'info', live, testId, children }: { tone?: Tone; icon?: IconName; live?: boolean; testId?: string; children: ReactNode }) {
  return (
    <Box className={`note tone-${tone}`} live={live} role={live ? 'status' : undefined} testId={testId}>
      <Icon name={icon} />
      <Box className='note-body'>{children}</Box>
    </Box>
  )
}

/** When a figure is from; why it is old, when it is. */
export function AsOf({ as_of, stale, testId }: { as_of: string; stale: boolean; testId?: string }) {
  const { t, language } = useSettings()
  const time = momentText(as_of, language, Date.now())
  return (
    <Box as='p' className={stale ? 'as-of as-of-stale' : 'as-of'} testId={testId ?? 'as-of'}>
      {stale && <Icon name='clock' />}
      <Box as='span'>{t(stale ? 'figure.stale' : 'figure.as_of', { time })}</Box>
    </Box>
  )
}

/** Grey bars in the shape of what is coming. */
export function Skeleton({ lines = 3 }: { lines?: number }) {
  const { t } = useSettings()
  return (
    <Box className='skeleton' role='status' label={t('app.loading')}>
      {Array.from({ length: lines }, (_, index) => (
        <Box key={index} className={`skeleton-bar skeleton-bar-${index % 3}`} />
      ))}
    </Box>
  )
}

export function Row({ name, children, testId }: { name: ReactNode; children: ReactNode; testId?: string }) {
  return (
    <Box className='row' testId={testId}>
      <Box as='span' className='row-name'>{name}</Box>
      <Box as='span' className='row-value'>{children}</Box>
    </Box>
  )
}

const CURE_WORDS: Record<ProblemCure, WordKey> = {
  retry: 'app.retry', home: 'track.home', homes: 'homes.manage', sign_in: 'sign_in.button', match: 'match.consent.agree', manual: 'match.manual',
  hotline: 'app.hotline', order: 'pay.see_order', confirm: 'app.retry', certify: 'certify.open', phone: 'phone.by_code',
  sign_in_anew: 'sign_in.button', add_phone: 'phone.add',
}

/** What happened, what it means for the money, and one button. */
export function ProblemNote({ problem, retry, testId }: { problem: Problem; retry: () => void; testId?: string }) {
  const { t, language } = useSettings()
  const { text, cure: meant } = sayProblem(language, problem.code, problem.retryAfterS, problem.members)
  const order = typeof problem.members.payment_id === 'string' ? problem.members.payment_id : undefined
  // Somebody else's order cannot be looked at, only waited for.
  const cure = meant === 'order' && order === undefined ? 'retry' : meant
  const act = () => cureAction(cure, retry, order)
  const waiting = useWait(problem)
  return (
    <Box className='note tone-due' role='alert' testId={testId ?? 'problem'}>
      <Icon name='info' />
      <Box className='note-body'>
        <Box as='p'>{text}</Box>
        <Button kind='plain' small onTap={act} disabled={waiting} testId='problem-cure'>{t(CURE_WORDS[cure])}</Button>
      </Box>
    </Box>
  )
}

/** True until the wait that a limit asked for is over. */
function useWait({ code, retryAfterS }: Problem): boolean {
  const waitMs = code === 'RATE_LIMITED' ? (retryAfterS ?? 0) * 1000 : 0
  const [over, setOver] = useState(waitMs === 0)
  useEffect(() => {
    setOver(waitMs === 0)
    if (waitMs === 0) return undefined
    const timer = setTimeout(() => setOver(true), waitMs)
    return () => clearTimeout(timer)
  }, [waitMs])
  return !over
}

/** A screen that was opened for something that is not there. */
export function NothingHere() {
  return <ProblemNote problem={new Problem('NOT_FOUND', 404)} retry={() => startAt('home')} />
}

function cureAction(cure: ProblemCure, retry: () => void, order: string | undefined): void {
  switch (cure) {
    case 'home': return startAt('home')
    case 'homes': return open('homes')
    case 'sign_in': return askSignIn()
    case 'sign_in_anew': return signInAnew()
    case 'match': return replace('match')
    case 'manual': return open('manual')
    case 'certify': return replace('certify')
    case 'phone': return replace('phone', { by: 'code' })
    case 'add_phone': return open('phone')
    case 'hotline': return callHotline()
    case 'order': return replace('tracker', { payment_id: order ?? '' })
    default: return retry()
  }
}

/** The sign-in that stands is not enough: it is ended, which leads to another one, and from there back here. */
function signInAnew(): void {
  rememberHere()
  void session.signOut()
}
