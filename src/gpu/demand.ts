import type { Amount } from '../quantity/amount.ts'
import type { Issue } from '../schema/parsed.ts'
import type { Container, Pod } from '../schema/pod.ts'
import { type ClaimLookup, claimsOf, type UnresolvedClaim } from './claims.ts'
import { type Chooser, createChooser } from './class-chooser.ts'
import type { ClassTable } from './class-table.ts'
import { linesOf } from './container-charges.ts'
import { type ContainerRef, hasTooManyContainers, type PodRequests, readRequests } from './container-requests.ts'
import {
  amountsByClass,
  amountsByContainer,
  type Charges,
  type DemandSource,
  type SharedClaim,
  sharedClaimsOf,
  sortedByKey,
  sourceOf,
  totalOf,
  vendorsOf,
} from './demand-totals.ts'
import { effectiveRequest } from './effective-request.ts'
import { createFindings, type Findings } from './findings.ts'
import { fractionOf, hasFraction } from './fractions.ts'
import { nodeSelectionOf } from './node-selection.ts'
import { isExtendedResource } from './resource-names.ts'

export type { ContainerRef }

export interface DemandContext {
  readonly classes: ClassTable
  readonly claims: ClaimLookup
  /** Labels of the pod's namespace. */
  readonly namespaceLabels: Readonly<Record<string, string>>
}

/** What one pod asks for. Effective requests are in units of their resource, demand in milli-GPU. */
export type DemandResult =
  | {
      readonly kind: 'none'
      readonly effective: ReadonlyMap<string, bigint>
      readonly unresolvedClaims: readonly UnresolvedClaim[]
    }
  | { readonly kind: 'demand'; readonly demand: Demand }
  | { readonly kind: 'invalid'; readonly issues: readonly Issue[] }
  | {
      readonly kind: 'undecidable'
      readonly issues: readonly Issue[]
      readonly effective: ReadonlyMap<string, bigint>
    }

export interface Demand {
  /** Milli-GPU by class, in the order of class names, none of them 0. */
  readonly byClass: ReadonlyMap<string, Amount>
  /** Units of every extended resource the pod holds at most at once, in the order of names, none of them 0. */
  readonly effective: ReadonlyMap<string, bigint>
  readonly total: Amount
  readonly vendors: ReadonlySet<string>
  /** Containers that use an accelerator, in the order they start: init containers first. */
  readonly accelerated: readonly ContainerRef[]
  /** Milli-GPU by container name. A claim counts in every container that uses it, so these may exceed the total. */
  readonly perContainer: ReadonlyMap<string, Amount>
  /** Instance types the pod is restricted to, without `ml.`; empty when it is not. */
  readonly instanceTypes: readonly string[]
  readonly source: DemandSource
  readonly unresolvedClaims: readonly UnresolvedClaim[]
  /** Claim objects that other pods may use too: their part of the demand is held once, however many pods name them. */
  readonly sharedClaims: readonly SharedClaim[]
  readonly notes: readonly string[]
}

const NOTHING: DemandResult = { kind: 'none', effective: new Map(), unresolvedClaims: [] }

/**
 * What a pod asks for. Never throws: whatever a parsed pod holds is counted, or named as a problem with its place.
 *
 * @param namespace the namespace of the admission request; the one in the pod may be empty
 */
export function demandOf(pod: Pod, namespace: string, context: DemandContext): DemandResult {
  if (asksForNothing(pod, context.classes)) return NOTHING

  const findings = createFindings()
  const requests = readRequests(pod.spec, findings)
  const effective = effectiveOf(requests)
  const selection = nodeSelectionOf(pod.spec, context.classes)
  const chooser = createChooser(selection, context.classes)

  const charges = chargesOf(pod, namespace, requests, chooser, context, findings)
  if (findings.invalid.length > 0) return { kind: 'invalid', issues: [...findings.invalid, ...findings.open] }
  if (findings.open.length > 0) return { kind: 'undecidable', issues: findings.open, effective }

  const byClass = amountsByClass(charges)
  const unresolvedClaims = charges.claims.unresolved
  if (byClass.size === 0) return { kind: 'none', effective, unresolvedClaims }
  const perContainer = amountsByContainer(charges)
  return {
    kind: 'demand',
    demand: {
      byClass,
      effective,
      total: totalOf(byClass),
      vendors: vendorsOf(byClass, context.classes),
      accelerated: perContainer.map(({ ref }) => ref),
      perContainer: new Map(perContainer.map(({ ref, amount }) => [ref.name, amount])),
      instanceTypes: selection.instanceTypes,
      source: sourceOf(charges),
      unresolvedClaims,
      sharedClaims: sharedClaimsOf(charges.claims.charges),
      notes: chooser.notes(),
    },
  }
}

/** The answer for nearly every pod of a cluster, from the keys alone. */
function asksForNothing(pod: Pod, table: ClassTable): boolean {
  const { spec } = pod
  if (hasTooManyContainers(spec)) return false
  if (spec.resourceClaims !== undefined && spec.resourceClaims.length > 0) return false
  if (namesDevice(spec.overhead) || hasFraction(pod, table)) return false
  return !spec.containers.some(asksForDevice) && !(spec.initContainers ?? []).some(asksForDevice)
}

function asksForDevice({ resources }: Container): boolean {
  return resources !== undefined && (namesDevice(resources.limits) || namesDevice(resources.requests))
}

function namesDevice(quantities: Readonly<Record<string, unknown>> | undefined): boolean {
  return quantities !== undefined && Object.keys(quantities).some(isExtendedResource)
}

function chargesOf(
  pod: Pod,
  namespace: string,
  requests: PodRequests,
  chooser: Chooser,
  { classes, claims, namespaceLabels }: DemandContext,
  findings: Findings,
): Charges {
  const containers = requests.containers.map(request => ({
    ...request,
    lines: linesOf(request.units, request.place, chooser, classes, findings),
  }))
  const held = new Set(containers.flatMap(({ lines }) => lines.map(({ resource }) => resource)))
  return {
    containers,
    overhead: linesOf(requests.overhead, '/spec/overhead', chooser, classes, findings),
    fraction: fractionOf(pod, resources => !held.isDisjointFrom(resources), chooser, classes, findings),
    claims: claimsOf(pod.spec, { namespace, namespaceLabels, claims }, chooser, findings),
  }
}

function effectiveOf({ containers, overhead, unread }: PodRequests): ReadonlyMap<string, bigint> {
  const effective = effectiveRequest(containers.map(({ phase, units }) => ({ phase, amounts: units })))
  for (const [resource, units] of overhead) {
    if (units > 0n) effective.set(resource, (effective.get(resource) ?? 0n) + units)
  }
  for (const resource of unread) effective.delete(resource)
  return sortedByKey(effective)
}
