import { useState } from 'react'
import { useSettings } from '../../state/settings'
import { Box, Field } from '../../ui/blocks'
import { Button } from '../../ui/parts'

/** Asks for words to look for; nothing is looked for while typing. */
export function FindBox({ found, find }: { found: string; find: (what: string) => void }) {
  const { t } = useSettings()
  const [typed, setTyped] = useState(found)
  const again = () => {
    setTyped('')
    find('')
  }
  return (
    <Box className='stack'>
      <Field label={t('shelf.find.what')} kind='text' value={typed} onType={setTyped} maxLength={40} testId='find-what' />
      <Button kind='quiet' small onTap={() => find(typed.trim())} testId='find'>{t('shelf.find')}</Button>
      {found !== '' && <Button kind='plain' small onTap={again} testId='find-all'>{t('shelf.find.again')}</Button>}
    </Box>
  )
}

/** What an empty list says. */
export function NothingFound({ found }: { found: string }) {
  const { t } = useSettings()
  return <Box as='p' className='soft' testId='none-found'>{found === '' ? t('shelf.none') : t('shelf.none.found', { what: found })}</Box>
}
