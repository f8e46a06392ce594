import { Link } from '@tanstack/react-router'

import { setting } from '../../../shared/settings'
import { useIsPrivate } from '../app/preferences'
import { DeleteButton } from '../edit/DeleteDialog'
import { UpdateButton } from '../edit/UpdateDialog'
import { Card } from '../ui/Card'
import { Icon } from '../ui/Icon'
import { FailureNotice, Loading, Notice } from '../ui/Notice'
import { withoutNumbers } from '../ui/people'
import { Status } from '../ui/Status'
import { CopyMenu } from './CopyMenu'
import { Participants } from './Participants'
import { Json, Properties, Result } from './Properties'
import { Related } from './Related'
import { playgroundLink } from './requests'
import { Timeline } from './Timeline'
import { useOperation } from './useOperation'
import type { Versions } from './versions'

/** One operation, with its history. */
export function OperationPage({ id }: { id: string }) {
  const { loaded, reload } = useOperation(id)
  if (typeof loaded === 'object' && 'versions' in loaded) return <Whole id={id} versions={loaded.versions} />
  return (
    <>
      <title>{`Operation ${id} · Invite gateway`}</title>
      {loaded === 'loading' ? (
        <Loading what="the operation" />
      ) : loaded === 'missing' ? (
        <Missing id={id} />
      ) : (
        <FailureNotice failure={loaded.failure} onRetry={reload} />
      )}
    </>
  )
}

function Missing({ id }: { id: string }) {
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

function Whole({ id, versions }: { id: string; versions: Versions }) {
  const isPrivate = useIsPrivate()
  const { current, history, isDeleted } = versions
  const { clientContext } = current
  const title = clientContext ? withoutNumbers(clientContext, isPrivate) : 'Operation without a context'
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
      {isDeleted && <p className="banner">This operation was deleted. This is its last state.</p>}
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
