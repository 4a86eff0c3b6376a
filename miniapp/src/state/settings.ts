/** How this person reads the screens: language and type size, kept on the device. */
import { readKept, writeKept } from '../api/platform'
import { say, type Blanks, type Language, type WordKey } from '../words'
import { watched } from './watched'

const LANGUAGE = 'lifeline.language'
const ELDER = 'lifeline.elder'

const language = watched<Language>(readKept(LANGUAGE) === 'en' ? 'en' : 'zh-CN')
const elder = watched(readKept(ELDER) === '1')

export function setLanguage(next: Language): void {
  writeKept(LANGUAGE, next)
  language.set(next)
}

export function setElder(next: boolean): void {
  writeKept(ELDER, next ? '1' : undefined)
  elder.set(next)
}

export type Say = (key: WordKey, blanks?: Blanks) => string

/** Language, type size and the words in that language. */
export function useSettings(): { language: Language; elder: boolean; t: Say } {
  const spoken = language.use()
  return { language: spoken, elder: elder.use(), t: (key, blanks) => say(spoken, key, blanks) }
}
