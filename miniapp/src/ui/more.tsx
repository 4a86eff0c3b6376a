/** The way to a list's next page. */
import type { Problem } from '../api/problem'
import { useSettings } from '../state/settings'
import { Button, ProblemNote } from './parts'

/** Nothing when the list has ended. */
export function More({ list }: { list: { laterProblem?: Problem; more?: () => void } }) {
  const { t } = useSettings()
  const { laterProblem, more } = list
  if (!more) return null
  return (
    <>
      {laterProblem && <ProblemNote problem={laterProblem} retry={more} />}
      <Button kind='quiet' onTap={more} testId='more'>{t('app.more')}</Button>
    </>
  )
}
