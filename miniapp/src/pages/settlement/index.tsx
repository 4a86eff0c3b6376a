import { useEffect } from 'react'
import type { Chosen } from '../../api/typed'
import type { GenerationAccount } from '../../api/types'
import { register, type Registration } from '../../settlement/accounts'
import { solar } from '../../state/solar'
import { useGenerationAccounts } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { Box, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { open } from '../../ui/navigation'
import { Card, Note, ProblemNote, Skeleton } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { RegistrationForm } from './registration_form'
import { StateChip } from './state_chip'

/** My generation accounts, and registering one. */
export default function SolarScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('solar.title')} testId='screen-solar' tab='solar'>
      {() => <Accounts />}
    </PrivateScreen>
  )
}

function Accounts() {
  const { t } = useSettings()
  const { answer, problem, reload } = useGenerationAccounts()
  useEffect(() => {
    if (answer) solar.set(answer.items.length > 0)
  }, [answer])
  async function submit(typed: Registration & Partial<Chosen>) {
    const made = await register(typed)
    solar.set(true)
    open('solarAccount', { id: made.generation_account_id })
    reload()
  }
  if (!answer) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={4} />
  return (
    <>
      {answer.items.length === 0 && <Note testId='solar-none'>{t('solar.none')}</Note>}
      {answer.items.length > 0 && (
        <Card testId='solar-checks'>
          <Tap className='card-link' onTap={() => open('checks')} testId='open-checks'>
            <Box as='span'>{t('checks.open')}</Box>
            <Icon name='next' />
          </Tap>
        </Card>
      )}
      {answer.items.map((account) => <AccountLine key={account.generation_account_id} account={account} />)}
      <Card label={t('solar.register')} testId='solar-register'>
        <Box as='h2' className='section-title'>{t('solar.register')}</Box>
        <Box as='p' className='soft'>{t('solar.register.what')}</Box>
        <RegistrationForm word={t('solar.register.do')} named submit={submit} />
      </Card>
    </>
  )
}

function AccountLine({ account }: { account: GenerationAccount }) {
  const { t } = useSettings()
  const { generation_account_id: id } = account
  return (
    <Card testId='solar-account'>
      <Tap className='card-link' onTap={() => open('solarAccount', { id })} testId='open-solar-account'>
        <Box as='span'>{account.generation_no_masked ?? t('solar.account')}</Box>
        <Icon name='next' />
      </Tap>
      <StateChip state={account.state} />
    </Card>
  )
}
