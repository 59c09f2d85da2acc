import Type from 'typebox'
import {
  choice,
  dnsName,
  expression,
  flag,
  integer,
  list,
  object,
  qualifiedName,
  type ReadonlyStatic,
  TIERS,
  text,
} from './parts.ts'

const when = Type.Optional(
  choice('`whenAbsent` (the default): a value of the tenant wins. `enforce`: it is replaced.', [
    'whenAbsent',
    'enforce',
  ]),
)

const containers = Type.Optional(
  choice('Which containers: those that use accelerators (the default), or all of the pod’s own.', [
    'Accelerated',
    'All',
  ]),
)

const labelValue = {
  value: Type.Optional(text('The value.', { maxLength: 8192 })),
  expression: Type.Optional(expression('CEL that gives the value as a string; an empty string adds nothing.')),
}

const priorityClass = object(
  'The PriorityClass. Removes `spec.priority` and `spec.preemptionPolicy`, which the API server derives.',
  {
    byTier: list(
      'The class for each tier.',
      object('One tier.', { tier: choice('The tier.', TIERS), name: dnsName('The PriorityClass.') }),
      { keys: ['tier'], minItems: 1, maxItems: 3 },
    ),
    treatAsAbsent: Type.Optional(
      list('Classes that count as not set, such as the global default.', dnsName('A PriorityClass.'), { maxItems: 16 }),
    ),
    when,
  },
)

const toleration = object('A toleration, added unless those of the pod already cover every taint that it covers.', {
  classTaints: Type.Optional(flag('Instead of the other fields: the taints of the classes that the pod uses.')),
  key: Type.Optional(qualifiedName('The key of the taint.')),
  operator: Type.Optional(choice('Exists without a value, Equal with one.', ['Exists', 'Equal'])),
  value: Type.Optional(text('The value of the taint.', { maxLength: 63 })),
  effect: Type.Optional(choice('The effect; all effects without it.', ['NoSchedule', 'PreferNoSchedule', 'NoExecute'])),
})

const env = object('An environment variable.', {
  name: text('The name.', { minLength: 1, maxLength: 256 }),
  ...labelValue,
  containers,
  when,
})

const fabric = object('What the platform’s fast network needs, from a FabricProfile.', {
  profile: Type.Optional(
    dnsName('The profile. Without it, the automatic profile of the platform that the pod’s nodes belong to.'),
  ),
  traffic: Type.Optional(
    choice('The traffic that the automatic profile must be for. nccl without it.', ['nccl', 'nixl']),
  ),
})

const device = object('An extended resource for the first container that uses accelerators.', {
  resource: qualifiedName('The resource.'),
  count: Type.Optional(integer('How many.', { minimum: 1 })),
  expression: Type.Optional(expression('CEL that gives how many as an int; 0 adds nothing.')),
  when,
})

const deviceClaim = object(
  'A DRA claim in place of an extended resource: the resource leaves limits and requests, the claim takes its place.',
  {
    name: dnsName('The name of the claim in the pod.'),
    replaces: qualifiedName('The extended resource that it takes the place of.'),
    count: Type.Optional(integer('Only where a container asks for exactly this many. 1 without it.', { minimum: 1 })),
    resourceClaimTemplateName: Type.Optional(
      dnsName('The template, which must exist in the namespace: a claim for each pod.'),
    ),
    resourceClaimName: Type.Optional(
      dnsName('The claim, which must exist in the namespace: shared by all pods that name it.'),
    ),
    request: Type.Optional(text('The request in the claim; all of it without one.', { maxLength: 63 })),
  },
)

const sharedMemory = object('Memory-backed storage where frameworks exchange data between processes.', {
  mountPath: Type.Optional(text('Where; `/dev/shm` without it. Nothing is added where a volume is mounted there.')),
  sizeLimit: Type.Optional(
    text('The size, as a quantity. Counts against the memory limit of the container.', { maxLength: 32 }),
  ),
  expression: Type.Optional(expression('CEL that gives the size as a string.')),
})

const nodeTerm = object('A requirement on node labels.', {
  key: qualifiedName('The label.'),
  operator: choice('How it is compared.', ['In', 'NotIn', 'Exists', 'DoesNotExist']),
  values: Type.Optional(list('The values of In and NotIn.', text('A value.', { maxLength: 63 }))),
  weight: Type.Optional(
    integer('Makes it a preference of this weight instead of a requirement.', { minimum: 1, maximum: 100 }),
  ),
})

const affinity = object('Where the pod should run.', {
  nodes: Type.Optional(list('Node labels required or preferred.', nodeTerm, { maxItems: 16 })),
  gang: Type.Optional(
    list(
      'Keeps the pods of one gang together. Adds nothing where no label tells the gang.',
      object('One topology.', {
        topologyKey: qualifiedName('The node label that names the domain.'),
        weight: Type.Optional(
          integer('Makes it a preference of this weight instead of a requirement.', { minimum: 1, maximum: 100 }),
        ),
      }),
      { keys: ['topologyKey'], maxItems: 8 },
    ),
  ),
})

const topologySpread = object('Spreads the pods of one workload. Adds nothing where no label tells the workload.', {
  topologyKey: qualifiedName('The node label that names the domain.'),
  maxSkew: Type.Optional(integer('The greatest difference between two domains. 1 without it.', { minimum: 1 })),
  whenUnsatisfiable: choice('What the scheduler does when it cannot.', ['DoNotSchedule', 'ScheduleAnyway']),
})

const keyed = (description: string) => object(description, { key: qualifiedName('The key.'), ...labelValue, when })

export const inject = object(
  'What is added to a pod. Blocks are keyed and know no order; a second pass adds nothing; what a block does not name is not touched.',
  {
    priorityClass: Type.Optional(priorityClass),
    tolerations: Type.Optional(list('Tolerations.', toleration, { maxItems: 32 })),
    env: Type.Optional(list('Environment.', env, { maxItems: 64 })),
    fabric: Type.Optional(fabric),
    devices: Type.Optional(list('Extended resources.', device, { keys: ['resource'], maxItems: 16 })),
    deviceClaims: Type.Optional(list('DRA claims.', deviceClaim, { keys: ['name'], maxItems: 16 })),
    sharedMemory: Type.Optional(sharedMemory),
    nodeSelector: Type.Optional(list('Node labels.', keyed('One node label.'), { keys: ['key'], maxItems: 16 })),
    affinity: Type.Optional(affinity),
    labels: Type.Optional(list('Labels.', keyed('One label.'), { keys: ['key'], maxItems: 32 })),
    annotations: Type.Optional(list('Annotations.', keyed('One annotation.'), { keys: ['key'], maxItems: 32 })),
    schedulerName: Type.Optional(object('The scheduler.', { name: dnsName('Its name.'), when })),
    topologySpread: Type.Optional(list('Topology spread.', topologySpread, { keys: ['topologyKey'], maxItems: 8 })),
  },
)

export type InjectSpec = ReadonlyStatic<typeof inject>
