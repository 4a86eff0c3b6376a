import { useRouter } from '@tarojs/taro'
import { useEffect, useState } from 'react'
import type { Problem } from '../../api/problem'
import { invitationIn } from '../../api/typed'
import type { Binding, Invitation } from '../../api/types'
import { homes } from '../../state/homes'
import { useSettings } from '../../state/settings'
import { call } from '../../state/signed_in'
import { dayText } from '../../time/shanghai'
import { Box, Field } from '../../ui/blocks'
import { Icon } from '../../ui/icons'
import { startAt } from '../../ui/navigation'
import { Button, Card, Note, ProblemNote, Row } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'
import { useChange } from './change'

/** Looking at an invitation and accepting it. */
export default function AcceptScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('accept.title')} testId='screen-accept'>
      {() => <AcceptContent />}
    </PrivateScreen>
  )
}

function AcceptContent() {
  const { t } = useSettings()
  const handed = useRouter().params.invitation
  const [typed, setTyped] = useState(handed ?? '')
  const [offer, setOffer] = useState<Invitation>()
  const invitation = invitationIn(typed)
  const look = useChange(() => call<Invitation>('POST', '/invitation-views', { body: { invitation } }), setOffer)
  useEffect(() => {
    if (handed) look.run()
    // Once: what was handed over does not change.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [])
  if (offer && invitation) return <Offer invitation={invitation} offer={offer} />
  return (
    <>
      <Card>
        <Field label={t('accept.paste')} kind='text' value={typed} onType={setTyped} maxLength={300} testId='typed-invitation' />
      </Card>
      {look.problem && <Refused problem={look.problem} retry={look.run} />}
      <Button onTap={look.run} disabled={look.busy || invitation === undefined} testId='look'>{t('accept.look')}</Button>
    </>
  )
}

/** Used, taken back, too old, one's own, never made: the same words for all. */
function Refused({ problem, retry }: { problem: Problem; retry: () => void }) {
  const { t } = useSettings()
  if (problem.code !== 'CANNOT_CONFIRM') return <ProblemNote problem={problem} retry={retry} />
  return <Note tone='due' live testId='invitation-over'>{t('accept.over')}</Note>
}

function Offer({ invitation, offer }: { invitation: string; offer: Invitation }) {
  const { t, language } = useSettings()
  const accept = useChange(
    () => call<Binding>('POST', '/invitation-acceptances', { body: { invitation } }),
    (linked) => {
      homes.choose(linked.binding_id)
      startAt('home')
    },
  )
  return (
    <>
      <Card testId='offer'>
        <Box as='h2' className='card-title'>{t('accept.invites')}</Box>
        <Box className='candidate'>
          <Box className='candidate-mark' decoration><Icon name='home' /></Box>
          <Box className='candidate-text'>
            <Box as='h3' className='candidate-name'>{offer.holder_masked}</Box>
            <Box as='p'>{offer.address_masked}</Box>
            <Box as='p' className='soft number'>{offer.consumer_no_masked}</Box>
          </Box>
        </Box>
        <Row name={t('accept.you_may')}>{t(`share.role.${offer.role}`)}</Row>
        <Box as='p' testId='offer-ends'>{t('accept.until', { day: dayText(offer.ends_on, language) })}</Box>
        <Box as='p' className='small-print'>{t('accept.seen')}</Box>
      </Card>
      {accept.problem && <Refused problem={accept.problem} retry={accept.run} />}
      <Button onTap={accept.run} disabled={accept.busy} testId='accept'>{t('accept.yes')}</Button>
      <Button kind='plain' onTap={() => startAt('home')} testId='accept-not-now'>{t('accept.no')}</Button>
    </>
  )
}
