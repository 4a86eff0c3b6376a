import type { ServiceRequest } from '../../api/types'
import { useRequests } from '../../state/shelf'
import { useSettings } from '../../state/settings'
import { momentText } from '../../time/shanghai'
import { Box, Tap } from '../../ui/blocks'
import { Icon, type IconName } from '../../ui/icons'
import { More } from '../../ui/more'
import { open } from '../../ui/navigation'
import { Button, Card, Chip, ProblemNote, Skeleton, type Tone } from '../../ui/parts'
import { PrivateScreen } from '../../ui/screen'

const KINDS = ['new_user', 'illegal_use', 'feedback', 'bill_dispute'] as const
const LOOKS: Record<ServiceRequest['state'], [Tone, IconName]> = {
  filed: ['info', 'clock'], accepted: ['info', 'clock'], under_way: ['info', 'clock'], resolved: ['good', 'check'], declined: ['soft', 'info'],
}

/** What a person asked of the utility, and how far it has come. */
export default function RequestsScreen() {
  const { t } = useSettings()
  return (
    <PrivateScreen title={t('requests.title')} testId='screen-requests'>
      {() => (
        <>
          <Card label={t('requests.new')}>
            <Box as='h2' className='section-title'>{t('requests.new')}</Box>
            {KINDS.map((kind) => (
              <Tap key={kind} className='card-link' onTap={() => open('newRequest', { kind })} testId={`ask-${kind}`}>
                <Box as='span'>{t(`request.${kind}`)}</Box>
                <Icon name='next' />
              </Tap>
            ))}
          </Card>
          <Own />
        </>
      )}
    </PrivateScreen>
  )
}

function Own() {
  const { t } = useSettings()
  const list = useRequests()
  const { items, problem, reload } = list
  if (!items) return problem ? <ProblemNote problem={problem} retry={reload} /> : <Skeleton lines={4} />
  return (
    <>
      <Box as='h2' className='section-title'>{t('requests.mine')}</Box>
      {items.length === 0 && <Box as='p' className='soft' testId='no-requests'>{t('requests.empty')}</Box>}
      {items.map((request) => <One key={request.request_id} request={request} />)}
      <More list={list} />
    </>
  )
}

/** An application is spoken of by what staff found of it as long as marketing has not said anything. */
function standing({ state, check }: ServiceRequest) {
  const found = state === 'filed' || state === 'declined'
  return found && check && check !== 'admitted' ? (`request.check.${check}` as const) : (`request.state.${state}` as const)
}

function One({ request }: { request: ServiceRequest }) {
  const { t, language } = useSettings()
  const [tone, icon] = LOOKS[request.state]
  return (
    <Card testId={`request-${request.kind}`}>
      <Box as='h3' className='card-title'>{t(`request.${request.kind}`)}</Box>
      <Chip tone={tone} icon={icon} testId='request-state'>{t(standing(request))}</Chip>
      <Box as='p' className='prose'>{request.text}</Box>
      {request.place && <Box as='p' className='soft'>{request.place}</Box>}
      {request.order_no && <Box as='p' className='soft' testId='order-no'>{t('requests.no', { no: request.order_no })}</Box>}
      <Box as='p' className='soft'>{momentText(request.moved_at, language, Date.now())}</Box>
      {request.kind === 'new_user' && request.state === 'resolved' && <Button onTap={() => open('match')} testId='request-match'>{t('request.opened.match')}</Button>}
    </Card>
  )
}
