import type { InjectSpec } from '../../schema/inject.ts'
import { isObject, type JsonObject } from '../../schema/parts.ts'
import type { JsonPath } from '../patch.ts'
import type { Target } from './target.ts'

type Affinity = NonNullable<InjectSpec['affinity']>
type NodeEntry = NonNullable<Affinity['nodes']>[number]
type GangEntry = NonNullable<Affinity['gang']>[number]

const NODE_REQUIRED = [
  'spec',
  'affinity',
  'nodeAffinity',
  'requiredDuringSchedulingIgnoredDuringExecution',
  'nodeSelectorTerms',
]
const NODE_PREFERRED = ['spec', 'affinity', 'nodeAffinity', 'preferredDuringSchedulingIgnoredDuringExecution']
const POD_REQUIRED = ['spec', 'affinity', 'podAffinity', 'requiredDuringSchedulingIgnoredDuringExecution']
const POD_PREFERRED = ['spec', 'affinity', 'podAffinity', 'preferredDuringSchedulingIgnoredDuringExecution']

export function injectAffinity(block: Affinity, target: Target): void {
  for (const entry of block.nodes ?? []) injectNode(entry, target)
  for (const entry of block.gang ?? []) injectGang(entry, target)
}

function injectNode(entry: NodeEntry, target: Target): void {
  const { key, operator, values, weight } = entry
  if (selectsNodesBy(key, target)) return
  const expression: JsonObject = { key, operator, ...(values === undefined ? {} : { values: [...values] }) }
  if (weight === undefined) requireOnEveryTerm(expression, target)
  else target.patch.append(NODE_PREFERRED, { weight, preference: { matchExpressions: [expression] } })
  target.record(`nodeAffinity ${key}`)
}

// Terms are alternatives: a requirement holds only if every one of them makes it.
function requireOnEveryTerm(expression: JsonObject, { patch }: Target): void {
  const terms = listAt(NODE_REQUIRED, patch.get.bind(patch))
  if (terms.length === 0) patch.append(NODE_REQUIRED, { matchExpressions: [expression] })
  for (const index of terms.keys()) patch.append([...NODE_REQUIRED, index, 'matchExpressions'], expression)
}

/** Whether the pod already says something of this node label: then the tenant has made a choice. */
function selectsNodesBy(key: string, { patch }: Target): boolean {
  if (patch.get(['spec', 'nodeSelector', key]) !== undefined) return true
  const read = patch.get.bind(patch)
  const terms = [
    ...listAt(NODE_REQUIRED, read),
    ...listAt(NODE_PREFERRED, read).map(item => objectAt(item, 'preference')),
  ]
  return terms.some(term => listIn(term, 'matchExpressions').some(expression => expression.key === key))
}

function injectGang(entry: GangEntry, target: Target): void {
  const label = target.subject.workload.gang?.label
  if (label === undefined || followsTopology(entry.topologyKey, target)) return
  const term = { labelSelector: { matchLabels: { [label.key]: label.value } }, topologyKey: entry.topologyKey }
  if (entry.weight === undefined) target.patch.append(POD_REQUIRED, term)
  else target.patch.append(POD_PREFERRED, { weight: entry.weight, podAffinityTerm: term })
  target.record(`podAffinity ${entry.topologyKey}`)
}

function followsTopology(topologyKey: string, { patch }: Target): boolean {
  const read = patch.get.bind(patch)
  const terms = [
    ...listAt(POD_REQUIRED, read),
    ...listAt(POD_PREFERRED, read).map(item => objectAt(item, 'podAffinityTerm')),
  ]
  return terms.some(term => term.topologyKey === topologyKey)
}

export function injectTopologySpread(entries: NonNullable<InjectSpec['topologySpread']>, target: Target): void {
  const label = target.subject.workload.gang?.label
  if (label === undefined) return
  const path = ['spec', 'topologySpreadConstraints']
  for (const entry of entries) {
    const present = listAt(path, target.patch.get.bind(target.patch))
    if (present.some(constraint => constraint.topologyKey === entry.topologyKey)) continue
    target.patch.append(path, {
      maxSkew: entry.maxSkew ?? 1,
      topologyKey: entry.topologyKey,
      whenUnsatisfiable: entry.whenUnsatisfiable,
      labelSelector: { matchLabels: { [label.key]: label.value } },
    })
    target.record(`topologySpread ${entry.topologyKey}`)
  }
}

function listAt(path: JsonPath, read: (path: JsonPath) => unknown): readonly JsonObject[] {
  const value = read(path)
  return Array.isArray(value) ? value.filter(isObject) : []
}

function listIn(object: JsonObject, key: string): readonly JsonObject[] {
  return listAt([key], ([step]) => (step !== undefined && Object.hasOwn(object, step) ? object[step] : undefined))
}

function objectAt(object: JsonObject, key: string): JsonObject {
  const value = Object.hasOwn(object, key) ? object[key] : undefined
  return isObject(value) ? value : {}
}
