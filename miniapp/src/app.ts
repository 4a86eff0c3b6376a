import type { PropsWithChildren } from 'react'
import './styles/tokens.css'
import './styles/base.css'
import './styles/parts.css'
import './styles/screens.css'
import './styles/billing.css'
import './styles/payments.css'
import './styles/publications.css'
import './styles/solar.css'

/** The mini-program: one source for Alipay and for the H5 pages the gateway serves. */
export default function App({ children }: PropsWithChildren) {
  return children
}
