/** What the leader keeps of a pod: as little as tells where it counts, whatever tenants and trees become. */
import type { Cluster } from '../../admission/cluster.ts'
import type { ExemptNamespaces } from '../../admission/exempt.ts'
import { textAt } from '../../admission/objects.ts'
import { hasEnded, type PresentPod, podIdentity, presentPod } from '../../admission/present-pod.ts'
import { gangBits } from '../../quota/gang.ts'
import type { Amounts } from '../../quota/usage.ts'
import { formatIssue } from '../../schema/parsed.ts'
import type { JsonObject, Tier } from '../../schema/parts.ts'
import { type PodStanding, podStanding } from './pod-standing.ts'

export interface PodFacts {
  readonly namespace: string
  /** By its label. */
  readonly tier: Tier | undefined
  readonly amounts: Amounts
  /** Of the id of its gang, whether that turns out to be one or not. */
  readonly gang: string | null
  readonly createdAtMs: number
  /** False while a DRA claim of it cannot be found. */
  readonly isComplete: boolean
  /** Its object is there and its containers are not. */
  readonly hasEnded: boolean
  readonly standing: PodStanding
}

export interface FactsDeps {
  /** As it is when a pod is told of. */
  readonly cluster: () => Cluster
  readonly exempt: ExemptNamespaces
  /** What a pod holds cannot be said, so nothing is counted for it. */
  readonly unclear: (
    pod: { readonly uid: string; readonly namespace: string; readonly name: string },
    why: string,
  ) => void
}

/** Reads pods. A hundred thousand of them ask for a few dozen things in a few hundred namespaces: what is equal is kept once. */
export function podReader({ cluster, exempt, unclear }: FactsDeps): (object: JsonObject) => PodFacts | undefined {
  const names = sharedValues<string>()
  const shared = (name: string) => names(name, name)
  const demands = sharedValues<Amounts>()

  function factsOf(object: JsonObject, present: Extract<PresentPod, { kind: 'holding' }>): PodFacts {
    const { subject } = present.examined
    const { byClass, unresolvedClaims } = present.demand
    const gang = subject.workload.gang?.id
    const createdAtMs = Date.parse(textAt(object, 'metadata', 'creationTimestamp') ?? '')
    return {
      namespace: shared(subject.namespace),
      tier: subject.tier,
      amounts: demands([...byClass].join(), byClass),
      gang: gang === undefined ? null : gangBits(gang),
      // What has no age is no older than what has one.
      createdAtMs: Number.isNaN(createdAtMs) ? Number.POSITIVE_INFINITY : createdAtMs,
      isComplete: unresolvedClaims.every(({ kind }) => kind === 'pending'),
      hasEnded: hasEnded(object),
      standing: podStanding(object, shared),
    }
  }

  return object => {
    const present = presentPod(object, cluster(), exempt)
    switch (present.kind) {
      case 'free':
        return undefined
      case 'unclear':
        unclear(podIdentity(object), present.issues.map(formatIssue).join('; '))
        return undefined
      case 'holding':
        return factsOf(object, present)
    }
  }
}

// Fractions are whatever tenants write, so there is no end of them: past this many, equal ones are kept apart.
const MOST_SHARED = 10_000

function sharedValues<V>(): (key: string, value: V) => V {
  const known = new Map<string, V>()
  return (key, value) => {
    const former = known.get(key)
    if (former !== undefined) return former
    if (known.size < MOST_SHARED) known.set(key, value)
    return value
  }
}
