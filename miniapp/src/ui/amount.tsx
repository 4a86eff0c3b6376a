/** Amounts, read aloud in words. */
import { yuanText } from '../money/fen'
import { spokenAmount } from '../money/spoken'
import { useSettings } from '../state/settings'
import { Box } from './blocks'

export function Amount({ fen, size = 'line', className = '', testId }: { fen: number; size?: 'hero' | 'title' | 'line'; className?: string; testId?: string }) {
  const { language } = useSettings()
  const text = yuanText(fen)
  return (
    <Box as='span' role='img' label={spokenAmount(fen, language)} className={`amount amount-${size} ${className}`} testId={testId}>
      {text.startsWith('-') && <Box as='span'>-</Box>}
      <Box as='span' className='amount-sign'>¥</Box>
      <Box as='span'>{text.replace('-', '')}</Box>
    </Box>
  )
}
