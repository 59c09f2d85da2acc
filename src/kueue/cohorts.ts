import type { Issue } from '../schema/parsed.ts'
import { weightOf } from './amounts.ts'
import type { Finding } from './finding.ts'
import type { FlavorQuota } from './flavor-quotas.ts'
import { distinctNames } from './names.ts'
import type { CohortPlan } from './quotas.ts'
import { type ClusterQueue, type Cohort, identityOf } from './setup.ts'

export interface CohortPlans {
  readonly plans: readonly CohortPlan[]
  /** The name of the Cohort document that a queue belongs to. */
  nameFor(queue: ClusterQueue): string
}

// A cohort and a queue of one name are two things; a key keeps them apart until each has a name of its own.
const cohortKey = (name: string) => `cohort ${name}`
const queueKey = (name: string) => `queue ${name}`

/**
 * Every cohort that is defined or only named, as Kueue has them, and one for each queue that belongs to none. Cycles are left to
 * whoever compiles the quotas: what is wrong with a tree is said in one place.
 */
export function planCohorts(
  cohorts: readonly Cohort[],
  queues: ReadonlyMap<ClusterQueue, readonly FlavorQuota[]>,
  pools: ReadonlyMap<Cohort, readonly FlavorQuota[]>,
  issues: Issue[],
  findings: Finding[],
): CohortPlans {
  const defined = new Map(cohorts.map(cohort => [cohort.document.metadata.name, cohort]))
  const mentioned = [...cohorts.map(parentOf), ...[...queues.keys()].map(cohortOf)].filter(name => name !== undefined)
  const implicit = [...new Set(mentioned)].filter(name => !defined.has(name))
  const single = [...queues.keys()].filter(queue => cohortOf(queue) === undefined)
  const names = distinctNames(
    new Map([
      ...[...defined.keys(), ...implicit].map(name => [cohortKey(name), name] as const),
      ...single.map(({ document: { metadata } }) => [queueKey(metadata.name), metadata.name] as const),
    ]),
  )
  const nameOf = (key: string) => names.get(key) ?? key
  findings.push(...cohorts.flatMap(cohort => renamed(cohort, nameOf(cohortKey(cohort.document.metadata.name)))))
  findings.push(...cohorts.flatMap(cohort => limitsOfRoot(cohort, pools.get(cohort) ?? [])))
  findings.push(...single.map(queue => alone(queue, nameOf(queueKey(queue.document.metadata.name)))))
  return {
    nameFor(queue) {
      const own = cohortOf(queue)
      return nameOf(own === undefined ? queueKey(queue.document.metadata.name) : cohortKey(own))
    },
    plans: [
      ...cohorts.map((cohort): CohortPlan => {
        const parent = parentOf(cohort)
        const { metadata, spec } = cohort.document
        return {
          name: nameOf(cohortKey(metadata.name)),
          parent: parent === undefined ? undefined : nameOf(cohortKey(parent)),
          weight: weightOf(spec?.fairSharing?.weight, `${cohort.at}: spec.fairSharing.weight`, issues),
          quotas: pools.get(cohort) ?? [],
        }
      }),
      ...implicit.map(name => bare(nameOf(cohortKey(name)))),
      ...single.map(({ document: { metadata } }) => bare(nameOf(queueKey(metadata.name)))),
    ],
  }
}

/** v1beta2 calls it `cohortName`, v1beta1 `cohort`; empty is none. */
export function cohortOf({ document: { spec } }: ClusterQueue): string | undefined {
  return spec?.cohortName || spec?.cohort || undefined
}

function parentOf({ document: { spec } }: Cohort): string | undefined {
  return spec?.parentName || spec?.parent || undefined
}

function bare(name: string): CohortPlan {
  return { name, parent: undefined, weight: undefined, quotas: [] }
}

function renamed(cohort: Cohort, name: string): readonly Finding[] {
  if (cohort.document.metadata.name === name) return []
  const meaning = `it became the Cohort ${name}: names are lower-case words with dots and dashes, and no two are alike`
  return [{ kind: 'changed', at: cohort.at, object: identityOf(cohort), field: 'metadata.name', meaning }]
}

/** Kueue's webhook refuses them, and its arithmetic would not look at them. */
function limitsOfRoot(cohort: Cohort, quotas: readonly FlavorQuota[]): readonly Finding[] {
  const isLimited = quotas.some(({ borrowingLimit, lendingLimit }) => borrowingLimit !== null || lendingLimit !== null)
  if (parentOf(cohort) !== undefined || !isLimited) return []
  const meaning = 'the limits of a root are dropped: without a parent there is nobody to borrow from or lend to'
  return [{ kind: 'changed', at: cohort.at, object: identityOf(cohort), field: 'spec.resourceGroups', meaning }]
}

function alone(queue: ClusterQueue, name: string): Finding {
  const meaning = `a queue without a cohort is alone in the Cohort ${name}, and neither borrows nor lends`
  return { kind: 'changed', at: queue.at, object: identityOf(queue), field: 'spec.cohortName', meaning }
}
