/** What became of each home of a payment that covers several. */
import type { Payment, PaymentState } from '../../api/types'
import { homeName, numberTail, useHomes } from '../../state/homes'
import { useBindings } from '../../state/reads'
import { useSettings } from '../../state/settings'
import { Amount } from '../../ui/amount'
import { Box } from '../../ui/blocks'
import type { IconName } from '../../ui/icons'
import { Card, Chip, type Tone } from '../../ui/parts'

const MARKS: Record<PaymentState, { icon: IconName; tone: Tone }> = {
  CREATED: { icon: 'clock', tone: 'soft' },
  PAYING: { icon: 'wallet', tone: 'due' },
  CLOSED: { icon: 'cross', tone: 'soft' },
  PAID: { icon: 'clock', tone: 'info' },
  POSTING: { icon: 'clock', tone: 'info' },
  POSTED: { icon: 'check', tone: 'good' },
  REFUNDING: { icon: 'return', tone: 'info' },
  REFUNDED: { icon: 'return', tone: 'good' },
  PARTLY_REFUNDED: { icon: 'return', tone: 'good' },
  UNDER_REVIEW: { icon: 'person', tone: 'info' },
}

export function HomeParts({ payment }: { payment: Payment }) {
  const { t } = useSettings()
  // A home may have been unlinked since: then its amount and state are all that is said.
  useBindings()
  const { all } = useHomes()
  return (
    <Card label={t('track.homes')} testId='home-parts'>
      {payment.homes.map((part) => {
        const home = all?.find((each) => each.binding_id === part.binding_id)
        const mark = MARKS[part.state]
        return (
          <Box key={part.binding_id} className='row home-part' testId={`part-${part.state}`}>
            <Box className='choice-text'>
              <Box as='strong'>{home ? homeName(home) : t('track.home_gone')}</Box>
              {home && <Box as='span' className='soft'>{t('homes.tail', { tail: numberTail(home) })}</Box>}
              {part.as_prepayment && <Box as='span' className='soft' testId='part-kept'>{t('track.kept')}</Box>}
            </Box>
            <Box className='list-end'>
              <Amount fen={part.amount_fen} />
              <Chip tone={mark.tone} icon={mark.icon}>{t(`track.part.${part.state}`)}</Chip>
            </Box>
          </Box>
        )
      })}
    </Card>
  )
}
