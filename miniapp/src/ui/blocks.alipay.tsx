/** Building blocks in the mini-program: views with the roles that a browser's elements have by themselves. */
import { Button, Image, Input, View } from '@tarojs/components'
import type { BoxProps, FieldProps, PhoneTapProps, PictureProps, Tag, TapProps } from './attributes'

const ROLES: Partial<Record<Tag, string>> = {
  main: 'main', nav: 'navigation', header: 'banner', ul: 'list', ol: 'list', li: 'listitem', h1: 'heading', h2: 'heading', h3: 'heading',
}
const INLINE: Tag[] = ['span', 'strong']

export function Box({ as = 'div', className = '', style, label, role, decoration, testId, children }: BoxProps) {
  return (
    <View
      className={`${INLINE.includes(as) ? 'inline ' : ''}${as === 'strong' ? 'strong ' : ''}${className}`}
      style={style}
      aria-label={label}
      role={decoration ? 'presentation' : (role ?? ROLES[as])}
      data-testid={testId}
    >
      {children}
    </View>
  )
}

export function Tap({ onTap, className = '', label, disabled, checked, testId, children }: TapProps) {
  return (
    <View
      className={`tap ${disabled ? 'disabled ' : ''}${className}`}
      hoverClass='tapped'
      onClick={disabled ? undefined : onTap}
      aria-label={label}
      role={checked === undefined ? 'button' : 'checkbox'}
      aria-checked={checked}
      data-testid={testId}
    >
      {children}
    </View>
  )
}

/** A button at which Alipay itself asks whether the phone may be told. */
export function PhoneTap({ onLeave, className = '', disabled, testId, children }: PhoneTapProps) {
  return (
    <Button
      className={`tap ${disabled ? 'disabled ' : ''}${className}`}
      openType='getAuthorize'
      scope='phoneNumber'
      disabled={disabled}
      onGetAuthorize={onLeave}
      data-testid={testId}
    >
      {children}
    </Button>
  )
}

const KEYBOARDS = { digits: 'number', amount: 'digit', text: 'text', code: 'number', password: 'text' } as const

export function Field({ label, value, onType, kind, maxLength, invalid, testId }: FieldProps) {
  return (
    <View className='field'>
      <View className='field-label'>{label}</View>
      <Input
        className={`field-input${invalid ? ' invalid' : ''}`}
        value={value}
        onInput={(event) => onType(event.detail.value)}
        type={KEYBOARDS[kind]}
        password={kind === 'password'}
        maxlength={maxLength}
        aria-label={label}
        data-testid={testId}
      />
    </View>
  )
}

/** A picture of ours. Without words beside it it is decoration. */
export function Picture({ path, alt }: PictureProps) {
  return <Image className='picture' src={LINE_URL + path} mode='widthFix' aria-label={alt} />
}

export interface IconProps { path: string; className?: string }

/** A line drawing on a 24 by 24 grid, as a mask over the text colour: a mini-program has no SVG elements. */
export function Drawing({ path, className = '' }: IconProps) {
  const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='black' stroke-width='1.8' stroke-linecap='round' stroke-linejoin='round'><path d='${path}'/></svg>`
  const mask = `url("data:image/svg+xml,${encodeURIComponent(svg)}")`
  return <View className={`icon masked ${className}`} style={{ WebkitMaskImage: mask, maskImage: mask }} />
}
