/** A user name and a password of one's own, for signing in without Alipay. */
import { useState } from 'react'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { Box } from '../../ui/blocks'
import { Button, Card, Note } from '../../ui/parts'
import { ChosenForm } from './chosen_form'

/** `phone` is the account's own, masked: without one there is nowhere to send a code to. */
export function OwnPassword({ phone, done }: { phone?: string | null; done: () => void }) {
  const { t } = useSettings()
  const [asked, setAsked] = useState(false)
  return (
    <Card label={t('me.password')} testId='own-password'>
      <Box as='h2' className='section-title'>{t('me.password')}</Box>
      <Box as='p' className='soft'>{t('me.password.what')}</Box>
      {!phone && <Note testId='own-no-phone'>{t('me.password.no_phone')}</Note>}
      {phone && !asked && <Button kind='quiet' onTap={() => setAsked(true)} testId='own-password-open'>{t('me.password.open')}</Button>}
      {phone && asked && (
        <ChosenForm
          name='own'
          code={{ purpose: 'set_password' }}
          set={(chosen, otp) => call<void>('PUT', '/me/password', { body: { ...chosen, otp } })}
          done={done}
        />
      )}
    </Card>
  )
}
