import { DropdownMenu } from 'radix-ui'

import { setPreferences, usePreferences } from '../app/preferences'
import { Icon } from '../ui/Icon'
import { columns } from './columns'
import type { ColumnId } from './search'

/** What the list shows of each operation, and how. */
export function ViewMenu({ shown, onShow }: { shown: ColumnId[]; onShow: (columns: ColumnId[]) => void }) {
  const { hasAbsoluteTimes } = usePreferences()

  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger className="button">
        <Icon name="columns" /> Columns
      </DropdownMenu.Trigger>
      <DropdownMenu.Content className="menu" align="end" sideOffset={6} collisionPadding={8}>
        <DropdownMenu.Label className="menu-label">Columns</DropdownMenu.Label>
        {columns
          .filter(({ enableHiding }) => enableHiding !== false)
          .map(({ id, header }) => (
            <CheckItem
              key={id}
              isChecked={shown.includes(id as ColumnId)}
              onChange={(isChecked) =>
                onShow(isChecked ? [...shown, id as ColumnId] : shown.filter((one) => one !== id))
              }
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
