import { useCallback, useEffect, useMemo, useState } from 'react'
import type { Binding } from '../../api/types'
import { yuanSign } from '../../money/fen'
import { basket, payable, type Shelf } from '../../payments/basket'
import { useCheckout } from '../../state/checkout'
import { homeName, numberTail, useHomes } from '../../state/homes'
import { useKeptFresh } from '../../state/kept_fresh'
import { useArrears, useBindings } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { Amount } from '../../ui/amount'
import { Box, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { AsOf, Button, Card, Note, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { KeepTick } from './keep_tick'
import { Sure, wantsCode } from './sure'

/** What is due in all homes, those to pay now, and one button. */
export default function SeveralScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('several.title')} testId='screen-several'>
      {() => <SeveralContent />}
    </PrivateScreen>
  )
}

function SeveralContent() {
  const bindings = useBindings()
  const { all } = useHomes()
  if (!all) return bindings.problem ? <ProblemNote problem={bindings.problem} retry={bindings.reload} /> : <Skeleton lines={6} />
  return <Choice homes={all} />
}

/** Every home is read by itself: one that cannot be read never keeps the others from being paid. */
function Choice({ homes }: { homes: Binding[] }) {
  const { t } = useSettings()
  const [shelves, setShelves] = useState<ReadonlyMap<string, Shelf>>(new Map())
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [round, setRound] = useState(0)
  const [keep, setKeep] = useState(false)
  const order = useCheckout()
  const note = useCallback((id: string, shelf: Shelf) => setShelves((was) => new Map(was).set(id, shelf)), [])
  const inOrder = useMemo(() => new Map(homes.map((home) => [home.binding_id, shelves.get(home.binding_id) ?? { away: false }])), [homes, shelves])
  const chosen = basket(inOrder, left)
  const toggle = (id: string) => {
    order.clear()
    setLeft((was) => {
      const next = new Set(was)
      if (!next.delete(id)) next.add(id)
      return next
    })
  }
  const again = () => {
    order.clear()
    setRound(round + 1)
  }
  const known = [...inOrder.values()].every((shelf) => shelf.figure !== undefined || shelf.away)
  const nothing = known && ![...inOrder.values()].some((shelf) => shelf.away || (shelf.figure?.total_fen ?? 0) > 0)
  const place = () => order.place(chosen.items, keep, () => setRound(round + 1))
  const wanted = chosen.items.map(({ binding_id, amount_fen }) => ({ binding_id, amount_fen }))
  return (
    <>
      {nothing && <Note tone='good' icon='check' testId='several-nothing'>{t('several.nothing')}</Note>}
      {homes.map((home) => (
        <HomeDue
          key={home.binding_id}
          home={home}
          round={round}
          chosen={!left.has(home.binding_id)}
          blamed={order.home === home.binding_id}
          resting={order.busy}
          toggle={() => toggle(home.binding_id)}
          note={note}
        />
      ))}
      <Card testId='several-sum'>
        <Box className='sum' live>
          <Box as='span'>{t('several.sum', { n: chosen.items.length })}</Box>
          <Amount fen={chosen.totalFen} size='title' testId='several-total' />
        </Box>
      </Card>
      {!nothing && <KeepTick keep={keep} resting={order.busy} toggle={() => setKeep(!keep)} />}
      {wantsCode(order.problem) && <Sure items={wanted} pay={place} />}
      {order.problem && !wantsCode(order.problem) && <ProblemNote problem={order.problem} retry={again} />}
      <Button
        onTap={place}
        disabled={order.busy || chosen.items.length === 0}
        testId='pay-several'
      >
        {order.busy ? t('pay.sending') : chosen.items.length === 0 ? t('several.choose') : t('pay.button', { amount: yuanSign(chosen.totalFen) })}
      </Button>
      <Box as='p' className='small-print centred'>{t('several.apart')}</Box>
    </>
  )
}

interface HomeDueProps {
  home: Binding
  /** Rises when all figures have to be read again. */
  round: number
  chosen: boolean
  /** The last order was refused because of this home. */
  blamed: boolean
  /** An order is being made from what is shown. */
  resting: boolean
  toggle: () => void
  note: (id: string, shelf: Shelf) => void
}

function HomeDue({ home, round, chosen, blamed, resting, toggle, note }: HomeDueProps) {
  const { t } = useSettings()
  const id = home.binding_id
  const { answer: figure, problem, reload } = useArrears(id)
  const away = problem !== undefined
  useEffect(() => note(id, { figure, away }), [note, id, figure, away])
  useEffect(() => {
    if (round > 0) reload()
  }, [round, reload])
  useKeptFresh(reload, figure !== undefined && !resting)
  const can = payable({ figure, away })
  return (
    <Card className={blamed ? 'blamed' : ''} testId={`several-${id}`}>
      <Tap className='tick' onTap={toggle} checked={chosen && can} disabled={!can} testId={`choose-${id}`}>
        <Box className={chosen && can ? 'tick-box tick-on' : 'tick-box'} decoration>{chosen && can && <Icon name='check' />}</Box>
        <Box className='choice-text'>
          <Box as='strong'>{homeName(home)}</Box>
          <Box as='span' className='soft'>{t('homes.tail', { tail: numberTail(home) })} · {home.address_masked}</Box>
        </Box>
        {figure && <Amount fen={figure.total_fen} size='title' testId={`due-${id}`} />}
      </Tap>
      {!figure && !problem && <Skeleton lines={1} />}
      {figure && <AsOf as_of={figure.as_of} stale={figure.stale || away} testId={`as-of-${id}`} />}
      {figure && figure.total_fen <= 0 && <Box as='p' className='soft'>{t('home.nothing')}</Box>}
      {figure?.held && <Note tone='info' icon='clock' testId={`held-${id}`}>{t('home.held')}</Note>}
      {figure && figure.in_flight_fen > 0 && <Note tone='info' icon='clock'>{t('home.in_flight', { amount: yuanSign(figure.in_flight_fen).slice(1) })}</Note>}
      {problem && <ProblemNote problem={problem} retry={reload} testId={`problem-${id}`} />}
      {blamed && <Note tone='due' icon='warning' live testId={`blamed-${id}`}>{t('several.because')}</Note>}
    </Card>
  )
}
