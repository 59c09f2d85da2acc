/** Writes what is told of documents into their statuses, as the leader does: off the admission path, bounded, and only what changed. */
import { isDeepStrictEqual } from 'node:util'
import type { Clock, Log } from '../../admission/endpoint.ts'
import { fieldAt, objectAt } from '../../admission/objects.ts'
import { identityInCluster, type SoundCluster, type Unsound } from '../../admission/sound-cluster.ts'
import type { Book } from '../../quota/book.ts'
import type { Timer } from '../../quota/waiter.ts'
import { KINDS } from '../../schema/documents.ts'
import { API_VERSION } from '../../schema/kind.ts'
import type { Issue } from '../../schema/parsed.ts'
import type { JsonObject } from '../../schema/parts.ts'
import type { ApiServer, Audience, Follow, Sighting } from '../api-server.ts'
import { openRounds, type Rounds } from '../rounds.ts'
import { tokenBucket } from '../waking/token-bucket.ts'
import { conditionsOf, type Outlook, type Report, readReport, reportOf } from './conditions.ts'
import { excessWatch, type UseByDocument } from './excesses.ts'

export interface ConditionReportDeps {
  readonly server: ApiServer
  readonly follow: Follow
  /** What came of the last compilation. */
  readonly sound: () => SoundCluster | undefined
  /** The ledgers as of the last versions seen. */
  readonly ledger: { book(tree: string): Book | undefined }
  /** The time of day: it is told since when a condition holds. */
  readonly clock: Clock
  readonly timer: Timer
  readonly log: Log
}

const REPORTING = KINDS.filter(({ kind }) => kind !== 'GpuUsage' && kind !== 'QuotaLedger')

/** Usage changes with every pod, and nobody reads a condition by the second. */
const ROUND_MS = 5_000
/** The next round where not all could be written, and where something was compiled. */
const HASTY_MS = 500
/** A first report of thousands of documents takes minutes, and nothing else on the API server waits for it. */
const WRITES_PER_SECOND = 50
/** What the API server does not take now it takes hardly a moment later. */
const RETRY_MS = 60_000

/** What is kept of a document whose status is followed. */
interface Seen {
  readonly generation: number
  readonly report: Report
}

/** Starts telling. `hasten` when the cluster was compiled anew. */
export function reportConditions(deps: ConditionReportDeps): Rounds {
  const seen = new Map<string, Known>()
  // Another sighting of a document is another entry; until then what was tried is not tried again at once.
  const retryAtMs = new WeakMap<Known, number>()
  const followings = REPORTING.map(({ kind, plural }) => {
    const path = `/apis/${API_VERSION}/${plural}`
    return deps.follow({ path, keep: seenOf, audience: remembering(kind, path, seen) })
  })
  const usesNow = excessWatch(tree => deps.ledger.book(tree))
  const bucket = tokenBucket(WRITES_PER_SECOND, deps.clock)
  const options = { usualMs: ROUND_MS, hastyMs: HASTY_MS, problem: 'conditions could not be written' }

  async function round(): Promise<void> {
    const sound = deps.sound()
    if (sound === undefined) return
    const nowMs = deps.clock.now()
    const all = dueReports(seen, outlooks(sound, usesNow(sound.cluster.quotas)), nowMs)
    const due = all.filter(({ known }) => (retryAtMs.get(known) ?? 0) <= nowMs)
    const now = due.slice(0, bucket.take(due.length))
    if (now.length < due.length) rounds.hasten()
    for (const one of now) {
      retryAtMs.set(one.known, nowMs + RETRY_MS)
      await write(one, deps)
    }
  }
  const rounds = openRounds(round, { ...deps, ...options })
  return {
    hasten: () => rounds.hasten(),
    stop() {
      rounds.stop()
      for (const following of followings) following.stop()
    },
  }
}

/** A document as it was told last, and where its status is written. */
interface Known {
  readonly path: string
  readonly sighting: Sighting<Seen>
}

function seenOf(object: JsonObject): Seen | undefined {
  const generation = fieldAt(object, 'metadata', 'generation')
  return typeof generation === 'number' ? { generation, report: readReport(objectAt(object, 'status')) } : undefined
}

function remembering(kind: string, path: string, seen: Map<string, Known>): Audience<Seen> {
  const enter = (sighting: Sighting<Seen | undefined>): void => {
    const identity = `${kind} ${sighting.name}`
    const { kept } = sighting
    if (kept === undefined) seen.delete(identity)
    else seen.set(identity, { path: `${path}/${sighting.name}/status`, sighting: { ...sighting, kept } })
  }
  return {
    replaced(all) {
      for (const identity of seen.keys()) if (identity.startsWith(`${kind} `)) seen.delete(identity)
      for (const one of all) enter(one)
    },
    changed: enter,
    removed: ({ name }) => void seen.delete(`${kind} ${name}`),
    reached() {},
  }
}

/** What became of every object of the cluster, by kind and name. */
function outlooks(sound: SoundCluster, uses: UseByDocument): ReadonlyMap<string, Outlook> {
  const warnings = byDocument(sound.cluster.warnings)
  const unsound = new Map(sound.unsound.map(one => [identityInCluster(one.object), one] as const))
  const objects = new Map([
    ...sound.objects,
    ...unsound.entries().map(([identity, { object }]) => [identity, object] as const),
  ])
  const outlookOf = (identity: string, fault: Unsound | undefined) => ({
    unsound: fault,
    warnings: warnings.get(identity) ?? [],
    use: uses.get(identity) ?? unused(identity),
  })
  return new Map(
    [...objects].map(([identity, object]) => [identity, { object, ...outlookOf(identity, unsound.get(identity)) }]),
  )
}

// A cohort or tenant that is not in force has no place in a tree.
function unused(identity: string): Outlook['use'] {
  return /^(Cohort|TenantQuota) /.test(identity) ? { kind: 'unknown' } : { kind: 'of-no-account' }
}

function byDocument(issues: readonly Issue[]): ReadonlyMap<string, readonly Issue[]> {
  const placed = issues.flatMap(issue =>
    (issue.documents ?? []).map(({ kind, name }) => ({ identity: `${kind} ${name}`, issue })),
  )
  const groups = Map.groupBy(placed, ({ identity }) => identity)
  return new Map([...groups].map(([identity, group]) => [identity, group.map(({ issue }) => issue)]))
}

interface DueReport {
  readonly known: Known
  readonly report: Report
}

function dueReports(
  seen: ReadonlyMap<string, Known>,
  outlooks: ReadonlyMap<string, Outlook>,
  nowMs: number,
): readonly DueReport[] {
  return [...seen].flatMap(([identity, known]) => {
    const outlook = outlooks.get(identity)
    const { generation, report: former } = known.sighting.kept
    // What was compiled is not what is there yet, or no longer: the next compilation tells.
    if (outlook === undefined || fieldAt(outlook.object.value, 'metadata', 'generation') !== generation) return []
    const report = reportOf(former, conditionsOf(outlook), generation, nowMs)
    return isDeepStrictEqual(report, former) ? [] : [{ known, report }]
  })
}

async function write({ known, report }: DueReport, { server, log }: ConditionReportDeps): Promise<void> {
  const { path, sighting } = known
  const { status, body } = await server.call({
    method: 'PATCH',
    path,
    patch: 'merge',
    // A merge replaces the list of conditions, so it must be the list that was seen.
    body: {
      metadata: { resourceVersion: String(sighting.resourceVersion) },
      status: { ...report },
    },
    isMetadataEnough: true,
  })
  const isGone = status === 404
  const isOutrun = status === 409
  if (status < 300 || isGone || isOutrun) return
  log.problem('a status was not taken', body.message, { path, status })
}
