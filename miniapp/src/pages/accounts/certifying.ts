/** The steps of a certification: begin, Alipay's page or leave, the outcome as the gateway heard it from Alipay. */
import { useRef, useState } from 'react'
import { askToCompare, keepHeld, openFace } from '../../api/platform'
import { asProblem, type Problem } from '../../api/problem'
import type { Certification, CertificationKind } from '../../api/types'
import { forgetAnswers } from '../../state/answers'
import { call } from '../../state/signed_in'

export interface Typed { kind: CertificationKind; name: string; id_number: string; terms_version: string }

/** `refused`: the person did not let Alipay compare. */
export type Stage = 'typing' | 'busy' | 'pending' | 'certified' | 'refused'

interface Begun { id: string; held: string }

export function useCertifying() {
  const [stage, setStage] = useState<Stage>('typing')
  const [problem, setProblem] = useState<Problem>()
  const begun = useRef<Begun>()

  async function take(step: () => Promise<Stage>, otherwise: Stage) {
    setStage('busy')
    setProblem(undefined)
    try {
      setStage(await step())
    } catch (thrown) {
      setProblem(asProblem(thrown))
      setStage(otherwise)
    }
  }

  async function outcome(authCode?: string): Promise<Stage> {
    if (!begun.current) return 'typing'
    const { id, held } = begun.current
    const ended = await call<Certification>('POST', `/me/certifications/${encodeURIComponent(id)}/outcome`, { body: { held, auth_code: authCode } })
    if (ended.state !== 'certified') return 'pending'
    forgetAnswers()
    return 'certified'
  }

  async function start(typed: Typed): Promise<Stage> {
    const made = await call<Certification>('POST', '/me/certifications', { body: typed })
    begun.current = { id: made.certification_id, held: made.held ?? '' }
    if (typed.kind === 'certverify') {
      const leave = await askToCompare()
      return leave === undefined ? 'refused' : outcome(leave)
    }
    keepHeld(begun.current.id, begun.current.held)
    const way = await openFace({ url: made.url ?? '', certify_id: made.certify_id ?? '' })
    return way === 'left' ? 'busy' : outcome()
  }

  return {
    stage,
    problem,
    begin: (typed: Typed) => void take(() => start(typed), 'typing'),
    /** Goes on with one that was begun before the browser left. */
    resume(id: string, held: string) {
      begun.current = { id, held }
      void take(outcome, 'typing')
    },
    look: () => void take(outcome, 'pending'),
  }
}
