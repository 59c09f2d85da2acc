/**
 * A list, and the watch that keeps it current.
 *
 * A watch goes on where the last one ended; when the API server no longer knows that place, or nobody can say what was missed, all is
 * listed again. Nothing here stops by itself: whatever fails is tried again, and `problem` says so meanwhile.
 */
import type { Log } from '../admission/endpoint.ts'
import type { ApiServer, Collection, Follow, Following, Sighting } from '../controller/api-server.ts'
import { type Freshness, freshness } from './freshness.ts'
import type { Line } from './line.ts'
import { list } from './list.ts'
import { pauseOf } from './pause.ts'
import { keepSafely } from './sighting.ts'
import type { Time } from './silence.ts'
import { type WatchEnd, watch } from './watch.ts'

export interface FollowDeps extends Time {
  /** For lists. */
  readonly api: ApiServer
  /** For watches: as many connections as there are collections. */
  readonly line: Line
  /** From 0 to below 1. */
  readonly random: () => number
  readonly log: Pick<Log, 'problem' | 'event'>
}

/** A CRD may be installed later. */
const ABSENT_MS = 60_000
/**
 * Well below the silence that is taken for death, so that something always comes: an event, a bookmark, or the end of the watch.
 * Bookmarks alone will not do: none is sent while the collection is at the version that the watch began with, and a quiet collection
 * stays there unless etcd tells of its progress (kubeadm asks for that every 5 s; etcd by itself does it every 10 minutes). Spread,
 * so that the watches of many replicas do not end together.
 */
const [SHORTEST_WATCH_S, LONGEST_WATCH_S] = [40, 80]
/** A watch that ends sooner and told nothing was not ended by the API server as agreed. */
const TOO_SHORT_MS = 1_000

export function following(deps: FollowDeps): Follow {
  return collection => {
    const stop = new AbortController()
    const fresh = freshness(collection.path, deps.log, deps.clock)
    const { promise: listed, resolve } = Promise.withResolvers<void>()
    void followed({ ...deps, collection, fresh, stopped: stop.signal, told: resolve })
    return { listed, problem: fresh.problem, stop: () => stop.abort() } satisfies Following
  }
}

interface Follower<T> extends FollowDeps {
  readonly collection: Collection<T>
  readonly fresh: Freshness
  readonly stopped: AbortSignal
  /** The first list was told. */
  readonly told: () => void
}

/** What a list or a watch leaves behind. */
interface Step {
  /** Where a watch goes on; undefined: all must be listed. */
  readonly version: bigint | undefined
  readonly next: 'at once' | 'later' | 'when the API may be there'
  /** Enough went well for the next pause to be short. */
  readonly isProgress?: boolean
  readonly retryAfterMs?: number | undefined
}

async function followed<T>(follower: Follower<T>): Promise<void> {
  const pause = pauseOf(follower)
  let version: bigint | undefined
  while (!follower.stopped.aborted) {
    const step: Step = await (version === undefined ? listed(follower) : watched(follower, version))
    version = step.version
    if (step.isProgress === true) pause.reset()
    if (step.next === 'later') await pause.growing(step.retryAfterMs)
    if (step.next === 'when the API may be there') await pause.of(ABSENT_MS)
  }
}

async function listed<T>(follower: Follower<T>): Promise<Step> {
  const { api, collection, fresh, log, stopped } = follower
  const listing = await list({ api, collection, keep: keepSafely(collection, log) })
  if (stopped.aborted) return { version: undefined, next: 'at once' }
  switch (listing.kind) {
    case 'failed':
      fresh.failed({ ...listing, isRefusal: listing.cause === undefined })
      return { version: undefined, next: 'later', retryAfterMs: listing.retryAfterMs }
    case 'absent':
      return toldAll(follower, [], 0n)
        ? { version: undefined, next: 'when the API may be there' }
        : { version: undefined, next: 'later' }
    case 'listed':
      return toldAll(follower, listing.all, listing.version)
        ? { version: listing.version, next: 'at once' }
        : { version: undefined, next: 'later' }
  }
}

function toldAll<T>({ collection, fresh, told }: Follower<T>, all: readonly Sighting<T>[], version: bigint): boolean {
  try {
    collection.audience.replaced(all, version)
  } catch (cause) {
    fresh.behind('who was told of the list failed', cause)
    return false
  }
  fresh.current()
  told()
  return true
}

async function watched<T>(follower: Follower<T>, from: bigint): Promise<Step> {
  const { collection, fresh, clock, random, log, stopped } = follower
  const begunMs = clock.now()
  let version = from
  const end = await watch(
    {
      ...follower,
      audience: collection.audience,
      keep: keepSafely(collection, log),
      seconds: SHORTEST_WATCH_S + Math.floor(random() * (LONGEST_WATCH_S - SHORTEST_WATCH_S)),
      opened: fresh.current,
      reached: told => {
        version = told
      },
    },
    from,
  )
  if (!stopped.aborted) noted(end, fresh)
  switch (end.kind) {
    case 'over':
      return version === from && clock.now() - begunMs < TOO_SHORT_MS
        ? { version, next: 'later' }
        : { version, next: 'at once', isProgress: true }
    case 'failed':
      return { version, next: 'later', isProgress: version !== from, retryAfterMs: end.retryAfterMs }
    case 'gone':
    case 'silent':
    case 'untold':
      return { version: undefined, next: 'later' }
  }
}

function noted(end: WatchEnd, fresh: Freshness): void {
  switch (end.kind) {
    case 'over':
      return
    case 'gone':
      fresh.failed({ why: 'the watch has expired', isRefusal: false })
      return
    case 'silent':
      // What was swallowed cannot be known; a list is certain, where a new watch might hang at the same cache.
      fresh.behind('the watch went silent')
      return
    case 'untold':
      fresh.behind('who was told of a change failed', end.cause)
      return
    case 'failed':
      fresh.failed({ ...end, isRefusal: end.cause === undefined })
      return
  }
}
