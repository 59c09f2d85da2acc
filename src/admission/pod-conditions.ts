import { askingOf } from '../gpu/asking.ts'
import type { ClassTable } from '../gpu/class-table.ts'
import { textLiteral, textsLiteral } from '../policy/cel/literal.ts'
import { TIER_LABEL } from '../policy/owned-keys.ts'
import { EVERY_POD } from '../policy/reach.ts'
import type { Cluster } from './cluster.ts'
import { NOTICE_ANNOTATIONS } from './notice-change.ts'

/** CEL over `object`, `oldObject` and `request`, by which the API server tells for which pods it has to ask. */
export interface PodConditions {
  /** Pods that may ask for accelerators, or carry the label by which they would be charged. */
  readonly accelerated: string
  /** Of the others those that policies may inject into, and those that they may judge; undefined: none. */
  readonly injected: string | undefined
  readonly judged: string | undefined
  /**
   * Creates, and updates that touch the label by which a pod is charged or what it is told by the rebalancer: nothing else of a pod that
   * exists is looked at.
   */
  readonly created: string
}

/**
 * The conditions of a cluster. Whatever they leave out is a pod for which Sluice does nothing, so that most pods of a cluster never
 * leave the API server; what they let through need not ask for anything (a count of 0, an annotation beside a device).
 *
 * Every field is read with `?`: an error would forbid the pod under `failurePolicy: Fail` (facts: admission §2). A pod that cannot be
 * counted for its size alone (past 1,000 containers) and asks for nothing is let be.
 */
export function podConditions({ classes, policies }: Pick<Cluster, 'classes' | 'policies'>): PodConditions {
  const { annotations } = askingOf(classes)
  const accelerated = [
    `${AMOUNTS}.exists(amounts, amounts.exists(name, ${isAccelerator(classes)}))`,
    'size(object.spec.?resourceClaims.orValue([])) > 0',
    ...(annotations.length === 0 ? [] : [`${ANNOTATIONS}.exists(key, key in ${textsLiteral(annotations)})`]),
    `${textLiteral(TIER_LABEL)} in object.metadata.?labels.orValue({})`,
  ]
  return {
    accelerated: anyOf(accelerated),
    injected: policies.reach.inject.length === 0 ? undefined : anyOf(policies.reach.inject),
    judged: policies.reach.validate.length === 0 ? undefined : anyOf(policies.reach.validate),
    created: anyOf([
      "request.operation != 'UPDATE'",
      `${tierOf('oldObject')} != ${tierOf('object')}`,
      ...NOTICE_ANNOTATIONS.map(key => `${annotationOf('oldObject', key)} != ${annotationOf('object', key)}`),
    ]),
  }
}

/** The same for those who want every pod to be seen, whatever their policies are about now. */
export function everyPod(conditions: PodConditions): PodConditions {
  return { ...conditions, injected: EVERY_POD, judged: EVERY_POD }
}

/** Those of the pod's own, and those that start before them. */
export const CONTAINERS = '(object.spec.containers + object.spec.?initContainers.orValue([]))'
// A RuntimeClass may charge devices to every pod that uses it; the API server writes them to the overhead.
const AMOUNTS =
  `(${CONTAINERS}.map(c, c.?resources.?limits.orValue({})) + ${CONTAINERS}.map(c, c.?resources.?requests.orValue({}))` +
  ' + [object.spec.?overhead.orValue({})])'
const ANNOTATIONS = 'object.metadata.?annotations.orValue({})'

// A hundred names cost a pod of 1,000 containers, each with one resource that is none of them, a quarter of what Kubernetes allows
// an expression (one million). Past that the beginnings of the names have to do: `nvidia.com/` lets through more than is needed.
const MAX_NAMES = 100

/** Whether `name` is a resource by which accelerators are asked for. Nearly all are `cpu` or `memory`, which the slash tells at once. */
export function isAccelerator(classes: ClassTable): string {
  const { resources: names, resourcePrefixes: prefixes } = askingOf(classes)
  const isShort = names.length <= MAX_NAMES
  const domains = isShort ? [] : [...new Set(names.map(name => name.slice(0, name.indexOf('/') + 1)))]
  const tests = [
    ...(isShort && names.length > 0 ? [`name in ${textsLiteral(names)}`] : []),
    ...[...prefixes, ...domains].map(prefix => `name.startsWith(${textLiteral(prefix)})`),
  ]
  return tests.length === 0 ? 'false' : `name.contains('/') && (${tests.join(' || ')})`
}

// No value of a label begins with a dash, so this one stands for its absence.
function tierOf(root: 'object' | 'oldObject'): string {
  return `${root}.metadata.?labels[?${textLiteral(TIER_LABEL)}].orValue('-')`
}

// An empty one tells as little as one that is not there.
function annotationOf(root: 'object' | 'oldObject', key: string): string {
  return `${root}.metadata.?annotations[?${textLiteral(key)}].orValue('')`
}

function anyOf(tests: readonly string[]): string {
  const [only, ...others] = tests
  return only !== undefined && others.length === 0 ? only : tests.map(test => `(${test})`).join(' || ')
}
