import { Dialog } from 'radix-ui'
import { type ReactNode, useEffect } from 'react'

import { Icon } from './Icon'

/** While it is there, nothing of the page behind can be reached, by whatever means. */
export function InertPage() {
  useEffect(() => {
    const root = document.getElementById('root')
    root?.toggleAttribute('inert', true)
    return () => {
      root?.toggleAttribute('inert', false)
    }
  }, [])
  return null
}

/**
 * A dialog over the page. Radix's own overlay is left out: it would write a style into the page,
 * which the Content-Security-Policy forbids.
 */
export function Modal({
  title,
  trigger,
  isOpen,
  onOpenChange,
  children,
}: {
  title: string
  trigger?: ReactNode
  isOpen: boolean
  onOpenChange: (isOpen: boolean) => void
  children: ReactNode
}) {
  return (
    <Dialog.Root open={isOpen} onOpenChange={onOpenChange}>
      {trigger && <Dialog.Trigger asChild>{trigger}</Dialog.Trigger>}
      <Dialog.Portal>
        <div className="backdrop" />
        <Dialog.Content className="dialog" aria-describedby={undefined}>
          <InertPage />
          <Dialog.Title>{title}</Dialog.Title>
          {children}
          <Dialog.Close className="button quiet icon-only dialog-close" aria-label="Close">
            <Icon name="close" />
          </Dialog.Close>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
