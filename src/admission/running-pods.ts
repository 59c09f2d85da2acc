import { reopenBook } from '../quota/book.ts'
import { type Books, openBooks } from '../quota/books.ts'
import { charge as booked, type Charge } from '../quota/ledger.ts'
import type { Tenant } from '../quota/quota-tree.ts'
import { formatIssue, type Issue } from '../schema/parsed.ts'
import type { JsonObject, Tier } from '../schema/parts.ts'
import type { Cluster } from './cluster.ts'
import type { ExemptNamespaces } from './exempt.ts'
import { type PlacedObject, textAt } from './objects.ts'
import { hasEnded, podIdentity, presentPod, tierOfUnlabelled } from './present-pod.ts'
import { quoted } from './text.ts'

/** A pod that is there, as its charge. */
interface RunningPod extends Charge {
  readonly namespace: string
  readonly name: string
}

/** What a list of pods, as `kubectl get pods -A` prints it, says of the use of quota. */
export interface RunningPods {
  readonly charges: readonly RunningPod[]
  /** Pods with accelerators that could not be counted, or not as they are; in the order of the list. */
  readonly remarks: readonly PodRemark[]
}

interface PodRemark {
  readonly at: string
  /** `namespace/name`, as far as the object has them. */
  readonly pod: string
  readonly isCounted: boolean
  readonly problem: string
}

/**
 * Charges every pod that lives, as the ledger of a cluster would hold it. A pod with the tier label is charged there, also past
 * a limit: it runs. Those without, which are older than Sluice, get the first tier that fits beside the labelled ones, in the
 * order of their creation. Pods that have ended hold nothing, and those of exempt namespaces are nobody's quota.
 */
export function runningPods(objects: readonly PlacedObject[], cluster: Cluster, exempt: ExemptNamespaces): RunningPods {
  const remarks: PodRemark[] = []
  const sightings = new Map<string, Sighting>()
  for (const object of objects) {
    const seen = sightingOf(object, cluster, exempt, remarks)
    // A pod that two lists name is one pod, as the later list has it.
    if (seen !== undefined) sightings.set(seen.charge.uid, seen)
  }
  const all = [...sightings.values()]
  const labelled = all.flatMap(({ charge, tier }) => (tier === undefined ? [] : [{ ...charge, tier }]))
  const others = all.filter(({ tier }) => tier === undefined).toSorted(byAge)
  return { charges: [...labelled, ...placed(others, openBooks(cluster.quotas, labelled), remarks)], remarks }
}

interface Sighting {
  readonly at: string
  readonly tenant: Tenant
  readonly tree: string
  /** By its label. */
  readonly tier: Tier | undefined
  readonly charge: Omit<RunningPod, 'tier'>
  readonly createdAt: string
}

function sightingOf(
  { at, value }: PlacedObject,
  cluster: Cluster,
  exempt: ExemptNamespaces,
  remarks: PodRemark[],
): Sighting | undefined {
  const leaveOut = (problem: string) => void remarks.push({ at, pod: nameOf(value), isCounted: false, problem })
  if (typeof value.kind !== 'string') return leaveOut('has no kind')
  if (value.kind !== 'Pod') return leaveOut(`is a ${quoted(value.kind)}, not a pod`)
  if (hasEnded(value)) return undefined
  const present = presentPod(value, cluster, exempt)
  if (present.kind === 'free') return undefined
  if (present.issues.length > 0 || present.kind === 'unclear') return leaveOut(wordsOf(present.issues))
  const { demand, examined } = present
  const { subject } = examined
  const tree = cluster.quotas.treeOfTenant.get(subject.tenant ?? '')
  const tenant = tree?.tenants.get(subject.tenant ?? '')
  if (tree === undefined || tenant === undefined) return leaveOut('its namespace belongs to no tenant')
  const amounts = demand.byClass
  const unknown = [...amounts.keys()].filter(name => !tenant.spec.classes.has(name))
  if (unknown.length > 0) return leaveOut(`tenant ${tenant.spec.name} has no quota for ${unknown.join(', ')}`)

  for (const { claim, kind } of demand.unresolvedClaims) {
    const problem = `its DRA claim ${quoted(claim)} is not in the cluster folder and was not counted`
    if (kind === 'missing') remarks.push({ at, pod: nameOf(value), isCounted: true, problem })
  }
  return {
    at,
    tenant,
    tree: tree.name,
    tier: subject.tier,
    charge: { ...podIdentity(value), tenant: tenant.spec.name, amounts, gang: null, ...OF_A_LIST },
    createdAt: textAt(value, 'metadata', 'creationTimestamp') ?? '',
  }
}

// A pod that runs is no promise that could lapse.
const OF_A_LIST = { expiresAtMs: Number.MAX_SAFE_INTEGER, bookedBy: 'running' }

function wordsOf(issues: readonly Issue[]): string {
  return issues.map(formatIssue).join('; ')
}

function placed(sightings: readonly Sighting[], labelled: Books, remarks: PodRemark[]): readonly RunningPod[] {
  const books = new Map(labelled)
  return sightings.flatMap(({ at, tenant, tree, charge }) => {
    const book = books.get(tree)
    if (book === undefined) throw new Error(`the tree ${tree} of ${charge.tenant} has no book`)
    const remark = (isCounted: boolean, problem: string) =>
      void remarks.push({ at, pod: `${charge.namespace}/${charge.name}`, isCounted, problem })

    const { tier, fits } = tierOfUnlabelled(book, tenant, charge.amounts)
    const { enforcement } = tenant.spec
    if (!fits && enforcement !== 'Enforce') {
      remark(
        false,
        `is beyond the quota of tenant ${charge.tenant}, whose mode is ${enforcement}: nothing is charged for it`,
      )
      return []
    }
    if (!fits) remark(true, `has no tier label and fits no tier of ${charge.tenant}: counted as ${tier}`)
    const running = { ...charge, tier }
    books.set(tree, reopenBook(book, booked(book.ledger, running)))
    return [running]
  })
}

// RFC 3339 in UTC sorts as text. What has no age is no older than what has one.
function byAge(a: Sighting, b: Sighting): number {
  const key = ({ createdAt, charge }: Sighting) =>
    [createdAt === '' ? '~' : createdAt, charge.namespace, charge.name].join(' ')
  return key(a) < key(b) ? -1 : 1
}

function nameOf(value: JsonObject): string {
  const names = [textAt(value, 'metadata', 'namespace'), textAt(value, 'metadata', 'name')]
  return names.filter(part => part !== undefined).join('/')
}
