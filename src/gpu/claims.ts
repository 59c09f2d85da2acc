import type { JsonObject } from '../schema/parts.ts'
import type { PodSpec } from '../schema/pod.ts'
import type { Chooser } from './class-chooser.ts'
import type { AcceleratorClass, DeviceCandidate } from './class-table.ts'
import { type DeviceAsk, type DeviceRequest, readDeviceRequests } from './device-requests.ts'
import { type Findings, quoted } from './findings.ts'
import { computeSlices, mentionedProfiles, sliceWeight, USUAL_SLICES } from './mig.ts'
import { least } from './shares.ts'

/*
 * DRA: what the ResourceClaims of a pod count for. A claim counts as an object, once, however many containers use it and even if
 * none does: the scheduler allocates all of it for the pod. A request for a part of a device (`capacity`) counts the device, since
 * classes do not say what a device can be divided into; a template that a PodGroup shares counts for each of its pods.
 */

/** Where the claims of a pod are looked up. `spec` is a ResourceClaimSpec; that of a template is its `spec.spec`. */
export interface ClaimLookup {
  template(namespace: string, name: string): ClaimSource
  claim(namespace: string, name: string): ClaimSource
}

export type ClaimSource =
  | { readonly kind: 'found'; readonly spec: JsonObject }
  /** Not there yet, and someone will create it: a ComputeDomain creates its template, a controller its claims. */
  | { readonly kind: 'pending'; readonly by: string }
  | { readonly kind: 'missing' }

export interface UnresolvedClaim {
  /** The name of the claim inside the pod. */
  readonly claim: string
  /** What was looked for: `ResourceClaimTemplate "gpu-8"`. */
  readonly reference: string
  readonly kind: 'missing' | 'pending'
  /** Who will create it, where that is known. */
  readonly by?: string
}

export interface ClaimCharge {
  /** The name of the claim inside the pod. */
  readonly claim: string
  /** The ResourceClaim object that other pods may use as well; undefined for a claim made for this pod alone. */
  readonly shared: string | undefined
  /** A second name of the pod for a claim object that it has counted already. */
  readonly isRepeat: boolean
  readonly lines: readonly ClaimLine[]
}

/** What one request of a claim counts for. */
export interface ClaimLine {
  readonly request: string
  readonly class: AcceleratorClass
  readonly milliGpus: bigint
}

export interface PodClaims {
  readonly charges: readonly ClaimCharge[]
  readonly unresolved: readonly UnresolvedClaim[]
}

export interface ClaimScope {
  readonly namespace: string
  readonly namespaceLabels: Readonly<Record<string, string>>
  readonly claims: ClaimLookup
}

const NO_CLAIMS: PodClaims = { charges: [], unresolved: [] }
const MAX_CLAIMS = 64
const ADMIN_LABEL = 'resource.kubernetes.io/admin-access'

export function claimsOf(spec: PodSpec, scope: ClaimScope, chooser: Chooser, findings: Findings): PodClaims {
  const references = spec.resourceClaims ?? []
  if (references.length === 0) return NO_CLAIMS
  if (references.length > MAX_CLAIMS) {
    const remedy = `a pod has at most ${MAX_CLAIMS}`
    findings.refuse({ at: 'spec.resourceClaims', problem: `${references.length} claims`, remedy })
    return NO_CLAIMS
  }

  const charges: ClaimCharge[] = []
  const unresolved: UnresolvedClaim[] = []
  const seen = new Set<string>()
  const names = new Set<string>()
  for (const [index, reference] of references.entries()) {
    const wanted = wantedBy(reference)
    if (wanted === undefined || names.has(reference.name)) {
      findings.refuse(wanted === undefined ? unclearSource(index) : repeatedName(index, reference.name))
      continue
    }
    names.add(reference.name)
    const { shared, object, source } = lookUp(wanted, scope)
    if (source.kind !== 'found') {
      unresolved.push(unresolvedClaim(reference.name, object, source))
      continue
    }
    const requests = readDeviceRequests(source.spec, object, findings)
    const lines = requests.flatMap(request => lineOf(request, scope, chooser, findings))
    charges.push({ claim: reference.name, shared, isRepeat: shared !== undefined && seen.has(shared), lines })
    if (shared !== undefined) seen.add(shared)
  }
  return { charges, unresolved }
}

type Reference = NonNullable<PodSpec['resourceClaims']>[number]
type Wanted = { readonly template: string } | { readonly claim: string }

function wantedBy({ resourceClaimName: claim, resourceClaimTemplateName: template }: Reference): Wanted | undefined {
  if (claim !== undefined) return template === undefined ? { claim } : undefined
  return template === undefined ? undefined : { template }
}

function lookUp(wanted: Wanted, { namespace, claims }: ClaimScope) {
  if ('template' in wanted) {
    const object = `ResourceClaimTemplate ${quoted(wanted.template)}`
    return { shared: undefined, object, source: claims.template(namespace, wanted.template) }
  }
  const object = `ResourceClaim ${quoted(wanted.claim)}`
  return { shared: wanted.claim, object, source: claims.claim(namespace, wanted.claim) }
}

function unresolvedClaim(
  claim: string,
  reference: string,
  source: Exclude<ClaimSource, { kind: 'found' }>,
): UnresolvedClaim {
  return source.kind === 'pending'
    ? { claim, reference, kind: 'pending', by: source.by }
    : { claim, reference, kind: 'missing' }
}

/**
 * The dearest alternative: the scheduler may give any of them, and what it gives is never more than what is counted. Kubernetes'
 * own quota charges every class of a `firstAvailable` list; counting one keeps a preference from costing more than its best case.
 */
function lineOf(request: DeviceRequest, scope: ClaimScope, chooser: Chooser, findings: Findings): readonly ClaimLine[] {
  let dearest: ClaimLine | undefined
  for (const ask of request.alternatives) {
    const line = lineOfAsk(request.name, ask, scope, chooser, findings)
    if (line !== undefined && line.milliGpus > (dearest?.milliGpus ?? 0n)) dearest = line
  }
  return dearest === undefined ? [] : [dearest]
}

function lineOfAsk(
  request: string,
  ask: DeviceAsk,
  scope: ClaimScope,
  chooser: Chooser,
  findings: Findings,
): ClaimLine | undefined {
  const choice = chooser.forDevices(ask.deviceClass, ask.selectors)
  if (choice === undefined) return undefined
  if (ask.adminAccess) {
    if (!mayAdminister(scope)) findings.refuse(adminRefused(ask.at))
    return undefined
  }
  switch (ask.devices.kind) {
    case 'unread':
      return undefined
    case 'all':
      findings.refuse(allRefused(ask.at))
      return undefined
    case 'count': {
      const milliGpus = ask.devices.value * weightOf(choice.candidate, ask)
      return { request, class: choice.candidate.class, milliGpus }
    }
  }
}

// A selector with one of these can match a device it does not mention.
const CHOOSING = /\|\||[?!]/

/**
 * A device class for MIG devices of every profile counts by the largest profile that the selectors ask for, where they are a plain
 * conjunction; without a profile it counts as the class table says.
 */
function weightOf({ class: owner, milliGpus }: DeviceCandidate, { deviceClass, selectors }: DeviceAsk): bigint {
  if (owner.migSlices === undefined || !deviceClass.includes('mig') || CHOOSING.test(selectors)) return milliGpus
  const slices = mentionedProfiles(selectors).map(profile => computeSlices(profile) ?? USUAL_SLICES)
  if (slices.length === 0) return milliGpus
  return least(sliceWeight(Math.max(...slices), owner.migSlices), milliGpus)
}

/** Admin access shares devices that others hold, so it costs nothing, and only namespaces an administrator labelled have it. */
function mayAdminister({ namespaceLabels }: ClaimScope): boolean {
  return Object.hasOwn(namespaceLabels, ADMIN_LABEL) && namespaceLabels[ADMIN_LABEL] === 'true'
}

function adminRefused(at: string) {
  return {
    at: `${at}.adminAccess`,
    problem: 'adminAccess is for namespaces of administrators',
    remedy: `remove it, or have the namespace labelled ${ADMIN_LABEL}=true`,
  }
}

function allRefused(at: string) {
  return {
    at: `${at}.allocationMode`,
    problem: 'All takes every device of a node, and nobody can say how many that is',
    remedy: 'use ExactCount with a count',
  }
}

function repeatedName(index: number, name: string) {
  return { at: `spec.resourceClaims[${index}].name`, problem: `${quoted(name)} is another claim`, remedy: 'rename it' }
}

function unclearSource(index: number) {
  return {
    at: `spec.resourceClaims[${index}]`,
    problem: 'a claim names one of resourceClaimName and resourceClaimTemplateName',
    remedy: 'set exactly one of the two',
  }
}
