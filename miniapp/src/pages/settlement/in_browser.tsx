/** A step that needs a browser: where the pages are for one, to be copied. */
import { useState } from 'react'
import { copyText, webAddress } from '../../api/platform'
import { useSettings } from '../../state/settings'
import { Box } from '../../ui/blocks'
import { Button, Note } from '../../ui/parts'

export function InBrowser() {
  const { t } = useSettings()
  const [copied, setCopied] = useState<boolean>()
  const address = webAddress()
  async function copy() {
    setCopied(await copyText(address))
  }
  return (
    <Note tone='due' testId='in-browser'>
      <Box as='p'>{t('solar.identity.browser', { address })}</Box>
      <Button kind='plain' small onTap={() => void copy()} testId='copy-address'>{t('solar.identity.copy')}</Button>
      {copied !== undefined && <Box as='p' live>{t(copied ? 'shelf.copied' : 'solar.identity.copy_failed')}</Box>}
    </Note>
  )
}
