import Type from 'typebox'
import type { JsonObject, JsonValue, ReadonlyStatic } from './parts.ts'
import { parserOf } from './validator.ts'

/*
 * The part of a pod that Sluice reads. Everything else passes through untouched, so the schema is open: a field of a newer
 * Kubernetes must never make a pod unreadable.
 */

const textMap = Type.Unsafe<Record<string, string>>({ type: 'object', additionalProperties: { type: 'string' } })
// Quantities stay as they came: their parser says what is wrong with them and where.
const quantityMap = Type.Unsafe<Record<string, unknown>>({ type: 'object' })
const json = Type.Unsafe<JsonValue>({})

const claimReference = Type.Object({ name: Type.String(), request: Type.Optional(Type.String()) })

const container = Type.Object({
  name: Type.String(),
  image: Type.Optional(Type.String()),
  restartPolicy: Type.Optional(Type.String()),
  command: Type.Optional(Type.Array(Type.String())),
  args: Type.Optional(Type.Array(Type.String())),
  resources: Type.Optional(
    Type.Object({
      limits: Type.Optional(quantityMap),
      requests: Type.Optional(quantityMap),
      claims: Type.Optional(Type.Array(claimReference)),
    }),
  ),
  env: Type.Optional(
    Type.Array(
      Type.Object({ name: Type.String(), value: Type.Optional(Type.String()), valueFrom: Type.Optional(json) }),
    ),
  ),
  volumeMounts: Type.Optional(Type.Array(Type.Object({ name: Type.String(), mountPath: Type.String() }))),
  securityContext: Type.Optional(
    Type.Object({
      privileged: Type.Optional(Type.Boolean()),
      capabilities: Type.Optional(Type.Object({ add: Type.Optional(Type.Array(Type.String())) })),
    }),
  ),
})

const nodeRequirement = Type.Object({
  key: Type.String(),
  operator: Type.String(),
  values: Type.Optional(Type.Array(Type.String())),
})

const nodeSelectorTerm = Type.Object({ matchExpressions: Type.Optional(Type.Array(nodeRequirement)) })

// What is written to must be a list of objects, or a patch would not apply.
const affinityTerms = Type.Optional(Type.Array(Type.Object({})))

const affinity = Type.Object({
  nodeAffinity: Type.Optional(
    Type.Object({
      requiredDuringSchedulingIgnoredDuringExecution: Type.Optional(
        Type.Object({ nodeSelectorTerms: Type.Optional(Type.Array(nodeSelectorTerm)) }),
      ),
      preferredDuringSchedulingIgnoredDuringExecution: affinityTerms,
    }),
  ),
  podAffinity: Type.Optional(
    Type.Object({
      requiredDuringSchedulingIgnoredDuringExecution: affinityTerms,
      preferredDuringSchedulingIgnoredDuringExecution: affinityTerms,
    }),
  ),
  podAntiAffinity: Type.Optional(json),
})

const toleration = Type.Object({
  key: Type.Optional(Type.String()),
  operator: Type.Optional(Type.String()),
  value: Type.Optional(Type.String()),
  effect: Type.Optional(Type.String()),
  tolerationSeconds: Type.Optional(Type.Number()),
})

const volume = Type.Object({
  name: Type.String(),
  hostPath: Type.Optional(Type.Object({ path: Type.String() })),
  emptyDir: Type.Optional(json),
})

const podClaim = Type.Object({
  name: Type.String(),
  resourceClaimName: Type.Optional(Type.String()),
  resourceClaimTemplateName: Type.Optional(Type.String()),
})

const podSpec = Type.Object({
  containers: Type.Array(container, { minItems: 1 }),
  initContainers: Type.Optional(Type.Array(container)),
  volumes: Type.Optional(Type.Array(volume)),
  nodeSelector: Type.Optional(textMap),
  nodeName: Type.Optional(Type.String()),
  affinity: Type.Optional(affinity),
  tolerations: Type.Optional(Type.Array(toleration)),
  topologySpreadConstraints: Type.Optional(Type.Array(Type.Object({ topologyKey: Type.Optional(Type.String()) }))),
  priorityClassName: Type.Optional(Type.String()),
  priority: Type.Optional(Type.Number()),
  preemptionPolicy: Type.Optional(Type.String()),
  schedulerName: Type.Optional(Type.String()),
  runtimeClassName: Type.Optional(Type.String()),
  hostNetwork: Type.Optional(Type.Boolean()),
  overhead: Type.Optional(quantityMap),
  resources: Type.Optional(Type.Object({ limits: Type.Optional(quantityMap), requests: Type.Optional(quantityMap) })),
  resourceClaims: Type.Optional(Type.Array(podClaim)),
  schedulingGroup: Type.Optional(Type.Object({ podGroupName: Type.Optional(Type.String()) })),
  schedulingGates: Type.Optional(Type.Array(Type.Object({ name: Type.String() }))),
})

const ownerReference = Type.Object({
  apiVersion: Type.Optional(Type.String()),
  kind: Type.String(),
  name: Type.String(),
  uid: Type.Optional(Type.String()),
  controller: Type.Optional(Type.Boolean()),
})

const pod = Type.Object({
  apiVersion: Type.Optional(Type.String()),
  kind: Type.Optional(Type.String()),
  metadata: Type.Object({
    name: Type.Optional(Type.String()),
    generateName: Type.Optional(Type.String()),
    namespace: Type.Optional(Type.String()),
    uid: Type.Optional(Type.String()),
    labels: Type.Optional(textMap),
    annotations: Type.Optional(textMap),
    ownerReferences: Type.Optional(Type.Array(ownerReference)),
  }),
  spec: podSpec,
})

export type Pod = ReadonlyStatic<typeof pod>
export type PodSpec = Pod['spec']
export type Container = PodSpec['containers'][number]
export type Toleration = NonNullable<PodSpec['tolerations']>[number]

const parse = parserOf(pod)

/** Reads a pod. The value is the same object that came in, so that patches are written against what was sent. */
export function parsePod(value: unknown) {
  return parse(value)
}

/** A pod seen as plain JSON, for those who address it by path. */
export function asJson(value: Pod): JsonObject {
  return value as unknown as JsonObject
}
