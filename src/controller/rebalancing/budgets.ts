/** The PodDisruptionBudgets of the cluster, and which pods each of them covers. */
import { isDeepStrictEqual } from 'node:util'
import { selects } from '../../policy/selector.ts'
import { parseDisruptionBudget } from '../../schema/disruption-budget.ts'
import type { JsonObject, LabelSelector } from '../../schema/parts.ts'
import type { Audience, Collection } from '../api-server.ts'
import type { PodFacts } from '../counting/pod-facts.ts'
import { labelsOf, type PodStanding } from '../counting/pod-standing.ts'

/** What is kept of one. */
interface Budget {
  readonly selector: LabelSelector
  readonly disruptionsAllowed: number
}

export interface Budgets {
  readonly collection: Collection<Budget>
  /** Why nothing can be said yet. */
  problem(): string | undefined
  /** By `namespace/name`. */
  allowed(): ReadonlyMap<string, number>
  /** The keys of those that cover a pod, in their order. */
  covering(pod: PodFacts): readonly string[]
}

export function podDisruptionBudgets(): Budgets {
  const byNamespace = new Map<string, Map<string, Budget>>()
  let isListed = false
  /** By what is known of a pod, which is another object when the pod has changed. */
  let found = new WeakMap<PodStanding, readonly string[]>()

  function put(namespace: string, name: string, budget: Budget): void {
    const known = byNamespace.get(namespace) ?? new Map<string, Budget>()
    const key = `${namespace}/${name}`
    // How many disruptions are allowed changes with every pod; whom a budget covers hardly ever.
    if (!isDeepStrictEqual(known.get(key)?.selector, budget.selector)) found = new WeakMap()
    byNamespace.set(namespace, known.set(key, budget))
  }

  function coveringOf(standing: PodStanding, budgets: ReadonlyMap<string, Budget>): readonly string[] {
    const labels = labelsOf(standing)
    const covers = [...budgets].filter(([, { selector }]) => selects(selector, labels)).map(([key]) => key)
    return covers.toSorted((a, b) => (a < b ? -1 : 1))
  }

  function remove(namespace: string, name: string): void {
    byNamespace.get(namespace)?.delete(`${namespace}/${name}`)
    found = new WeakMap()
  }

  const audience: Audience<Budget> = {
    replaced(all) {
      byNamespace.clear()
      found = new WeakMap()
      for (const { namespace, name, kept } of all) put(namespace, name, kept)
      isListed = true
    },
    changed({ namespace, name, kept }) {
      // It lost its selector, and covers nobody any more.
      if (kept === undefined) remove(namespace, name)
      else put(namespace, name, kept)
    },
    removed: ({ namespace, name }) => remove(namespace, name),
    reached() {},
  }

  return {
    collection: { path: '/apis/policy/v1/poddisruptionbudgets', keep: budgetOf, audience },
    problem: () => (isListed ? undefined : 'the PodDisruptionBudgets have not been listed yet'),
    allowed() {
      const all = [...byNamespace.values()].flatMap(budgets => [...budgets])
      return new Map(all.map(([key, { disruptionsAllowed }]) => [key, disruptionsAllowed]))
    },
    covering({ namespace, standing }) {
      const budgets = byNamespace.get(namespace)
      // Most namespaces have none, and reading the labels of their pods would be the dearest part of a snapshot.
      if (budgets === undefined || budgets.size === 0) return []
      const covering = found.get(standing) ?? coveringOf(standing, budgets)
      found.set(standing, covering)
      return covering
    },
  }
}

/** One without a selector covers nobody, and an empty selector the whole namespace; so does one that cannot be read, and allows nothing. */
function budgetOf(object: JsonObject): Budget | undefined {
  const budget = parseDisruptionBudget(object)
  if (!budget.ok) return { selector: {}, disruptionsAllowed: 0 }
  const { spec, status } = budget.value
  if (spec.selector === undefined) return undefined
  return { selector: spec.selector, disruptionsAllowed: status?.disruptionsAllowed ?? 0 }
}
