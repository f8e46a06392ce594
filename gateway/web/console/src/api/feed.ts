import type { Failure } from './failure'

export type FeedStatus =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'paused' }
  | { kind: 'reconnecting'; attempt: number; failure: Failure }
  | { kind: 'stopped'; failure: Failure }

export interface Sink<Change> {
  onOpen: () => void
  onChange: (change: Change) => void
  onEnd: (failure: Failure) => void
}

export interface ChangeSource<Change> {
  /** Follow the changes after a cursor; returns what stops that. */
  follow: (after: string, sink: Sink<Change>) => () => void
  /** Whether the changes after a cursor are too many to follow them one by one. */
  isFarBehind: (cursor: string) => Promise<boolean>
}

/** Why changes after the cursor do not come: they are no longer kept, or they are too many. */
export type Gap = 'expired' | 'far behind'

export interface FeedListener<Change> {
  /** Called with the changes of a moment together, in order. */
  onChanges: (changes: Change[]) => void
  onStatus: (status: FeedStatus, cursor: string) => void
  /** What is shown has to be read again, and followed from there. */
  onGap: (gap: Gap) => void
}

const BATCH_MILLISECONDS = 100
const FIRST_RETRY_MILLISECONDS = 500
const LAST_RETRY_MILLISECONDS = 15_000
const FINAL = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED'])

/** How long to wait before a try, so that many consoles do not come back at once. */
export function retryDelay(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(FIRST_RETRY_MILLISECONDS * 2 ** (attempt - 1), LAST_RETRY_MILLISECONDS)
  return longest / 2 + (random() * longest) / 2
}

/**
 * Follows changes for as long as it is not stopped: after a lost connection, and after a pause, it
 * goes on from the cursor of the last change, so that none is missed and none comes twice, unless
 * there is a gap.
 */
export class Feed<Change extends { cursor: string }> {
  private stopFollowing: (() => void) | null = null
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private batchTimer: ReturnType<typeof setTimeout> | undefined
  private batch: Change[] = []
  private attempt = 0
  private hasFollowed = false

  private readonly source: ChangeSource<Change>
  private readonly listener: FeedListener<Change>
  private cursor: string

  constructor(source: ChangeSource<Change>, listener: FeedListener<Change>, cursor: string) {
    this.source = source
    this.listener = listener
    this.cursor = cursor
  }

  /** Follow from the cursor on; does nothing while that is under way. */
  start(): void {
    clearTimeout(this.retryTimer)
    if (this.stopFollowing) return
    if (this.attempt === 0) this.listener.onStatus({ kind: 'connecting' }, this.cursor)
    if (this.hasFollowed) this.goOn()
    else this.follow()
  }

  /** Follow from the cursor on, unless much has changed since it was followed. */
  private goOn(): void {
    let isCurrent = true
    this.stopFollowing = () => {
      isCurrent = false
    }
    this.source.isFarBehind(this.cursor).then((isFarBehind) => {
      if (!isCurrent) return
      if (isFarBehind) this.listener.onGap('far behind')
      else this.follow()
    })
  }

  private follow(): void {
    this.hasFollowed = true
    let isCurrent = true
    const stop = this.source.follow(this.cursor, {
      onOpen: () => {
        if (!isCurrent) return
        this.attempt = 0
        this.listener.onStatus({ kind: 'live' }, this.cursor)
      },
      onChange: (change) => {
        if (isCurrent) this.take(change)
      },
      onEnd: (failure) => {
        if (!isCurrent) return
        isCurrent = false
        this.stopFollowing = null
        this.end(failure)
      },
    })
    this.stopFollowing = () => {
      isCurrent = false
      stop()
    }
  }

  /** Stop for now; `start` goes on. */
  pause(): void {
    this.stop()
    this.listener.onStatus({ kind: 'paused' }, this.cursor)
  }

  /** Stop, and tell of what has come. */
  stop(): void {
    clearTimeout(this.retryTimer)
    this.stopFollowing?.()
    this.stopFollowing = null
    this.attempt = 0
    this.flush()
  }

  private take(change: Change): void {
    this.cursor = change.cursor
    this.batch.push(change)
    this.batchTimer ??= setTimeout(() => this.flush(), BATCH_MILLISECONDS)
  }

  private flush(): void {
    clearTimeout(this.batchTimer)
    this.batchTimer = undefined
    if (this.batch.length === 0) return
    const changes = this.batch
    this.batch = []
    this.listener.onChanges(changes)
  }

  private end(failure: Failure): void {
    this.flush()
    if (failure.code === 'CURSOR_EXPIRED') {
      this.listener.onGap('expired')
    } else if (FINAL.has(failure.code)) {
      this.listener.onStatus({ kind: 'stopped', failure }, this.cursor)
    } else {
      this.attempt += 1
      this.listener.onStatus({ kind: 'reconnecting', attempt: this.attempt, failure }, this.cursor)
      this.retryTimer = setTimeout(() => this.start(), retryDelay(this.attempt))
    }
  }
}
