import { DropdownMenu } from 'radix-ui'
import { useState } from 'react'

import { setting } from '../../../shared/settings'
import { Icon } from '../ui/Icon'
import { asCurl, asGraphQL } from './requests'

/** Copies an operation's id, its link, or the request for it. */
export function CopyMenu({ id }: { id: string }) {
  const [notice, setNotice] = useState('')

  async function copy(text: string) {
    try {
      await navigator.clipboard.writeText(text)
      setNotice('Copied')
    } catch {
      setNotice('The browser did not allow copying')
    }
    setTimeout(() => setNotice(''), 3_000)
  }

  return (
    <>
      <DropdownMenu.Root modal={false}>
        <DropdownMenu.Trigger className="button">
          <Icon name="copy" /> Copy
        </DropdownMenu.Trigger>
        <DropdownMenu.Content className="menu" align="end" sideOffset={6} collisionPadding={8}>
          <DropdownMenu.Item className="menu-item" onSelect={() => copy(id)}>
            The id
          </DropdownMenu.Item>
          <DropdownMenu.Item className="menu-item" onSelect={() => copy(location.href)}>
            The link to this page
          </DropdownMenu.Item>
          <DropdownMenu.Item className="menu-item" onSelect={() => copy(asGraphQL(id))}>
            As GraphQL
          </DropdownMenu.Item>
          <DropdownMenu.Item
            className="menu-item"
            onSelect={() => copy(asCurl(id, location.origin, setting('auth') !== 'none'))}
          >
            As curl
          </DropdownMenu.Item>
        </DropdownMenu.Content>
      </DropdownMenu.Root>
      <span className="copy-notice" role="status">
        {notice}
      </span>
    </>
  )
}
