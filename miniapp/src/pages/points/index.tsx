import { useRef, useState } from 'react'
import { keyRing } from '../../api/idempotency'
import { randomKey } from '../../api/platform'
import { asProblem, type Problem } from '../../api/problem'
import type { Exchange, Gift, Purse } from '../../api/types'
import { yuanSign } from '../../money/fen'
import { usePurse } from '../../state/shelf'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { momentText } from '../../time/shanghai'
import { Box } from '../../ui/blocks'
import { Button, Card, Note, ProblemNote, Row, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'

/** Points: how many, what for, where from. */
export default function PointsScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('points.title')} testId='screen-points'>
      {() => <Content />}
    </PrivateScreen>
  )
}

function Content() {
  const { t } = useSettings()
  const { answer, problem, reload } = usePurse()
  if (!answer) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={5} />
  return (
    <>
      <Card label={t('points.balance')}>
        <Box as='p' className='soft'>{t('points.balance')}</Box>
        <Box as='p' className='card-title' testId='points-balance'>{String(answer.balance)}</Box>
        {answer.pending > 0 && <Box as='p' testId='points-pending'>{t('points.pending', { n: answer.pending })}</Box>}
        {answer.rules.map(({ fen_per_point: fen, points_max: max }, at) => (
          <Box as='p' className='soft' key={`${at}-${fen}-${max}`} testId='points-rule'>{t('points.rule', { sum: yuanSign(fen), max })}</Box>
        ))}
      </Card>
      <Box as='h2' className='section-title'>{t('points.gifts')}</Box>
      {answer.gifts.length === 0 && <Box as='p' className='soft'>{t('points.no_gifts')}</Box>}
      {answer.gifts.map((gift) => <GiftCard key={gift.gift_id} gift={gift} balance={answer.balance - answer.pending} done={reload} />)}
      <Exchanges purse={answer} />
      <History purse={answer} />
    </>
  )
}

function GiftCard({ gift, balance, done }: { gift: Gift; balance: number; done: () => void }) {
  const { t } = useSettings()
  const ring = useRef(keyRing(randomKey)).current
  const [round, setRound] = useState(0)
  const [problem, setProblem] = useState<Problem>()
  const [got, setGot] = useState<string>()
  const [busy, setBusy] = useState(false)
  async function exchange() {
    setBusy(true)
    try {
      const body = { gift_id: gift.gift_id }
      const made = await call<Exchange>('POST', '/points/exchanges', { body, idempotencyKey: ring.keyFor({ ...body, round }) })
      setRound(round + 1)
      setProblem(undefined)
      setGot(made.number)
      done()
    } catch (thrown) {
      setProblem(asProblem(thrown))
    } finally {
      setBusy(false)
    }
  }
  const words = !gift.available ? 'points.gone' : balance < gift.points ? 'points.short' : 'points.exchange'
  return (
    <Card testId='gift'>
      <Box as='h3' className='card-title'>{gift.title}</Box>
      <Box as='p'>{t('points.cost', { n: gift.points })}</Box>
      {got && <Note tone='good' icon='check' live testId='gift-got'>{t('points.got', { no: got })}</Note>}
      {problem && <ProblemNote problem={problem} retry={() => void exchange()} />}
      <Button kind='quiet' small disabled={busy || words !== 'points.exchange'} onTap={() => void exchange()} label={`${t(words)} ${gift.title}`} testId='exchange'>{t(words)}</Button>
    </Card>
  )
}

function Exchanges({ purse }: { purse: Purse }) {
  const { t, language } = useSettings()
  // A gateway of an older release tells none.
  const exchanges = purse.exchanges ?? []
  if (exchanges.length === 0) return null
  // Of what was exchanged before outlets noted what they hand out nobody knows the day.
  const stands = (made: string, handed: string | null | undefined) => {
    if (!handed) return t('points.waits')
    return handed === made ? t('points.before') : t('points.handed', { at: momentText(handed, language, Date.now()) })
  }
  return (
    <Card label={t('points.exchanges')}>
      <Box as='h2' className='section-title'>{t('points.exchanges')}</Box>
      {exchanges.map(({ exchange_id: id, title, number, exchanged_at: made, handed_at: handed }) => (
        <Box key={id} testId='exchanged'>
          <Box as='p'>{title}</Box>
          <Box as='p' testId='exchange-number'>{t('points.number', { no: number })}</Box>
          <Box as='p' className='soft'>{stands(made, handed)}</Box>
        </Box>
      ))}
    </Card>
  )
}

function History({ purse }: { purse: Purse }) {
  const { t, language } = useSettings()
  if (purse.history.length === 0) return null
  return (
    <Card label={t('points.history')}>
      <Box as='h2' className='section-title'>{t('points.history')}</Box>
      {purse.history.map((moved, at) => (
        <Row key={`${at}-${moved.at}`} name={momentText(moved.at, language, Date.now())}>{moved.points > 0 ? `+${moved.points}` : String(moved.points)}</Row>
      ))}
    </Card>
  )
}
