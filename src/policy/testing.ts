/** What the tests of this folder share: a small cluster, and subjects from pod literals. */
import assert from 'node:assert/strict'
import type { ClaimLookup } from '../gpu/claims.ts'
import { compileClasses } from '../gpu/classes.ts'
import { demandOf } from '../gpu/demand.ts'
import { workloadOf } from '../gpu/workload.ts'
import type { JsonObject, Tier } from '../schema/parts.ts'
import { asJson, type Pod, parsePod } from '../schema/pod.ts'
import { type AdmissionRequest, podRequest } from '../schema/review.ts'
import { classOf, parsedValue } from '../schema/testing.ts'
import type { Surroundings } from './inject/target.ts'
import type { Subject } from './subject.ts'

const CLASSES = [
  classOf(
    {
      default: true,
      resources: [{ name: 'nvidia.com/gpu', milliGpus: 1000 }],
      mig: { slices: 7, profiles: ['1g.10gb'] },
      instanceTypes: ['p5.48xlarge', 'p5.4xlarge'],
      taints: [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }],
      deviceClasses: [
        { name: 'gpu.example.com', milliGpus: 1000 },
        { name: 'slice.example.com', milliGpus: 142 },
      ],
      fractions: [{ annotation: 'gpu-fraction', unit: 'fraction' }],
    },
    'h100',
  ),
  classOf(
    {
      resources: [{ name: 'nvidia.com/gpu', milliGpus: 1000 }],
      instanceTypes: ['p4d.24xlarge'],
      taints: [{ key: 'sku', value: 'a100', effect: 'NoExecute' }],
    },
    'a100',
  ),
  classOf({ vendor: 'amd', default: true, resources: [{ name: 'amd.com/gpu', milliGpus: 1000 }] }, 'mi300x'),
]

const TABLE = parsedValue(compileClasses(CLASSES))
const NO_CLAIMS: ClaimLookup = { template: () => ({ kind: 'missing' }), claim: () => ({ kind: 'missing' }) }

/** A cluster in which every claim, and every template, is of one device of this class. */
export function claimsOf(deviceClassName: 'gpu.example.com' | 'slice.example.com'): ClaimLookup {
  const spec = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName } }] } }
  return { template: () => ({ kind: 'found', spec }), claim: () => ({ kind: 'found', spec }) }
}

export const SURROUNDINGS: Surroundings = {
  priorityClasses: new Set(['gpu-reserved', 'gpu-shared', 'gpu-burst', 'default']),
  defaultPriorityClass: 'default',
  classTaints: new Map(CLASSES.map(({ metadata, spec }) => [metadata.name, spec.taints ?? []])),
  fabric: new Map(),
}

export interface Given {
  readonly namespace?: string
  readonly namespaceLabels?: Readonly<Record<string, string>>
  readonly tier?: Tier
  readonly operation?: 'CREATE' | 'UPDATE'
  readonly instanceTypes?: readonly string[]
  readonly gangSize?: number
  readonly claims?: ClaimLookup
}

/** A subject as admission would make it of a pod in a namespace of tenant `t`. */
export function subjectOf(json: JsonObject, given: Given = {}): Subject {
  const { namespace = 'team-a', namespaceLabels = {}, operation = 'CREATE' } = given
  const pod = readPod(json)
  const result = demandOf(pod, namespace, { classes: TABLE, claims: given.claims ?? NO_CLAIMS, namespaceLabels })
  assert.ok(result.kind === 'demand' || result.kind === 'none', `the demand of the pod is ${result.kind}`)
  const demand = result.kind === 'demand' ? result.demand : undefined
  const named = demand?.instanceTypes ?? []
  return {
    pod,
    object: asJson(pod),
    oldObject: null,
    request: requestOf(json, namespace, operation),
    namespace,
    namespaceLabels,
    tenant: 't',
    tier: given.tier,
    demand,
    effective: demand?.effective ?? new Map(),
    workload: workloadOf(pod, namespace, given.gangSize === undefined ? {} : { gangSize: given.gangSize }),
    instanceTypes: named.length > 0 ? named : (given.instanceTypes ?? []),
  }
}

export function readPod(json: JsonObject): Pod {
  return parsedValue(parsePod({ metadata: {}, ...json }))
}

export function requestOf(
  object: JsonObject,
  namespace: string,
  operation: 'CREATE' | 'UPDATE' = 'CREATE',
): AdmissionRequest {
  return podRequest({ uid: 'review', namespace, userInfo: { username: 'someone' }, object }, operation)
}

/** A container that asks for this many NVIDIA GPUs, as the API server has defaulted it. */
export function gpuContainer(gpus: number, more: JsonObject = {}): JsonObject {
  const amounts = { 'nvidia.com/gpu': String(gpus) }
  return { name: 'main', resources: { limits: amounts, requests: amounts }, ...more }
}

/** A pod of one container with eight GPUs. */
export function gpuPod(spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return { metadata, spec: { containers: [gpuContainer(8)], ...spec } }
}
