/** Three stations on a line, each with its time or the time it is expected. */
import type { Station, StationState } from '../payments/tracker'
import { useSettings } from '../state/settings'
import { stampText } from '../time/shanghai'
import type { WordKey } from '../words'
import { Box } from './blocks'
import { Icon, type IconName } from './icons'

const MARKS: Record<StationState, IconName> = { done: 'check', now: 'clock', later: 'clock', stopped: 'cross' }
const WORDS: Record<StationState, WordKey> = { done: 'track.done', now: 'track.now', later: 'track.later', stopped: 'track.stopped' }

export function Stations({ stations }: { stations: Station[] }) {
  const { t } = useSettings()
  return (
    <Box as='ol' className='stations' testId='stations'>
      {stations.map((station) => (
        <Box
          as='li'
          key={station.name}
          className={`station station-${station.state}`}
          current={station.state === 'now' ? 'step' : undefined}
          testId={`${station.name.replace(/^(track|check\.station)\./, 'station-')}-${station.state}`}
        >
          <Box className='station-mark' decoration><Icon name={MARKS[station.state]} /></Box>
          <Box className='station-text'>
            <Box as='strong'>{t(station.name)}</Box>
            <Box as='span' className='soft'>{t(WORDS[station.state])}</Box>
          </Box>
          <Box as='span' className='station-time'>{timeWords(station, t)}</Box>
        </Box>
      ))}
    </Box>
  )
}

function timeWords(station: Station, t: ReturnType<typeof useSettings>['t']): string {
  if (station.at) return stampText(station.at, Date.now())
  return station.by ? t('track.expected', { time: stampText(station.by, Date.now()) }) : ''
}
