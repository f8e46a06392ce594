import { DropdownMenu } from 'radix-ui'

import { setPreferences, usePreferences } from '../app/preferences'
import { Icon } from '../ui/Icon'
import { columns } from './columns'

/** What the list shows of each operation, and how. */
export function ViewMenu() {
  const { hiddenColumns, hasAbsoluteTimes } = usePreferences()

  function show(id: string, isShown: boolean) {
    const others = hiddenColumns.filter((one) => one !== id)
    setPreferences({ hiddenColumns: isShown ? others : [...others, id] })
  }

  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button">
        <Icon name="columns" /> View
      </DropdownMenu.Trigger>
      <DropdownMenu.Content className="menu" align="end" sideOffset={6} collisionPadding={8}>
        <DropdownMenu.Label className="menu-label">Columns</DropdownMenu.Label>
        {columns
          .filter(({ enableHiding }) => enableHiding !== false)
          .map(({ id = '', header }) => (
            <CheckItem
              key={id}
              isChecked={!hiddenColumns.includes(id)}
              onChange={(isChecked) => show(id, isChecked)}
            >
              {String(header)}
            </CheckItem>
          ))}
        <DropdownMenu.Separator className="menu-separator" />
        <CheckItem
          isChecked={hasAbsoluteTimes}
          onChange={(isChecked) => setPreferences({ hasAbsoluteTimes: isChecked })}
        >
          Dates instead of ages
        </CheckItem>
      </DropdownMenu.Content>
    </DropdownMenu.Root>
  )
}

function CheckItem({
  isChecked,
  onChange,
  children,
}: {
  isChecked: boolean
  onChange: (isChecked: boolean) => void
  children: string
}) {
  return (
    <DropdownMenu.CheckboxItem
      className="menu-item"
      checked={isChecked}
      onCheckedChange={onChange}
      onSelect={(event) => event.preventDefault()}
    >
      <span className="menu-check">
        <DropdownMenu.ItemIndicator>
          <Icon name="check" />
        </DropdownMenu.ItemIndicator>
      </span>
      {children}
    </DropdownMenu.CheckboxItem>
  )
}
