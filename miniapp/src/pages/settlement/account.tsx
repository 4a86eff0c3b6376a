import { useState } from 'react'
import { useRouter } from '@tarojs/taro'
import { encryptsIdentities } from '../../api/platform'
import type { GenerationAccount, PersonalTable } from '../../api/types'
import { activate, askTermination, type Registration } from '../../settlement/accounts'
import { lineName } from '../../settlement/lines'
import { useGenerationAccount, usePersonalTable } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { momentText } from '../../time/shanghai'
import { Amount } from '../../ui/amount'
import { Box, Field } from '../../ui/blocks'
import { Button, Card, Note, NothingHere, ProblemNote, Row, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { useChange } from '../bindings/change'
import { IdentityForm } from './identity_form'
import { InBrowser } from './in_browser'
import { PasswordForm } from './password_form'
import { PayeeForm } from './payee_form'
import { RegistrationForm } from './registration_form'
import { StateChip } from './state_chip'

const PERIOD = /^(\d{4}-(0[1-9]|1[0-2]))?$/

/** One generation account: its state in words, what I must do next, and its table. */
export default function SolarAccountScreen() {
  const { t } = useSettings()
  const { id, period } = useRouter().params
  return (
    <PrivateScreen title={t('solar.account')} testId='screen-solar-account'>
      {() => (id ? <Account id={id} period={PERIOD.test(period ?? '') ? period : undefined} /> : <NothingHere />)}
    </PrivateScreen>
  )
}

function Account({ id, period }: { id: string; period?: string }) {
  const { t } = useSettings()
  const { answer, problem, reload } = useGenerationAccount(id)
  if (!answer) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={5} />
  return (
    <>
      <Card testId='solar-standing'>
        <StateChip state={answer.state} />
        {answer.generation_no_masked && <Row name={t('solar.typed.generation_no')}>{answer.generation_no_masked}</Row>}
        {answer.feed_in && <Row name={t('solar.feed_in')}>{t(`solar.feed_in.${answer.feed_in}`)}</Row>}
        {answer.settlement_day && <Row name={t('solar.settlement_day')}>{t('solar.settlement_day.each', { n: answer.settlement_day })}</Row>}
        <Box as='p' className='soft'>{t(`solar.next.${answer.state}`)}</Box>
        {answer.state === 'keyless' && <Button kind='quiet' onTap={reload} testId='solar-again'>{t('app.retry')}</Button>}
      </Card>
      {answer.state === 'keyed' && <Permission id={id} reload={reload} />}
      {answer.state === 'permitted' && <Table id={id} first={period ?? ''} />}
      {(answer.state === 'keyed' || answer.state === 'permitted') && <Termination account={answer} reload={reload} />}
      {answer.state === 'terminated' && <Activation id={id} reload={reload} />}
      <PasswordForm account={answer} reload={reload} />
    </>
  )
}

function Permission({ id, reload }: { id: string; reload: () => void }) {
  const { t } = useSettings()
  return (
    <Card label={t('solar.identity')} testId='solar-identity'>
      <Box as='h2' className='section-title'>{t('solar.identity')}</Box>
      <Box as='p' className='soft'>{t('solar.identity.what')}</Box>
      {encryptsIdentities ? <IdentityForm id={id} done={reload} /> : <InBrowser />}
    </Card>
  )
}

/** `first` is the month that is looked for at once. */
function Table({ id, first }: { id: string; first: string }) {
  const { t, language } = useSettings()
  const [typed, setTyped] = useState(first)
  const [period, setPeriod] = useState(first)
  const [cursors, setCursors] = useState<string[]>([])
  const { answer, problem, reload } = usePersonalTable(id, period, cursors[cursors.length - 1])
  const wrong = !PERIOD.test(typed)
  function search() {
    if (wrong) return
    setCursors([])
    setPeriod(typed)
  }
  const next = answer?.next_cursor
  return (
    <Card label={t('solar.table')} testId='solar-table'>
      <Box as='h2' className='section-title'>{t('solar.table')}</Box>
      {!answer && (problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={4} />)}
      {answer && <Who table={answer} since={momentText(answer.identity.payee_since, language, Date.now())} />}
      <PayeeForm id={id} done={reload} />
      <Field label={t('solar.table.period')} kind='text' value={typed} onType={setTyped} maxLength={7} invalid={wrong} testId='solar-period' />
      <Button kind='quiet' onTap={search} testId='solar-search'>{t('solar.table.search')}</Button>
      {answer?.items.length === 0 && <Note testId='solar-table-empty'>{t('solar.table.empty')}</Note>}
      {answer?.items.map((row) => (
        <Row key={`${row.period}${row.kind}${row.slot}${row.from}`} name={`${row.from} – ${row.to} ${lineName(row, language)}`}>
          {row.energy_kwh} kWh{typeof row.amount_fen === 'number' && <> <Amount fen={row.amount_fen} /></>}
        </Row>
      ))}
      {cursors.length > 0 && <Button kind='plain' onTap={() => setCursors(cursors.slice(0, -1))} testId='solar-before'>{t('app.back')}</Button>}
      {next && <Button kind='plain' onTap={() => setCursors([...cursors, next])} testId='solar-more'>{t('app.more')}</Button>}
    </Card>
  )
}

function Who({ table, since }: { table: PersonalTable; since: string }) {
  const { t } = useSettings()
  const { identity } = table
  return (
    <>
      <Row name={t('solar.typed.name')}>{identity.name_masked}</Row>
      <Row name={t('solar.typed.id_no')}>{identity.id_no_masked}</Row>
      <Row name={t('solar.typed.bank_card_no')} testId='solar-payee'>{identity.trading_account_masked}</Row>
      <Box as='p' className='small-print'>{t('solar.payee.since', { time: since })}</Box>
    </>
  )
}

function Termination({ account, reload }: { account: GenerationAccount; reload: () => void }) {
  const { t, language } = useSettings()
  const [sure, setSure] = useState(false)
  const { busy, problem, run } = useChange(() => askTermination(account.generation_account_id), () => {
    setSure(false)
    reload()
  })
  const asked = account.termination_asked_at
  return (
    <Card label={t('solar.end')} testId='solar-end'>
      <Box as='h2' className='section-title'>{t('solar.end')}</Box>
      <Box as='p' className='soft'>{t('solar.end.what')}</Box>
      {problem && <ProblemNote problem={problem} retry={run} />}
      {asked ? <Note live testId='solar-end-asked'>{t('solar.end.asked', { time: momentText(asked, language, Date.now()) })}</Note> : (
        <Button kind={sure ? 'danger' : 'plain'} onTap={() => (sure ? run() : setSure(true))} disabled={busy} testId='solar-end-ask'>
          {t(sure ? 'solar.end.sure' : 'solar.end.ask')}
        </Button>
      )}
    </Card>
  )
}

function Activation({ id, reload }: { id: string; reload: () => void }) {
  const { t } = useSettings()
  async function wake(typed: Registration) {
    await activate(id, typed)
    reload()
  }
  return (
    <Card label={t('solar.activate')} testId='solar-activate'>
      <Box as='h2' className='section-title'>{t('solar.activate')}</Box>
      <Box as='p' className='soft'>{t('solar.activate.what')}</Box>
      <RegistrationForm word={t('solar.activate.do')} submit={wake} />
    </Card>
  )
}
