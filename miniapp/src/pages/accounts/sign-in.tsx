import { useEffect, useState } from 'react'
import { asProblem, type Problem } from '../../api/problem'
import { takeReturn } from '../../api/platform'
import { setElder, setLanguage, useSettings } from '../../state/settings'
import { session } from '../../state/signed_in'
import { Box, Tap } from '../../ui/blocks'
import { Icon, type IconName } from '../../ui/icons'
import { open, startAt, startAtUrl } from '../../ui/navigation'
import { Button, Note, ProblemNote } from '../../ui/parts'
import { Screen } from '../../ui/screen'
import type { WordKey } from '../../words'

const POINTS: { icon: IconName; words: WordKey }[] = [
  { icon: 'shield', words: 'sign_in.point.link' },
  { icon: 'bill', words: 'sign_in.point.see' },
  { icon: 'check', words: 'sign_in.point.pay' },
]

/** The first screen of somebody who is not signed in. */
export default function SignIn() {
  const { t, elder, language } = useSettings()
  const { step, problem, begin } = useSignIn()
  return (
    <Screen title={t('sign_in.title')} testId='screen-sign-in' bare>
      <Box className='welcome'>
        <Box className='welcome-top'>
          <Tap className='pill' onTap={() => setElder(!elder)} pressed={elder} testId='elder'>{t(elder ? 'elder.off' : 'elder.on')}</Tap>
          <Tap className='pill' onTap={() => setLanguage(language === 'en' ? 'zh-CN' : 'en')} testId='language'>{t('language.other')}</Tap>
        </Box>
        <Box className='emblem' decoration><Icon name='bolt' /></Box>
        <Box as='h1' className='welcome-title'>{t('sign_in.headline')}</Box>
        <Box as='p' className='welcome-service'>{t('app.service')}</Box>
        <Box as='ul' className='points'>
          {POINTS.map(({ icon, words }) => (
            <Box as='li' key={words} className='point'>
              <Icon name={icon} />
              <Box as='span'>{t(words)}</Box>
            </Box>
          ))}
        </Box>
        {step === 'refused' && <Note tone='info' live>{t('sign_in.refused')}</Note>}
        {problem && <ProblemNote problem={problem} retry={begin} />}
        <Button onTap={begin} disabled={step === 'busy'} testId='sign-in'>
          {t(step === 'busy' ? 'sign_in.leaving' : 'sign_in.button')}
        </Button>
        <Button kind='plain' onTap={() => open('passwordSignIn')} testId='by-password'>{t('password.title')}</Button>
        <Button kind='plain' onTap={() => open('services')} testId='open-services'>{t('home.services')}</Button>
        <Box as='p' className='small-print'>{t('sign_in.note')}</Box>
      </Box>
    </Screen>
  )
}

function useSignIn() {
  const [step, setStep] = useState<'idle' | 'busy' | 'refused'>('idle')
  const [problem, setProblem] = useState<Problem>()

  useEffect(() => {
    session.standing().then(
      (standing) => {
        if (standing === 'signed_in') startAt('home')
        if (standing === 'refused') setStep('refused')
      },
      () => undefined,
    )
  }, [])

  async function begin() {
    setStep('busy')
    setProblem(undefined)
    try {
      const standing = await session.signIn()
      if (standing === 'signed_in') startAtUrl(takeReturn() ?? '/pages/home/index')
      else if (standing === 'refused') setStep('refused')
    } catch (thrown) {
      setProblem(asProblem(thrown))
      setStep('idle')
    }
  }
  return { step, problem, begin: () => void begin() }
}
