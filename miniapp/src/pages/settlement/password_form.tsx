/** User name and password of a generation account: set, changed or reset by a code to the owner's own phone. */
import type { GenerationAccount } from '../../api/types'
import { setPassword } from '../../settlement/accounts'
import { useSettings } from '../../state/settings'
import { momentText } from '../../time/shanghai'
import { Box } from '../../ui/blocks'
import { Card } from '../../ui/parts'
import { ChosenForm } from '../accounts/chosen_form'

export function PasswordForm({ account, reload }: { account: GenerationAccount; reload: () => void }) {
  const { t, language } = useSettings()
  const id = account.generation_account_id
  const since = account.password_set_at
  return (
    <Card label={t('solar.password')} testId='solar-password'>
      <Box as='h2' className='section-title'>{t('solar.password')}</Box>
      <Box as='p' className='soft'>{since ? t('solar.password.since', { time: momentText(since, language, Date.now()) }) : t('solar.password.none')}</Box>
      <ChosenForm
        name='solar'
        code={{ purpose: 'set_generation_password', generation_account_id: id }}
        set={(chosen, otp) => setPassword(id, chosen, otp)}
        done={reload}
      />
    </Card>
  )
}
