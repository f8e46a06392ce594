import { Link } from '@tanstack/react-router'
import { DropdownMenu } from 'radix-ui'
import { type ReactNode, useState } from 'react'
import { useQuery } from 'urql'

import { setting } from '../../../shared/settings'
import { usePreferences } from '../app/preferences'
import { DeleteButton } from '../edit/DeleteDialog'
import { UpdateButton } from '../edit/UpdateDialog'
import { RelatedDocument, type StateFragment } from '../gql/graphql'
import { filterOf } from '../list/search'
import { causeOf } from '../overview/causes'
import { Icon } from '../ui/Icon'
import { FailureNotice, Loading, Notice } from '../ui/Notice'
import { HIDDEN, identitiesOf, KINDS, withoutNumbers, withoutPeople } from '../ui/people'
import { Status } from '../ui/Status'
import { Duration, dateAndTime, isFinished, When } from '../ui/time'
import { asCurl, asGraphQL, playgroundLink } from './requests'
import type { Story } from './state'
import { Timeline } from './Timeline'
import { useStory } from './useStory'

/** One operation with its whole story. */
export function OperationPage({ id }: { id: string }) {
  const { loaded, reload } = useStory(id)
  if (loaded === 'loading') return <Loading what="the operation" />
  if (loaded === 'missing') {
    return (
      <Notice title="There is no such operation">
        <p>
          No operation has the id <code>{id}</code>. It may have been deleted.
        </p>
        <Link to="/operations" className="button primary">
          All operations
        </Link>
      </Notice>
    )
  }
  if ('failure' in loaded) return <FailureNotice failure={loaded.failure} onRetry={reload} />
  return <Whole id={id} story={loaded.story} />
}

function Whole({ id, story }: { id: string; story: Story }) {
  const { isPrivate } = usePreferences()
  const { current, history, isDeleted } = story
  const { clientContext } = current
  const title = clientContext ? withoutNumbers(clientContext, isPrivate) : 'Without a context'
  return (
    <article className="operation-page">
      <title>{`${title} · Invite gateway`}</title>
      <div className="page-head operation-head">
        <div>
          <Link to="/operations" className="back">
            Operations
          </Link>
          <h1>
            <bdi>{title}</bdi>
          </h1>
          <p className="id-line">
            <Status status={current.status} isDeleted={isDeleted} /> <code>{id}</code>
          </p>
        </div>
        <div className="actions">
          <CopyMenu id={id} />
          {setting('playground') === 'true' && (
            <a className="button" href={playgroundLink(id)}>
              <Icon name="open" /> Open in the playground
            </a>
          )}
          {!isDeleted && (
            <>
              <UpdateButton id={id} current={current} />
              <DeleteButton id={id} version={current.version} />
            </>
          )}
        </div>
      </div>
      {isDeleted && <p className="banner">This operation was deleted. Here it is as it was last.</p>}
      <div className="columns">
        <div>
          <Card title="Result">
            <Result current={current} />
          </Card>
          <Card title="Properties">
            <Properties current={current} />
          </Card>
          <Card title={`Participants (${current.participants.length})`}>
            <Participants participants={current.participants} />
          </Card>
        </div>
        <div>
          <Card title="History">
            <Timeline history={history} />
          </Card>
          <Related id={id} current={current} />
          <Card title="JSON">
            <Json value={{ id, ...current }} />
          </Card>
        </div>
      </div>
    </article>
  )
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="card">
      <h2>{title}</h2>
      {children}
    </section>
  )
}

function Result({ current }: { current: StateFragment }) {
  const { isPrivate } = usePreferences()
  const { resultInfo } = current
  return (
    <>
      <p className="took">
        <Duration operation={current} />{' '}
        <span className="muted">{isFinished(current) ? 'from creation to the last change' : 'so far'}</span>
      </p>
      {resultInfo ? (
        <>
          <p>
            <Link
              to="/operations"
              search={{ result: `${resultInfo.code}/${resultInfo.subcode}` }}
              title="All operations with this result"
            >
              <code>
                {resultInfo.code}/{resultInfo.subcode}
              </code>
            </Link>{' '}
            {causeOf(resultInfo)}
          </p>
          {resultInfo.message && (
            <p className="message">
              <bdi>{withoutNumbers(resultInfo.message, isPrivate)}</bdi>
            </p>
          )}
        </>
      ) : (
        <p className="muted">There is no result yet.</p>
      )}
    </>
  )
}

function Properties({ current }: { current: StateFragment }) {
  const { callId, version, createdAt, updatedAt, additionalProperties } = current
  return (
    <dl className="properties">
      <dt>Call</dt>
      <dd>
        {callId ? (
          <Link to="/operations" search={{ call: callId }}>
            <bdi>{callId}</bdi>
          </Link>
        ) : (
          <span className="muted">not known</span>
        )}
      </dd>
      <dt>Version</dt>
      <dd>{version}</dd>
      <dt>Created</dt>
      <dd>
        {dateAndTime(createdAt)}, <When time={createdAt} />
      </dd>
      <dt>Last changed</dt>
      <dd>
        {dateAndTime(updatedAt)}, <When time={updatedAt} />
      </dd>
      <Additional value={additionalProperties} />
    </dl>
  )
}

/** Properties that Microsoft Graph sends without declaring them. */
function Additional({ value }: { value: unknown }) {
  const { isPrivate } = usePreferences()
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

function Participants({ participants }: { participants: StateFragment['participants'] }) {
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
  const { isPrivate } = usePreferences()
  const { label, icon } = KINDS[kind]
  return (
    <div className="identity">
      <Icon name={icon} />
      <div>
        <p>
          <strong>
            <bdi>{isPrivate ? HIDDEN : displayName || id || 'Without a name'}</bdi>
          </strong>{' '}
          <span className="muted">{label}</span>
        </p>
        {id && (
          <p>
            {isPrivate ? (
              <code>{HIDDEN}</code>
            ) : (
              <Link
                to="/operations"
                search={{ participant: id }}
                title="All operations with this participant"
              >
                <code>{id}</code>
              </Link>
            )}
          </p>
        )}
        <dl className="properties small">
          <Additional value={additional} />
        </dl>
      </div>
    </div>
  )
}

function Json({ value }: { value: object }) {
  const { isPrivate } = usePreferences()
  return (
    <details>
      <summary>Show the JSON</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <pre className="json" tabIndex={0}>
        {JSON.stringify(isPrivate ? withoutPeople(value) : value, null, 2)}
      </pre>
    </details>
  )
}

/** Others of the same call. */
function Related({ id, current: { callId } }: { id: string; current: StateFragment }) {
  const { isPrivate } = usePreferences()
  const [{ data }] = useQuery({
    query: RelatedDocument,
    variables: { filter: { and: [filterOf({ call: callId ?? '' }), { id: { neq: id } }] } },
    pause: !callId,
  })
  const related = data?.inviteParticipantsOperations
  if (!callId || !related || related.totalCount === 0) return null
  return (
    <Card title={`Others of the same call (${related.totalCount})`}>
      <ul className="related">
        {related.nodes.map((other) => (
          <li key={other.id}>
            <Status status={other.status} />
            <Link to="/operations/$id" params={{ id: other.id }}>
              <bdi>{other.clientContext ? withoutNumbers(other.clientContext, isPrivate) : other.id}</bdi>
            </Link>
            <span className="muted">
              <When time={other.createdAt} />
            </span>
          </li>
        ))}
      </ul>
      <Link to="/operations" search={{ call: callId }}>
        All of the call
      </Link>
    </Card>
  )
}

function CopyMenu({ id }: { id: string }) {
  const [said, setSaid] = useState('')

  async function copy(text: string) {
    try {
      await navigator.clipboard.writeText(text)
      setSaid('Copied')
    } catch {
      setSaid('The browser did not allow copying')
    }
    setTimeout(() => setSaid(''), 3_000)
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
      <span className="said" role="status">
        {said}
      </span>
    </>
  )
}
