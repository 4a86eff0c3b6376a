/** A payment out of the ordinary: shows by a code that it is really me, then pays. */
import { useSettings } from '../../state/settings'
import { Note, Card } from '../../ui/parts'
import { StepUpForm } from '../privacy/step_up_form'

export const wantsCode = (problem: { code: string } | undefined) => problem?.code === 'STEP_UP_REQUIRED'

export function Sure({ items, pay }: { items: { binding_id: string; amount_fen: number }[]; pay: () => void }) {
  const { t } = useSettings()
  const act = async () => pay()
  return (
    <Card testId='sure'>
      <Note tone='due' icon='warning'>{t('pay.sure')}</Note>
      <StepUpForm purpose='pay' about={{ items }} act={act} word={t('pay.sure.do')} />
    </Card>
  )
}
