/** Giving one consent, and taking it back. */
import type { Consent } from '../../api/types'
import { call } from '../../state/signed_in'
import { useChange, type Change } from './change'

/** Turns the consent to what it is not; `changed` runs when the service has it. */
export function useConsentChange(consent: Consent, changed: () => void): Change {
  const { purpose, version } = consent
  const turn = () => (consent.given_at
    ? call<unknown>('DELETE', '/me/consents', { body: { purpose } })
    : call<unknown>('POST', '/me/consents', { body: { purpose, version } }))
  return useChange(turn, changed)
}
