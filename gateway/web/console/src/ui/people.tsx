import { useIsPrivate } from '../app/preferences'
import type { IdentitiesFragment } from '../gql/graphql'
import { Icon, type IconName } from './Icon'

export type Kind = Exclude<keyof IdentitiesFragment, '__typename'>

export const KINDS: Record<Kind, { label: string; icon: IconName }> = {
  user: { label: 'User', icon: 'user' },
  phone: { label: 'Phone', icon: 'phone' },
  guest: { label: 'Guest', icon: 'guest' },
  application: { label: 'Application', icon: 'bot' },
  applicationInstance: { label: 'Application instance', icon: 'bot' },
  azureCommunicationServicesUser: { label: 'Azure Communication Services user', icon: 'cloud' },
  onPremises: { label: 'On-premises identity', icon: 'user' },
  assertedIdentity: { label: 'Asserted identity', icon: 'user' },
  encrypted: { label: 'Encrypted identity', icon: 'key' },
  device: { label: 'Device', icon: 'device' },
}

export interface KnownIdentity {
  kind: Kind
  id?: string | null
  displayName?: string | null
}

/** The identities in a set, the most telling first. */
export function identitiesOf(set: IdentitiesFragment): KnownIdentity[] {
  return (Object.keys(KINDS) as Kind[]).flatMap((kind) => {
    const identity = set[kind]
    return identity ? [{ kind, ...identity }] : []
  })
}

export const HIDDEN = 'hidden'

/** A person by name or number, with an icon for the kind of identity. */
export function Person({ set }: { set: IdentitiesFragment }) {
  const isPrivate = useIsPrivate()
  const [identity] = identitiesOf(set)
  if (!identity) return <span className="muted">Unknown</span>
  const { label, icon } = KINDS[identity.kind]
  const name = identity.displayName || identity.id
  return (
    <span className="person">
      <Icon name={icon} />
      <span className="visually-hidden">{label}: </span>
      <bdi>{isPrivate ? HIDDEN : name || <span className="muted">without a name</span>}</bdi>
    </span>
  )
}

const NUMBER = /\+\d[\d ()-]{5,}\d/g

/** A text without telephone numbers, where these are hidden. */
export function withoutNumbers(text: string, isPrivate: boolean): string {
  return isPrivate ? text.replace(NUMBER, HIDDEN) : text
}

/** A JSON value in which the ids and names of people are hidden. */
export function withoutPeople(value: unknown, isIdentity = false): unknown {
  if (typeof value === 'string') return withoutNumbers(value, true)
  if (Array.isArray(value)) return value.map((one) => withoutPeople(one, isIdentity))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const isPersonal = isIdentity && (name === 'id' || name === 'displayName')
      if (isPersonal && typeof inner === 'string') return [name, HIDDEN]
      return [name, withoutPeople(inner, isIdentity || name === 'identity')]
    }),
  )
}
