/** Building blocks in a browser: plain HTML elements, so landmarks, headings, buttons and focus are the browser's own. */
import { createElement } from 'react'
import type { BoxProps, FieldProps, PhoneTapProps, PictureProps, TapProps } from './attributes'

export function Box({ as = 'div', className, style, label, role, live, decoration, current, testId, children }: BoxProps) {
  return createElement(
    as,
    {
      className,
      style,
      role,
      'aria-label': label,
      'aria-live': live ? 'polite' : undefined,
      'aria-hidden': decoration || undefined,
      'aria-current': current,
      // The keyboard can be brought to the start of a screen.
      tabIndex: as === 'main' ? -1 : undefined,
      'data-testid': testId,
    },
    children,
  )
}

export function Tap({ onTap, className = '', label, disabled, pressed, checked, expanded, current, testId, children }: TapProps) {
  return (
    <button
      type='button'
      className={`tap ${className}`}
      onClick={onTap}
      disabled={disabled}
      role={checked === undefined ? undefined : 'checkbox'}
      aria-checked={checked}
      aria-label={label}
      aria-pressed={pressed}
      aria-expanded={expanded}
      aria-current={current}
      data-testid={testId}
    >
      {children}
    </button>
  )
}

/** A browser cannot be told the phone: it draws nothing. */
export function PhoneTap(_: PhoneTapProps) {
  return null
}

const INPUT_MODES = { digits: 'numeric', amount: 'decimal', text: 'text', code: 'numeric', password: 'text' } as const

export function Field({ label, value, onType, kind, maxLength, invalid, testId }: FieldProps) {
  return (
    <label className='field'>
      <span className='field-label'>{label}</span>
      <input
        className={`field-input${invalid ? ' invalid' : ''}`}
        value={value}
        onChange={(event) => onType(event.target.value)}
        type={kind === 'password' ? 'password' : 'text'}
        inputMode={INPUT_MODES[kind]}
        autoComplete={kind === 'code' ? 'one-time-code' : 'off'}
        maxLength={maxLength}
        aria-invalid={invalid || undefined}
        data-testid={testId}
      />
    </label>
  )
}

/** A picture of ours. Without words beside it it is decoration. */
export function Picture({ path, alt }: PictureProps) {
  return <img className='picture' src={path} alt={alt} loading='lazy' />
}

export interface IconProps { path: string; className?: string }

/** A line drawing on a 24 by 24 grid; decoration, so never read aloud. */
export function Drawing({ path, className = '' }: IconProps) {
  return (
    <svg className={`icon ${className}`} viewBox='0 0 24 24' fill='none' stroke='currentColor' strokeWidth='1.8' strokeLinecap='round' strokeLinejoin='round' aria-hidden='true' focusable='false'>
      <path d={path} />
    </svg>
  )
}
