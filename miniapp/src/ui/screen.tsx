/** The frame of a screen: tokens, bar, main content, tabs; and the gate that asks who is there. */
import { useEffect, useState, type ReactNode } from 'react'
import { useDidShow } from '@tarojs/taro'
import { drawsOwnBar, layoutUnit, showTitle, takeReturn } from '../api/platform'
import { asProblem, type Problem } from '../api/problem'
import { useSettings } from '../state/settings'
import { endings, session } from '../state/signed_in'
import { solar } from '../state/solar'
import { Box, Tap } from './blocks'
import { Icon, type IconName } from './icons'
import { askSignIn, goBack, isHere, startAt, startAtUrl, type ScreenName } from './navigation'
import { ProblemNote, Skeleton } from './parts'

type TabName = 'home' | 'bills' | 'solar' | 'me'

const TABS: { name: TabName; screen: ScreenName; icon: IconName }[] = [
  { name: 'home', screen: 'home', icon: 'home' },
  { name: 'bills', screen: 'bills', icon: 'bill' },
  { name: 'solar', screen: 'solar', icon: 'sun' },
  { name: 'me', screen: 'me', icon: 'person' },
]

interface ScreenProps {
  title: string
  testId: string
  /** The tab this screen is; screens without one have a way back. */
  tab?: TabName
  /** Draws no bar: the screen begins with something of its own. */
  bare?: boolean
  children: ReactNode
}

/** A screen for anybody. */
export function Screen({ title, testId, tab, bare, children }: ScreenProps) {
  const { elder, language, t } = useSettings()
  useEffect(() => showTitle(title, language), [title, language])
  useDidShow(() => showTitle(title, language))
  return (
    <Box className={`screen${elder ? ' elder' : ''}${tab ? ' with-tabs' : ''}`} style={{ '--u': layoutUnit } as never} testId={testId}>
      {drawsOwnBar && !bare && (
        <Box as='header' className='bar'>
          {tab ? <Box className='bar-side' /> : (
            <Tap onTap={goBack} className='bar-side' label={t('app.back')} testId='back'>
              <Icon name='back' />
            </Tap>
          )}
          <Box as='h1' className='bar-title'>{title}</Box>
          <Box className='bar-side' />
        </Box>
      )}
      <Box as='main' className='content'>{children}</Box>
      {tab && <Tabs current={tab} />}
    </Box>
  )
}

function Tabs({ current }: { current: TabName }) {
  const { t } = useSettings()
  const sells = solar.use()
  return (
    <Box as='nav' className='tabs' label={t('tab.all')}>
      {TABS.filter(({ name }) => name !== 'solar' || sells || current === 'solar').map(({ name, screen, icon }) => (
        <Tap
          key={name}
          className={name === current ? 'tab tab-current' : 'tab'}
          current={name === current ? 'page' : undefined}
          onTap={() => name !== current && startAt(screen)}
          testId={`tab-${name}`}
        >
          <Icon name={icon} />
          <Box as='span'>{t(`tab.${name}`)}</Box>
        </Tap>
      ))}
    </Box>
  )
}

/** A screen for somebody signed in: draws `children()` once that is sure, asks for a sign-in otherwise. */
export function PrivateScreen({ children, ...frame }: Omit<ScreenProps, 'children'> & { children: () => ReactNode }) {
  const { signedIn, problem, again } = useGate()
  return (
    <Screen {...frame}>
      {problem ? <ProblemNote problem={problem} retry={again} /> : signedIn ? children() : <Skeleton lines={6} />}
    </Screen>
  )
}

function useGate(): { signedIn: boolean; problem?: Problem; again(): void } {
  const ended = endings.use()
  const [signedIn, setSignedIn] = useState(session.current() !== undefined)
  const [problem, setProblem] = useState<Problem>()
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    let here = true
    session.standing().then(
      (standing) => {
        if (!here) return
        const back = standing === 'signed_in' ? takeReturn() : undefined
        const leaves = back !== undefined && !isHere(back)
        // A screen that is only on the way back draws nothing: it might lead somewhere else meanwhile.
        setSignedIn(standing === 'signed_in' && !leaves)
        if (standing !== 'signed_in') askSignIn()
        else if (leaves) startAtUrl(back)
      },
      (thrown) => here && setProblem(asProblem(thrown)),
    )
    return () => {
      here = false
    }
  }, [ended, turn])
  return {
    signedIn,
    problem,
    again() {
      setProblem(undefined)
      setTurn((was) => was + 1)
    },
  }
}
