import { useEffect, useState } from 'react'
import { useRouter } from '@tarojs/taro'
import { asProblem, type Problem } from '../../api/problem'
import type { CheckTask } from '../../api/types'
import { yuanSign } from '../../money/fen'
import { answerCheck, canUndo, checkStations, confirmPayee, countdown, isMoving, standing, undoCheck } from '../../settlement/checks'
import { useCheckTask } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { momentText, periodText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box } from '../../ui/blocks'
import { open, replace } from '../../ui/navigation'
import { Button, Card, Note, NothingHere, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { Stations } from '../../ui/stations'
import { CheckChip } from './check_chip'
import { Doubts } from './check_doubts'
import { HowItCameAbout } from './check_lines'
import { RejectForm } from './reject_form'

const LOOK_AGAIN_MS = 5_000
const TICK_MS = 30_000

/** One month's settlement: what it is worth, why, until when it can be answered, and where its money is. */
export default function CheckScreen() {
  const { t } = useSettings()
  const { id } = useRouter().params
  return (
    <PrivateScreen title={t('check.title')} testId='screen-check'>
      {() => (id ? <Check id={id} /> : <NothingHere />)}
    </PrivateScreen>
  )
}

function Check({ id }: { id: string }) {
  const { answer, problem, loading, reload } = useCheckTask(id)
  const moving = answer !== undefined && isMoving(answer)
  const waitMs = Math.max(LOOK_AGAIN_MS, (problem?.retryAfterS ?? 0) * 1000)
  useEffect(() => {
    // A look that begins before the last one is answered would throw that answer away: a slow gateway would never be heard.
    if (!moving || loading) return undefined
    const timer = setTimeout(reload, waitMs)
    return () => clearTimeout(timer)
  }, [moving, loading, waitMs, reload])
  if (!answer) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={6} />
  return (
    <>
      {problem && <ProblemNote problem={problem} retry={reload} />}
      <Head task={answer} />
      <Answer task={answer} reload={reload} />
      {answer.settlement && <HowItCameAbout settlement={answer.settlement} net={answer.amount_fen} />}
      <Way task={answer} reload={reload} />
    </>
  )
}

function Head({ task }: { task: CheckTask }) {
  const { t, language } = useSettings()
  const difference = task.amount_fen - task.paid_before_fen
  return (
    <Card className='bill-head' testId='check-head'>
      <Box className='due-line'>
        <Box as='h2' className='due-word'>{t('check.amount', { period: periodText(task.period, language) })}</Box>
        <CheckChip task={task} />
      </Box>
      <Amount fen={task.amount_fen} size='hero' testId='check-amount' />
      {task.paid_before_fen !== 0 && (
        <Box as='p' className='soft' testId='check-difference'>
          {t('check.difference', { paid: yuanSign(task.paid_before_fen), amount: yuanSign(difference) })}
        </Box>
      )}
      {task.state === 'OPEN' && <Deadline task={task} />}
    </Card>
  )
}

/** The ring says it again for those who see it; the words say it for everybody. */
function Deadline({ task }: { task: CheckTask }) {
  const { t, language } = useSettings()
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  const { left, percent, over } = countdown(task.began_at, task.ends_at, now, language)
  return (
    <Box className='deadline'>
      <Box className='deadline-ring' style={{ '--left': `${percent}%` } as never} decoration />
      <Box className='deadline-words'>
        <Box as='strong' testId='check-left'>{left}</Box>
        {!over && <Box as='p' className='soft' testId='check-until'>{t('check.until', { time: momentText(task.ends_at, language, now) })}</Box>}
      </Box>
    </Box>
  )
}

/** What the owner can say now. */
function Answer({ task, reload }: { task: CheckTask; reload: () => void }) {
  const { t } = useSettings()
  const [rejecting, setRejecting] = useState(false)
  const [disputed, setDisputed] = useState<string>()
  const { busy, problem, act } = useAct(reload)
  const id = task.check_task_id
  const left = task.state === 'DISPATCHED'
  // Refused and kept all the same: it is said at once, and by the server from the next look on.
  const waits = task.dispute !== undefined && !task.dispute.ended_at
  const told = disputed === id && !task.dispute && <Note live testId='check-disputed'>{t('check.disputed')}</Note>
  function dispute() {
    setDisputed(id)
    setRejecting(false)
    reload()
  }
  async function look() {
    await act(() => answerCheck(id, 'view'))
    open('solarAccount', { id: task.generation_account_id, period: task.period })
  }
  const newer = <Newer id={task.newer_check_task_id} />
  if (standing(task) === 'SUPERSEDED') return <Card testId='check-newer'><Doubts task={task} />{told}{newer}</Card>
  return (
    <Card testId='check-answer'>
      {problem && <ProblemNote problem={problem} retry={reload} />}
      {task.verdict && task.verdict !== 'upheld' && <Box as='p' testId={`check-verdict-${task.verdict}`}>{t(`check.verdict.${task.verdict}`)}</Box>}
      <Doubts task={task} />
      {(task.state === 'OPEN' || left) && rejecting && <RejectForm id={id} left={left} done={reload} disputed={dispute} cancel={() => setRejecting(false)} />}
      {task.state === 'OPEN' && !rejecting && (
        <>
          <Button onTap={() => void act(() => answerCheck(id, 'confirm'))} disabled={busy} testId='check-confirm'>{t('check.do.confirm')}</Button>
          <Button kind='quiet' onTap={() => void look()} disabled={busy} testId='check-view'>{t('check.do.view')}</Button>
          <Button kind='quiet' onTap={() => setRejecting(true)} disabled={busy} testId='check-reject'>{t('check.do.reject')}</Button>
          <Button kind='quiet' onTap={() => void act(() => answerCheck(id, 'ignore'))} disabled={busy} testId='check-ignore'>{t('check.do.ignore')}</Button>
        </>
      )}
      {told}
      {left && !rejecting && !told && !waits && <Button kind='quiet' onTap={() => setRejecting(true)} disabled={busy} testId='check-dispute'>{t('check.do.dispute')}</Button>}
      {task.newer_check_task_id && newer}
      {canUndo(task) && (
        <>
          <Box as='p' className='soft'>{t('check.undo.what')}</Box>
          <Button kind='quiet' onTap={() => void act(() => undoCheck(id))} disabled={busy} testId='check-undo'>{t('check.do.undo')}</Button>
        </>
      )}
    </Card>
  )
}

/** The way to what took its place, or stands beside it since. */
function Newer({ id }: { id?: string | null }) {
  const { t } = useSettings()
  return (
    <>
      <Box as='p'>{t('check.newer')}</Box>
      {id && <Button onTap={() => replace('check', { id })} testId='check-open-newer'>{t('check.newer.open')}</Button>}
    </>
  )
}

/** Where the money is, until it is there. */
function Way({ task, reload }: { task: CheckTask; reload: () => void }) {
  const { t } = useSettings()
  const { busy, problem, act } = useAct(reload)
  const { payout } = task
  if (standing(task) === 'SUPERSEDED' && !payout) return null
  const nothing = task.state === 'ANSWERED' && !payout
  return (
    <Card testId='check-way'>
      <Stations stations={checkStations(task)} />
      {nothing && <Note testId='check-nothing'>{t('check.pay.none')}</Note>}
      {payout && (
        <Box className='tracker-live' live testId={`payout-${payout.state}`}>
          <Box as='p'>{t(`check.pay.${payout.state}`, { amount: yuanSign(payout.amount_fen) })}</Box>
          {payout.state === 'HELD' && payout.hold && <Box as='p' className='soft' testId={`hold-${payout.hold}`}>{t(`check.hold.${payout.hold}`)}</Box>}
        </Box>
      )}
      {problem && <ProblemNote problem={problem} retry={reload} />}
      {payout?.state === 'RETURNED' && (payout.needs_payee_confirmation
        ? <Button onTap={() => void act(() => confirmPayee(task.check_task_id))} disabled={busy} testId='payee-confirm'>{t('check.payee.confirm')}</Button>
        : <Note live testId='payee-confirmed'>{t('check.payee.confirmed')}</Note>)}
    </Card>
  )
}

/** One act at a time; afterwards the server is asked what is true now. */
function useAct(reload: () => void) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  async function act(what: () => Promise<unknown>) {
    setBusy(true)
    setProblem(undefined)
    try {
      await what()
    } catch (thrown) {
      setProblem(asProblem(thrown))
    } finally {
      setBusy(false)
      reload()
    }
  }
  return { busy, problem, act }
}
