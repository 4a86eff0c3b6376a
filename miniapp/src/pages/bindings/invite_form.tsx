/** Letting somebody in: how far, until when, and the invitation to hand over. */
import { useState } from 'react'
import { copyText, outsideAddress } from '../../api/platform'
import type { Binding, GrantRole, Invited } from '../../api/types'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { dateAfter, dateOf, dayText, isDate, momentText } from '../../time/shanghai'
import { Box, Field, Tap } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { screenUrl } from '../../ui/navigation'
import { Button, Card, Note, ProblemNote } from '../../ui/parts'
import { useChange } from './change'

const ROLES: GrantRole[] = ['authorised', 'payer_only']
const CHOICES_DAYS = [30, 90, 180, 365]

export function InviteForm({ home, invited }: { home: Binding; invited: () => void }) {
  const { t } = useSettings()
  const [role, setRole] = useState<GrantRole>('authorised')
  const [lastDay, setLastDay] = useState(dateAfter(CHOICES_DAYS[0], Date.now()))
  const [tried, setTried] = useState(false)
  const [made, setMade] = useState<Invited>()
  const right = isDate(lastDay.trim()) && lastDay.trim() >= dateOf(Date.now())
  const invite = useChange(
    () => call<Invited>('POST', `/bindings/${encodeURIComponent(home.binding_id)}/grants`, { body: { role, ends_on: lastDay.trim() } }),
    (answer) => {
      setMade(answer)
      invited()
    },
  )
  if (made) return <Made invited={made} done={() => setMade(undefined)} />
  return (
    <>
      <Box as='h2' className='section-title'>{t('share.invite')}</Box>
      <RoleChoice role={role} choose={setRole} />
      <Card>
        <Box className='amounts' role='group' label={t('share.last_day')}>
          {CHOICES_DAYS.map((days) => {
            const day = dateAfter(days, Date.now())
            return (
              <Tap key={days} className={`amount-choice${day === lastDay ? ' amount-chosen' : ''}`} pressed={day === lastDay} onTap={() => setLastDay(day)} testId={`days-${days}`}>
                {t('share.days', { n: days })}
              </Tap>
            )
          })}
        </Box>
        <Field label={t('share.last_day')} kind='text' value={lastDay} onType={setLastDay} maxLength={10} invalid={tried && !right} testId='last-day' />
        <Box as='p' className={tried && !right ? 'field-wrong' : 'small-print'} role={tried && !right ? 'alert' : undefined}>
          {t(tried && !right ? 'share.last_day.wrong' : 'share.last_day.hint')}
        </Box>
      </Card>
      {invite.problem && <ProblemNote problem={invite.problem} retry={invite.run} />}
      <Button
        onTap={() => {
          setTried(true)
          if (right) invite.run()
        }}
        disabled={invite.busy}
        testId='invite'
      >
        {t('share.send')}
      </Button>
    </>
  )
}

function RoleChoice({ role, choose }: { role: GrantRole; choose: (role: GrantRole) => void }) {
  const { t } = useSettings()
  return (
    <Box as='section' className='proofs' label={t('share.role')}>
      {ROLES.map((each) => (
        <Tap key={each} className={`proof${each === role ? ' proof-chosen' : ''}`} pressed={each === role} onTap={() => choose(each)} testId={`grant-${each}`}>
          <Icon name={each === 'authorised' ? 'bill' : 'wallet'} />
          <Box className='choice-text'>
            <Box as='strong'>{t(`role.${each}`)}</Box>
            <Box as='span' className='soft'>{t(`share.role.${each}`)}</Box>
          </Box>
          {each === role && <Icon name='check' />}
        </Tap>
      ))}
    </Box>
  )
}

/** The invitation is told once: whoever accepts it first has the access. */
function Made({ invited, done }: { invited: Invited; done: () => void }) {
  const { t, language } = useSettings()
  const [copied, setCopied] = useState<boolean>()
  const handed = outsideAddress(screenUrl('accept', { invitation: invited.invitation })) ?? invited.invitation
  return (
    <Card testId='invitation-made'>
      <Box as='h2' className='card-title'>{t('share.made')}</Box>
      <Box as='p'>{t(`role.${invited.role}`)} · {t('share.until', { day: dayText(invited.ends_on, language) })}</Box>
      <Box as='p' className='soft'>{t('share.made.how')} {t('share.open_until', { time: momentText(invited.open_until, language, Date.now()) })}</Box>
      <Box as='p' className='invitation number' label={t('share.made.code')} testId='invitation'>{handed}</Box>
      {copied !== undefined && <Note tone={copied ? 'good' : 'info'} icon={copied ? 'check' : 'info'} live>{t(copied ? 'share.copied' : 'share.copy_failed')}</Note>}
      <Button onTap={() => void copyText(handed).then(setCopied)} testId='copy-invitation'>{t('share.copy')}</Button>
      <Button kind='plain' onTap={done} testId='invitation-done'>{t('share.done')}</Button>
    </Card>
  )
}
