/** What the building blocks accept on both targets. */
import type { CSSProperties, ReactNode } from 'react'

export type Tag =
  | 'div' | 'main' | 'section' | 'header' | 'nav' | 'ul' | 'ol' | 'li' | 'p' | 'h1' | 'h2' | 'h3' | 'span' | 'strong' | 'dl' | 'dt' | 'dd' | 'form'

export interface BoxProps {
  as?: Tag
  className?: string
  style?: CSSProperties
  /** Accessible name. */
  label?: string
  role?: string
  /** Read aloud when it changes. */
  live?: boolean
  /** Not for screen readers. */
  decoration?: boolean
  /** The current one of a list: a step, a page. */
  current?: 'page' | 'step'
  testId?: string
  children?: ReactNode
}

export interface TapProps {
  onTap: () => void
  className?: string
  label?: string
  disabled?: boolean
  /** State of a switch. */
  pressed?: boolean
  /** State of a tick. */
  checked?: boolean
  /** State of something that opens. */
  expanded?: boolean
  current?: 'page'
  testId?: string
  children?: ReactNode
}

export interface PhoneTapProps {
  /** Runs when the person let Alipay tell their phone. */
  onLeave: () => void
  className?: string
  disabled?: boolean
  testId?: string
  children?: ReactNode
}

export interface FieldProps {
  label: string
  value: string
  onType: (value: string) => void
  kind: 'digits' | 'amount' | 'text' | 'code' | 'password'
  maxLength: number
  invalid?: boolean
  testId?: string
}

export interface PictureProps {
  /** Where the line serves it. */
  path: string
  /** What it shows, for those who cannot see it. */
  alt: string
}
