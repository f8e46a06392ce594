import { Popover } from 'radix-ui'
import type { ReactNode } from 'react'

import { Icon, type IconName } from './Icon'

/** A button that opens a panel below it. */
export function PopoverButton({
  icon,
  text,
  title,
  isOpen,
  onOpenChange,
  children,
}: {
  icon: IconName
  text: string
  title: string
  isOpen: boolean
  onOpenChange: (isOpen: boolean) => void
  children: ReactNode
}) {
  return (
    <Popover.Root open={isOpen} onOpenChange={onOpenChange}>
      <Popover.Trigger className="button">
        <Icon name={icon} /> {text}
      </Popover.Trigger>
      <Popover.Content className="popover" align="end" sideOffset={6} collisionPadding={8} aria-label={title}>
        {children}
      </Popover.Content>
    </Popover.Root>
  )
}
