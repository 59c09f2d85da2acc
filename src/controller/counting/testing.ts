/** What the tests of this folder share: an API server's pods, which can be watched late, and leaders that count them. */
import type { Cluster } from '../../admission/cluster.ts'
import { exemptNamespaces } from '../../admission/exempt.ts'
import { textAt } from '../../admission/objects.ts'
import { presentPod } from '../../admission/present-pod.ts'
import { clusterWith } from '../../admission/testing.ts'
import { TIER_LABEL } from '../../policy/owned-keys.ts'
import { holdingOf } from '../../quota/holding.ts'
import { memoryStore } from '../../quota/memory-store.ts'
import { manualClock } from '../../quota/testing.ts'
import type { LedgerStore } from '../../quota/versions.ts'
import { type LedgerWriter, ledgerWriter } from '../../quota/writer.ts'
import { type JsonObject, type JsonValue, TIERS, type Tier } from '../../schema/parts.ts'
import type { ApiServer, Collection, Follow, Sighting } from '../api-server.ts'
import { type CountingDeps, startCounting } from './recount.ts'

const EXEMPT = exemptNamespaces([])
export const TREE = 'research'
export const INTERVAL_MS = 5_000
export const PENDING_MS = 5 * 60_000

export interface PodParts {
  readonly namespace?: string
  readonly tier?: string
  readonly gpus?: number
  readonly createdAt?: string
  readonly phase?: string
  readonly metadata?: JsonObject
  readonly spec?: JsonObject
  readonly status?: JsonObject
}

export function pod(name: string, parts: PodParts = {}): JsonObject {
  const { namespace = 'team-a', tier, gpus = 1, createdAt, phase = 'Running', metadata, spec, status } = parts
  const resources: JsonValue = gpus === 0 ? {} : { limits: { 'nvidia.com/gpu': String(gpus) } }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      ...(tier === undefined ? {} : { labels: { [TIER_LABEL]: tier } }),
      ...(createdAt === undefined ? {} : { creationTimestamp: createdAt }),
      ...metadata,
    },
    spec: { containers: [{ name: 'main', image: 'x', resources }], ...spec },
    status: { phase, ...status },
  }
}

/** The pods of an API server. What a late watch is told waits until it catches up. */
function podServer() {
  const pods = new Map<string, JsonObject>()
  const watches = new Set<ReturnType<typeof watch>>()
  let version = 0n

  function watch(collection: Pick<Collection<unknown>, 'path'>, list: () => void, deliver: (event: PodEvent) => void) {
    let isLate = false
    let isStopped = false
    const waiting: PodEvent[] = []
    return {
      path: collection.path,
      list: () => void (isStopped || list()),
      tell(event: PodEvent): void {
        if (isLate) waiting.push(event)
        else if (!isStopped) deliver(event)
      },
      late(): void {
        isLate = true
      },
      catchUp(): void {
        isLate = false
        for (const event of waiting.splice(0)) if (!isStopped) deliver(event)
      },
      stop(): void {
        isStopped = true
      },
    }
  }

  function happen(kind: PodEvent['kind'], object: JsonObject | undefined): void {
    if (kind !== 'reached') version += 1n
    for (const one of watches) one.tell({ kind, object, version })
  }

  const isRunning = (object: JsonObject) => !['Succeeded', 'Failed'].includes(textAt(object, 'status', 'phase') ?? '')

  return {
    put(object: JsonObject): void {
      const uid = textAt(object, 'metadata', 'uid') ?? ''
      // The watch selects by phase: a pod that has ended leaves the selection.
      const wasThere = pods.has(uid)
      if (isRunning(object)) pods.set(uid, object)
      else pods.delete(uid)
      if (isRunning(object)) happen('changed', object)
      else if (wasThere) happen('removed', object)
    },
    remove(name: string): void {
      const object = pods.get(`uid-${name}`)
      pods.delete(`uid-${name}`)
      if (object !== undefined) happen('removed', object)
    },
    /** Something that is no pod changes: versions are counted for all of them together. */
    elsewhere(): void {
      version += 1n
    },
    /** What the API server sends now and then. */
    bookmark: () => happen('reached', undefined),
    relist: () => watches.forEach(one => void one.list()),
    version: () => version,
    pods: () => [...pods.values()],
    watches: () => [...watches],
    api: {
      call: async () => ({ status: 200, body: { metadata: { resourceVersion: String(version) } } }),
    } satisfies ApiServer,
    /** `lists: false`: the first list does not come by itself. */
    follow(options: { readonly lists: boolean } = { lists: true }): Follow {
      return <T>(collection: Collection<T>) => {
        const { audience, keep } = collection
        const list = () =>
          audience.replaced(
            [...pods.values()].flatMap(one => sighted(one, version, keep)),
            version,
          )
        const one = watch(collection, list, ({ kind, object, version: at }) => {
          if (object === undefined || kind === 'reached') audience.reached(at)
          else audience[kind](sightingOf(object, at, keep(object)))
        })
        watches.add(one)
        if (options.lists) one.list()
        return { listed: Promise.resolve(), problem: () => undefined, stop: one.stop }
      }
    },
  }
}

interface PodEvent {
  readonly kind: 'changed' | 'removed' | 'reached'
  readonly object: JsonObject | undefined
  readonly version: bigint
}

function sighted<T>(object: JsonObject, version: bigint, keep: Collection<T>['keep']): readonly Sighting<T>[] {
  const kept = keep(object)
  return kept === undefined ? [] : [sightingOf(object, version, kept)]
}

function sightingOf<T>(object: JsonObject, resourceVersion: bigint, kept: T): Sighting<T> {
  const [uid = '', namespace = '', name = ''] = ['uid', 'namespace', 'name'].map(key => textAt(object, 'metadata', key))
  return { uid, namespace, name, resourceVersion, kept }
}

/** Replicas over one ledger store, and leaders over one API server; time stands still until it is moved. */
export function countingWorld(objects: readonly JsonObject[] = []) {
  const clock = manualClock()
  clock.advance(Date.UTC(2026, 0, 1))
  const server = podServer()
  const written: string[] = []
  const memory = memoryStore()
  let storeIsAway = false
  const store: LedgerStore = {
    async read(tree) {
      if (storeIsAway) throw new Error('the store is away')
      return memory.read(tree)
    },
    async replace(tree, current, next) {
      written.push(tree)
      return memory.replace(tree, current, next)
    },
  }
  let cluster = clusterWith(...objects)

  function replica(id: string, aheadMs = 0): LedgerWriter {
    return ledgerWriter({
      id,
      store,
      quotas: () => cluster.quotas,
      clock: { now: () => clock.now() + aheadMs },
      timer: { at: (atMs, ring) => clock.at(atMs - aheadMs, ring) },
      pendingMs: PENDING_MS,
      gangHoldMs: PENDING_MS,
      maxCharges: 1_000,
      retryAfterMs: 1_000,
    })
  }

  return {
    clock,
    server,
    written,
    replica,
    cluster: () => cluster,
    setCluster(next: Cluster): void {
      cluster = next
    },
    setStoreAway(isAway: boolean): void {
      storeIsAway = isAway
    },

    lead(id = 'leader', { aheadMs = 0, ...more }: { readonly aheadMs?: number } & Partial<CountingDeps> = {}) {
      const told = { drift: [] as bigint[], pending: [] as number[], problems: [] as string[], recounts: 0 }
      const counting = startCounting({
        cluster: () => cluster,
        exempt: EXEMPT,
        follow: server.follow(),
        api: server.api,
        writer: replica(id, aheadMs),
        ledgers: () => [],
        clock: { now: () => clock.now() + aheadMs },
        steady: { now: () => clock.now() },
        timer: { at: (atMs, ring) => clock.at(atMs - aheadMs, ring) },
        intervalMs: INTERVAL_MS,
        observer: {
          drift: (tree, milliGpus) => void (tree === TREE && told.drift.push(milliGpus)),
          pending: (tree, charges) => void (tree === TREE && told.pending.push(charges)),
          recounted() {
            told.recounts += 1
          },
        },
        log: {
          decision() {},
          event() {},
          problem: (message, _, { reason = '' } = {}) => void told.problems.push(`${message}: ${reason}`),
        },
        ...more,
      })
      return { ...counting, told }
    },

    /** Charges a pod as the validating webhook does, before it is created. */
    async charge(writer: LedgerWriter, object: JsonObject) {
      const present = presentPod(object, cluster, EXEMPT)
      if (present.kind !== 'holding') throw new Error('the pod asks for nothing')
      const { subject, gang } = present.examined
      return writer.charge(
        {
          uid: textAt(object, 'metadata', 'uid') ?? '',
          namespace: subject.namespace,
          tenant: subject.tenant ?? '',
          tier: subject.tier ?? 'auto',
          demand: present.demand.byClass,
          gang,
        },
        Number.MAX_SAFE_INTEGER,
      )
    },

    /** Time passes until the next recount, which runs to its end. */
    async tick(times = 1): Promise<void> {
      for (let left = times; left > 0; left -= 1) {
        clock.advance(INTERVAL_MS)
        await turn()
      }
    },

    /** What the stored ledger holds: `reserved 8000`, tier by tier. */
    async held(tenant = 'a', tree = TREE): Promise<string> {
      const { value } = await memory.read(tree)
      return heldIn(tier => holdingOf(value.held, tenant)[tier])
    },
    async ledger(tree = TREE) {
      return (await memory.read(tree)).value
    },
  }
}

/** What the tiers hold, those that hold nothing left out. */
function heldIn(amountsOf: (tier: Tier) => ReadonlyMap<string, bigint>): string {
  return TIERS.flatMap(tier => [...amountsOf(tier)].map(([key, milli]) => `${tier} ${milli} ${key}`)).join(', ')
}

/** Everything that waits for nothing but its turn has had it. */
export function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
