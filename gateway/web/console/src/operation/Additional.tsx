import { useIsPrivate } from '../app/preferences'
import { HIDDEN } from '../ui/people'

/** Properties that Microsoft Graph sends without declaring them. */
export function Additional({ value }: { value: unknown }) {
  const isPrivate = useIsPrivate()
  if (typeof value !== 'object' || value === null) return null
  return Object.entries(value).map(([name, inner]) => [
    <dt key={`${name} name`}>
      <bdi>{name}</bdi>
    </dt>,
    <dd key={`${name} value`}>
      <bdi>{isPrivate ? HIDDEN : typeof inner === 'string' ? inner : JSON.stringify(inner)}</bdi>
    </dd>,
  ])
}
