import type { GpuPolicyDocument } from '../schema/documents.ts'
import type { GpuPolicySpec } from '../schema/gpu-policy.ts'
import type { LabelSelector } from '../schema/parts.ts'
import { textLiteral, textsLiteral } from './cel/literal.ts'
import { isPortable, withoutDemand } from './cel/portable.ts'

/**
 * The pods without accelerators that policies may be about, as CEL over `object` and `request`: what the API server is told, so that
 * the others never leave it. One expression a policy; each holds for every such pod that the policy would speak about, and may hold
 * for more. None: no policy is about any.
 */
export interface Reach {
  readonly inject: readonly string[]
  readonly validate: readonly string[]
}

export const EVERY_POD = 'true'

/** Of policies that compile. */
export function reachOf(documents: readonly GpuPolicyDocument[]): Reach {
  const reached = documents.map(({ spec }) => ({ spec, pods: podsWithoutDemand(spec) }))
  const of = (block: 'inject' | 'validate') =>
    widened(reached.flatMap(({ spec, pods }) => (spec[block] === undefined || pods === undefined ? [] : [pods])))
  return { inject: of('inject'), validate: of('validate') }
}

// What one expression of ours may have; past it a condition costs the API server more than the call would.
const MAX_LENGTH = 16 * 1024

function widened(pods: readonly string[]): readonly string[] {
  const distinct = [...new Set(pods)]
  const isTooMuch = distinct.reduce((sum, text) => sum + text.length, 0) > MAX_LENGTH
  return isTooMuch || distinct.includes(EVERY_POD) ? [EVERY_POD] : distinct
}

/** Undefined: the policy says nothing about pods without demand. */
function podsWithoutDemand({ match = {}, matchConditions = [] }: GpuPolicySpec): string | undefined {
  const { accelerators = 'Required', classes, vendors, operations = ['CREATE'] } = match
  if (accelerators === 'Required' || classes !== undefined || vendors !== undefined) return undefined
  if (!operations.includes('CREATE')) return undefined

  const { namespaces, excludedNamespaces, objectSelector } = match
  // Whatever else must hold is left to Sluice, which knows tenants, workloads and the labels of namespaces.
  const parts = [
    ...(namespaces === undefined ? [] : [`request.namespace in ${textsLiteral(namespaces)}`]),
    ...(excludedNamespaces === undefined ? [] : [`!(request.namespace in ${textsLiteral(excludedNamespaces)})`]),
    ...(objectSelector === undefined ? [] : selectorParts(objectSelector)),
    ...matchConditions
      .map(({ expression }) => withoutDemand(expression))
      .filter(isPortable)
      .map(expression => `(${expression})`),
  ]
  return parts.length === 0 ? EVERY_POD : parts.join(' && ')
}

function selectorParts({ matchLabels = {}, matchExpressions = [] }: LabelSelector): readonly string[] {
  return [
    ...Object.entries(matchLabels).map(([key, value]) => isOneOf(key, [value])),
    ...matchExpressions.map(requirementPart),
  ]
}

function requirementPart({ key, operator, values = [] }: Requirement): string {
  switch (operator) {
    case 'In':
      return isOneOf(key, values)
    case 'NotIn':
      return `!${isOneOf(key, values)}`
    case 'Exists':
      return `${labelAt(key)}.hasValue()`
    case 'DoesNotExist':
      return `!${labelAt(key)}.hasValue()`
  }
}

type Requirement = NonNullable<LabelSelector['matchExpressions']>[number]

function isOneOf(key: string, values: readonly string[]): string {
  return `${labelAt(key)}.optMap(value, value in ${textsLiteral(values)}).orValue(false)`
}

function labelAt(key: string): string {
  return `object.metadata.?labels[?${textLiteral(key)}]`
}
