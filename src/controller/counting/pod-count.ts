/**
 * Everything the leader has been told of pods, tree by tree (src/decisions/counting.md).
 *
 * What is told is only noted, pod by pod; it takes effect when it is taken, at one moment for all trees, so that a ledger that is read
 * afterwards has the charges of all those pods.
 */
import type { Book } from '../../quota/book.ts'
import type { PodView } from '../../quota/recount.ts'
import type { Quotas } from '../../quota/tiers.ts'
import { sameAmounts } from '../../quota/usage.ts'
import type { Audience, Sighting } from '../api-server.ts'
import type { PodFacts } from './pod-facts.ts'
import { type CountedPod, type TreeCount, treeCount } from './tree-count.ts'

export interface PodCount {
  readonly audience: Audience<PodFacts>
  /** Whether every pod has been told of once. */
  isListed(): boolean
  /** The version up to which everything has been told. */
  toldUpTo(): bigint
  /** The version up to which what was told has been taken. */
  takenUpTo(): bigint
  /** Takes what has been told until now; each pod counts for the tenant and tree that its namespace has by these quotas. */
  take(quotas: Quotas): void
  /** The trees in which pods have been counted. */
  trees(): Iterable<string>
  /** What has been taken of a tree; nothing may be taken until this is told. */
  view(tree: string, book: Book, asOfMs: number): Promise<PodView>
  /** The ledger of the tree was recounted by this view. */
  stored(tree: string, view: PodView): void
  /** The pods of a tree that have been counted, as they were taken last. */
  pods(tree: string): Iterable<CountedPod>
  pod(uid: string): CountedPod | undefined
}

interface Place {
  readonly tenant: string
  readonly tree: string
}

interface Known {
  readonly facts: PodFacts
  /** Undefined while its namespace belongs to nobody. */
  readonly place: Place | undefined
}

type Told =
  | { readonly kind: 'present'; readonly facts: PodFacts }
  | { readonly kind: 'gone'; readonly namespace: string }

export function podCount(): PodCount {
  const pods = new Map<string, Known>()
  const trees = new Map<string, TreeCount>()
  const told = new Map<string, Told>()
  let places: PlaceOf = () => undefined
  let quotasTaken: Quotas | undefined
  let toldUpTo = 0n
  let takenUpTo = 0n
  let isListed = false

  const treeAt = (name: string): TreeCount => {
    const known = trees.get(name) ?? treeCount()
    trees.set(name, known)
    return known
  }

  function beginAgain(): void {
    for (const map of [pods, trees, told]) map.clear()
    takenUpTo = 0n
    toldUpTo = 0n
  }

  function tell({ uid, kept: facts }: Pick<Sighting<PodFacts | undefined>, 'uid' | 'kept'>): void {
    // Of a pod that is counted nothing is said by what no longer tells: it runs until it is gone.
    if (facts === undefined) return
    told.set(uid, facts.hasEnded ? { kind: 'gone', namespace: facts.namespace } : { kind: 'present', facts })
  }

  function tellGone(uid: string, namespace: string): void {
    told.set(uid, { kind: 'gone', namespace })
  }

  const audience: Audience<PodFacts> = {
    replaced(all, resourceVersion) {
      // A list that is older than what was told would take back pods that are there: it is one to start from, not to go on with.
      if (resourceVersion < toldUpTo) beginAgain()
      const there = new Set(all.map(({ uid }) => uid))
      for (const [uid, { facts }] of pods) if (!there.has(uid)) tellGone(uid, facts.namespace)
      for (const [uid, one] of told) if (!there.has(uid) && one.kind === 'present') tellGone(uid, one.facts.namespace)
      for (const one of all) tell(one)
      toldUpTo = resourceVersion
      isListed = true
    },
    changed(one) {
      tell(one)
      moveTo(one.resourceVersion)
    },
    removed({ uid, namespace, kept, resourceVersion }) {
      if (kept !== undefined || pods.has(uid) || told.has(uid)) tellGone(uid, namespace)
      moveTo(resourceVersion)
    },
    reached: moveTo,
  }

  function moveTo(position: bigint): void {
    if (position > toldUpTo) toldUpTo = position
  }

  function settle(uid: string, one: Told): void {
    const known = pods.get(uid)
    switch (one.kind) {
      case 'gone': {
        const place = known === undefined ? places(one.namespace) : known.place
        pods.delete(uid)
        if (place !== undefined) treeAt(place.tree).leave(uid)
        return
      }
      case 'present': {
        const place = known?.place ?? places(one.facts.namespace)
        const facts = known === undefined ? one.facts : renewed(known.facts, one.facts)
        pods.set(uid, { facts, place })
        if (place === undefined) return
        const pod = { uid, tenant: place.tenant, facts }
        if (facts.amounts === known?.facts.amounts) treeAt(place.tree).renew(pod)
        else treeAt(place.tree).enter(pod)
      }
    }
  }

  /** Moves the pods of namespaces and tenants that have moved. Whose namespace belongs to nobody now stays where it was: it runs. */
  function follow(quotas: Quotas): void {
    places = placesBy(quotas)
    const moved = [...pods].flatMap(([uid, { facts, place: from }]) => {
      const to = places(facts.namespace)
      const isSame = to === undefined || (to.tree === from?.tree && to.tenant === from.tenant)
      return isSame ? [] : [{ uid, facts, from, to }]
    })
    for (const [tree, gone] of Map.groupBy(moved, ({ from }) => from?.tree)) {
      if (tree !== undefined) treeAt(tree).forget(gone.map(({ uid }) => uid))
    }
    for (const { uid, facts, to } of moved) {
      pods.set(uid, { facts, place: to })
      treeAt(to.tree).enter({ uid, tenant: to.tenant, facts })
    }
  }

  return {
    audience,
    isListed: () => isListed,
    toldUpTo: () => toldUpTo,
    takenUpTo: () => takenUpTo,
    take(quotas) {
      if (quotas !== quotasTaken) follow(quotas)
      quotasTaken = quotas
      for (const [uid, one] of told) settle(uid, one)
      told.clear()
      takenUpTo = toldUpTo
    },
    trees: () => [...trees.keys()],
    pods: tree => treeAt(tree).pods(),
    pod(uid) {
      const tree = pods.get(uid)?.place?.tree
      return tree === undefined ? undefined : treeAt(tree).pod(uid)
    },
    view: (tree, book, asOfMs) => treeAt(tree).view(book, { position: takenUpTo, asOfMs }),
    stored: (tree, view) => treeAt(tree).stored(view),
  }
}

/**
 * What a pod was first seen to hold it holds, but for claims that were not there yet: its annotations are its tenant's to change. Its
 * label is not: where that names another tier, the pod was moved there.
 */
function renewed(former: PodFacts, latest: PodFacts): PodFacts {
  const isFixed = former.isComplete || sameAmounts(former.amounts, latest.amounts)
  return isFixed ? { ...former, tier: latest.tier ?? former.tier, standing: latest.standing } : latest
}

type PlaceOf = (namespace: string) => Place | undefined

function placesBy({ tenantOfNamespace, treeOfTenant }: Quotas): PlaceOf {
  const known = new Map<string, Place | undefined>()
  return namespace => {
    if (known.has(namespace)) return known.get(namespace)
    const tenant = tenantOfNamespace.get(namespace)
    const tree = tenant === undefined ? undefined : treeOfTenant.get(tenant)?.name
    const place = tenant === undefined || tree === undefined ? undefined : { tenant, tree }
    known.set(namespace, place)
    return place
  }
}
