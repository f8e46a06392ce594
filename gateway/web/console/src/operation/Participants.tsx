import { Link } from '@tanstack/react-router'

import { useIsPrivate } from '../app/preferences'
import type { StateFragment } from '../gql/graphql'
import { Icon } from '../ui/Icon'
import { HIDDEN, identitiesOf, KINDS } from '../ui/people'
import { Additional } from './Additional'

/** Who is invited, by every identity known. */
export function Participants({ participants }: { participants: StateFragment['participants'] }) {
  if (participants.length === 0) return <p className="muted">Nobody is invited.</p>
  return (
    <ul className="participants">
      {participants.map((participant, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: participants have no key of their own
        <li key={place}>
          <Participant participant={participant} />
        </li>
      ))}
    </ul>
  )
}

function Participant({ participant }: { participant: StateFragment['participants'][number] }) {
  const { identity, additionalProperties, ...declared } = participant
  const { hidden, removeFromDefaultAudioRoutingGroup, region, languageId, replacesCallId, participantId } =
    declared
  const identities = identitiesOf(identity)
  const facts: [string, string | null | undefined][] = [
    ['Id in the call', participantId],
    ['Region', region],
    ['Language', languageId],
    ['Replaces the call', replacesCallId],
    ['Endpoint', identity.endpointType],
    ['Hidden from others', hidden == null ? null : yesOrNo(hidden)],
    [
      'Out of the main audio mix',
      removeFromDefaultAudioRoutingGroup == null ? null : yesOrNo(removeFromDefaultAudioRoutingGroup),
    ],
  ]
  return (
    <>
      {identities.length === 0 && <p className="muted">Without an identity</p>}
      {identities.map((one) => (
        <Identity key={one.kind} identity={one} additional={identity[one.kind]?.additionalProperties} />
      ))}
      <dl className="properties small">
        {facts.flatMap(([name, value]) =>
          value
            ? [
                <dt key={name}>{name}</dt>,
                <dd key={`${name} value`}>
                  <bdi>{value}</bdi>
                </dd>,
              ]
            : [],
        )}
        <Additional value={identity.additionalProperties} />
        <Additional value={additionalProperties} />
      </dl>
    </>
  )
}

const yesOrNo = (value: boolean) => (value ? 'yes' : 'no')

function Identity({
  identity: { kind, id, displayName },
  additional,
}: {
  identity: ReturnType<typeof identitiesOf>[number]
  additional: unknown
}) {
  const isPrivate = useIsPrivate()
  const { label, icon } = KINDS[kind]
  const name = isPrivate ? HIDDEN : displayName
  return (
    <div className="identity">
      <Icon name={icon} />
      <div>
        <p>
          <strong>{name ? <bdi>{name}</bdi> : id ? <IdLink id={id} /> : 'Without a name'}</strong>{' '}
          <span className="muted">{label}</span>
        </p>
        {name && id && <p>{isPrivate ? <code>{HIDDEN}</code> : <IdLink id={id} />}</p>}
        <dl className="properties small">
          <Additional value={additional} />
        </dl>
      </div>
    </div>
  )
}

function IdLink({ id }: { id: string }) {
  return (
    <Link to="/operations" search={{ participant: id }} title="All operations with this participant">
      <code>{id}</code>
    </Link>
  )
}
