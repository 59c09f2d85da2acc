import { bareInstanceType } from './class-table.ts'

/** One requirement of a node selector or of a term of node affinity. */
export interface Requirement {
  readonly key: string
  readonly operator: string
  readonly values: readonly string[]
}

/** The second one is what Kubernetes used before 1.17; manifests still do. */
export const INSTANCE_TYPE_LABELS: ReadonlySet<string> = new Set([
  'node.kubernetes.io/instance-type',
  'beta.kubernetes.io/instance-type',
])

/**
 * The instance types that a pod is restricted to, without `ml.`; empty when it is not.
 *
 * @param terms alternatives, each of which holds together with the selector
 */
export function instanceTypesOf(
  selector: readonly Requirement[],
  terms: readonly (readonly Requirement[])[],
): readonly string[] {
  const always = typesOf(selector)
  const perTerm = terms.length === 0 ? [always] : terms.map(term => commonTypes(always, typesOf(term)))
  if (perTerm.some(types => types === undefined)) return []
  return [...new Set(perTerm.flatMap(types => [...(types ?? [])]))].toSorted()
}

/** The instance types that the requirements of a term leave, or undefined when they restrict none. */
function typesOf(term: readonly Requirement[]): ReadonlySet<string> | undefined {
  return term
    .filter(({ key, operator }) => operator === 'In' && INSTANCE_TYPE_LABELS.has(key))
    .map(({ values }): ReadonlySet<string> => new Set(values.map(bareInstanceType)))
    .reduce<ReadonlySet<string> | undefined>(commonTypes, undefined)
}

function commonTypes(a: ReadonlySet<string> | undefined, b: ReadonlySet<string> | undefined) {
  return a === undefined || b === undefined ? (a ?? b) : a.intersection(b)
}
