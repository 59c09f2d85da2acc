/**
 * The cluster as its API server tells of it, compiled: what every admission is decided on.
 *
 * What rules depend on (documents of Sluice, namespaces, nodes, priority classes) is compiled anew a moment after it changed.
 * What is only looked up (claims, controllers' objects, the labels of a namespace) is in force as soon as it was told.
 */
import type { Cluster } from '../../admission/cluster.ts'
import type { Clock, Log } from '../../admission/endpoint.ts'
import { claimIndex, type Labels, namespaceLabels } from '../../admission/natives.ts'
import { fieldAt, type PlacedObject, textAt, textsAt } from '../../admission/objects.ts'
import { OWNER_KINDS, ownerIndex } from '../../admission/owners.ts'
import { assembleSound, describeUnsound, identityInCluster, type SoundCluster } from '../../admission/sound-cluster.ts'
import type { Timer } from '../../quota/waiter.ts'
import { API_VERSION } from '../../schema/kind.ts'
import { formatIssue } from '../../schema/parsed.ts'
import { isList, isObject, type JsonObject } from '../../schema/parts.ts'
import type { ApiServer, Audience, Follow, Following, Sighting } from '../api-server.ts'
import { discover, type Served } from './discovery.ts'
import { keptObject } from './kept-objects.ts'

export interface ClusterStateDeps {
  readonly server: ApiServer
  readonly follow: Follow
  /** The shipped library, over which the cluster's own objects stand. */
  readonly library: readonly PlacedObject[]
  /** A controller's object is not there any more, or is over: no pod of it comes. Not all kinds are followed. */
  readonly onOwnerGone?: (namespace: string, uid: string) => void
  readonly clock: Clock
  readonly timer: Timer
  readonly log: Log
}

export interface ClusterState {
  /** What is in force. Throws before everything was listed and compiled once. */
  cluster(): Cluster
  /** What came of the last compilation; undefined before the first. */
  sound(): SoundCluster | undefined
  /** What rules depend on, as it is there, in force or not. */
  objects(): readonly PlacedObject[]
  /** The same, with the documents as the API server has them at this moment. Rejects when it does not answer. */
  reread(): Promise<readonly PlacedObject[]>
  /** Called after each compilation, until the function it returns is. */
  onChange(listener: (sound: SoundCluster) => void): () => void
  /** Why what is in force may be out of date, or is not there yet. */
  problem(): string | undefined
  /** Done when everything was listed and compiled once. */
  readonly ready: Promise<void>
  stop(): void
}

const DOCUMENTS = ['AcceleratorClass', 'Cohort', 'TenantQuota', 'GpuPolicy', 'FabricProfile'] as const

// Without these nothing can be decided: it is waited for them, and for their lists.
const ESSENTIAL: readonly string[] = [
  ...DOCUMENTS.map(kind => `sluice.dev/${kind}`),
  '/Namespace',
  '/Node',
  'scheduling.k8s.io/PriorityClass',
]
// DRA is there from 1.34 on, a ComputeDomain where NVIDIA's driver for them is.
const CLAIMS: readonly string[] = [
  'resource.k8s.io/ResourceClaimTemplate',
  'resource.k8s.io/ResourceClaim',
  'resource.nvidia.com/ComputeDomain',
]

/** Changes come in bursts (an apply of many files, a node that joins), and compiling takes milliseconds to tenths of a second. */
const SETTLE_MS = 50
/** Compiling may take this part of the time that a replica has, whatever changes how often. */
const COMPILING_PART = 4
/** The first time takes ten times as long as any later one. */
const LONGEST_PAUSE_MS = 2_000
/** An operator that is installed later brings kinds along. */
const DISCOVER_MS = 60_000
const RETRY_MS = 5_000

export function clusterState(deps: ClusterStateDeps): ClusterState {
  const { log, clock, timer } = deps
  const objects = new Map<string, PlacedObject>()
  const namespaces = new Map<string, Labels>()
  const claims = claimIndex()
  const owners = ownerIndex()
  const toldOwners: Index = {
    put: owners.put,
    drop(object) {
      owners.drop(object)
      deps.onOwnerGone?.(textAt(object, 'metadata', 'namespace') ?? '', textAt(object, 'metadata', 'uid') ?? '')
    },
  }
  const followings = new Map<string, Following>()
  const listeners = new Set<(sound: SoundCluster) => void>()
  const { promise: ready, resolve: isReady } = Promise.withResolvers<void>()
  const told = new Set<string>()
  const collections: Served[] = []
  let current: { readonly sound: SoundCluster; readonly cluster: Cluster } | undefined
  let missing: string | undefined = 'the cluster has not been listed yet'
  let failure: string | undefined
  let isStopped = false
  let isScheduled = false
  let areListed = false
  let earliestMs = 0

  function compile(): void {
    isScheduled = false
    if (isStopped) return
    const startedMs = performance.now()
    const assembled = assembleSound(deps.library, [...objects.values()], current?.sound.objects)
    const tookMs = performance.now() - startedMs
    earliestMs = clock.now() + Math.min(COMPILING_PART * tookMs, LONGEST_PAUSE_MS)
    failure = assembled.ok ? undefined : assembled.issues.map(formatIssue).join('; ')
    if (!assembled.ok) {
      log.problem(`the cluster cannot be compiled, the former one stays in force: ${failure}`)
      return
    }
    const sound = assembled.value
    current = { sound, cluster: withLookups(sound.cluster) }
    tell(sound, tookMs)
    for (const listener of listeners) listener(sound)
    isReady()
  }

  /** What is only looked up stays what it was told last, not what it was when the rules were compiled. */
  function withLookups(cluster: Cluster): Cluster {
    return {
      ...cluster,
      claims: claims.lookup,
      owners: owners.lookup,
      labelsOfNamespace: namespace => namespaces.get(namespace) ?? namespaceLabels(namespace),
    }
  }

  function tell({ unsound, objects: inForce }: SoundCluster, durationMs: number): void {
    log.event('cluster compiled', { count: inForce.size, durationMs })
    const lines = unsound.map(describeUnsound)
    for (const line of lines) if (!told.has(line)) log.problem(line)
    told.clear()
    for (const line of lines) told.add(line)
  }

  function changed(): void {
    if (isScheduled || !areListed || isStopped) return
    isScheduled = true
    timer.at(Math.max(clock.now() + SETTLE_MS, earliestMs), compile)
  }

  /** Of what rules depend on. Tells whether anything that is kept is another than before. */
  function put(value: JsonObject): boolean {
    const at = identityInCluster({ value })
    if (value.kind === 'Namespace') namespaces.set(nameOf(value), namespaceLabels(nameOf(value), labelsOf(value)))
    const former = objects.get(at)
    objects.set(at, { at, value })
    return former === undefined || JSON.stringify(former.value) !== JSON.stringify(value)
  }

  function drop(kind: string, name: string): boolean {
    if (kind === 'Namespace') namespaces.delete(name)
    return objects.delete(`${kind} ${name}`)
  }

  function rules({ kind }: Served): Audience<JsonObject> {
    return {
      replaced(all) {
        const names = new Set(all.map(({ name }) => name))
        const gone = [...objects.values()].filter(({ value }) => value.kind === kind && !names.has(nameOf(value)))
        const changes = [...gone.map(({ value }) => drop(kind, nameOf(value))), ...all.map(({ kept }) => put(kept))]
        if (changes.some(Boolean)) changed()
      },
      changed({ kept, name }) {
        if (kept === undefined ? drop(kind, name) : put(kept)) changed()
      },
      removed({ name }) {
        if (drop(kind, name)) changed()
      },
      reached() {},
    }
  }

  async function follow(): Promise<void> {
    const { served, failures } = await discover(deps.server, [...ESSENTIAL, ...CLAIMS, ...OWNER_KINDS])
    for (const failure of failures) log.problem('an API group does not answer', failure)
    const absent = ESSENTIAL.filter(kind => !served.some(one => nameOfKind(one) === kind))
    if (absent.length > 0) throw new Error(`the API server does not serve ${absent.join(', ')}: install the CRDs first`)
    for (const one of served) {
      if (isStopped || followings.has(one.path)) continue
      if (one.apiVersion === API_VERSION) collections.push(one)
      const audience = ESSENTIAL.includes(nameOfKind(one)) ? rules(one) : lookedUp(isClaim(one) ? claims : toldOwners)
      const keep = (object: JsonObject) => keptObject(one.apiVersion, one.kind, object)
      followings.set(one.path, deps.follow({ path: one.path, keep, audience }))
    }
    await Promise.all([...followings.values()].map(({ listed }) => listed))
  }

  async function begin(): Promise<void> {
    try {
      await follow()
      missing = undefined
      if (!areListed) {
        areListed = true
        compile()
      }
    } catch (cause) {
      missing ??= 'the cluster cannot be listed'
      log.problem('what the cluster has cannot be discovered', cause)
    }
    if (isStopped) return
    timer.at(clock.now() + (areListed ? DISCOVER_MS : RETRY_MS), () => void begin())
  }

  void begin()
  return {
    cluster() {
      if (current === undefined) throw new Error('the cluster has not been compiled yet')
      return current.cluster
    },
    sound: () => current?.sound,
    objects: () => [...objects.values()],
    async reread() {
      const natives = [...objects.values()].filter(({ value }) => value.apiVersion !== API_VERSION)
      const documents = await Promise.all(collections.map(collection => documentsOf(deps.server, collection)))
      // One that is what it was is the same object, so that it need not be parsed again.
      const known = documents.flat().map(found => {
        const heard = objects.get(found.at)
        return heard !== undefined && JSON.stringify(heard.value) === JSON.stringify(found.value) ? heard : found
      })
      return [...known, ...natives]
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    problem() {
      const stale = [...followings].flatMap(([path, following]) => {
        const problem = following.problem()
        return problem === undefined ? [] : [`${path}: ${problem}`]
      })
      return stale[0] ?? (current === undefined ? (failure ?? missing) : undefined)
    },
    ready,
    stop() {
      isStopped = true
      for (const following of followings.values()) following.stop()
    },
  }
}

interface Index {
  put(object: JsonObject): void
  drop(object: JsonObject): void
}

function lookedUp(index: Index): Audience<JsonObject> {
  // An event tells of one that is of no interest any longer only its name, so what was kept is remembered by its UID.
  const known = new Map<string, JsonObject>()
  const leave = (uid: string): void => {
    const former = known.get(uid)
    if (former !== undefined) index.drop(former)
    known.delete(uid)
  }
  const enter = ({ uid, kept }: Sighting<JsonObject>): void => {
    known.set(uid, kept)
    index.put(kept)
  }
  return {
    replaced(all) {
      const uids = new Set(all.map(({ uid }) => uid))
      for (const uid of known.keys()) if (!uids.has(uid)) leave(uid)
      for (const one of all) enter(one)
    },
    changed(one) {
      if (one.kept === undefined) leave(one.uid)
      else enter({ ...one, kept: one.kept })
    },
    removed: ({ uid }) => leave(uid),
    reached() {},
  }
}

async function documentsOf(server: ApiServer, { apiVersion, kind, path }: Served): Promise<readonly PlacedObject[]> {
  const { status, body } = await server.call({ method: 'GET', path })
  const items = fieldAt(body, 'items')
  if (status !== 200 || !isList(items)) throw new Error(`GET ${path} was answered with ${status}`)
  return items.filter(isObject).flatMap(item => {
    const value = keptObject(apiVersion, kind, item)
    return value === undefined ? [] : [{ at: identityInCluster({ value }), value }]
  })
}

function isClaim(served: Served): boolean {
  return CLAIMS.includes(nameOfKind(served))
}

function nameOfKind({ apiVersion, kind }: Served): string {
  return `${apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''}/${kind}`
}

function nameOf(value: JsonObject): string {
  return textAt(value, 'metadata', 'name') ?? ''
}

function labelsOf(value: JsonObject): Labels {
  return textsAt(value, 'metadata', 'labels')
}
