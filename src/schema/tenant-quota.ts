import Type from 'typebox'
import { conditionColumn, defineKind, READY_COLUMNS } from './kind.ts'
import {
  choice,
  dnsLabel,
  dnsName,
  gpuCount,
  labelSelector,
  list,
  MODES,
  object,
  pool,
  QUEUE_SYSTEMS,
  type ReadonlyStatic,
  TIERS,
  weight,
} from './parts.ts'
import { conditionStatus } from './status.ts'

const classQuota = object('What the tenant may use of one accelerator class.', {
  class: dnsName('The AcceleratorClass.'),
  reserved: Type.Optional(gpuCount('Guaranteed and never reclaimed. 0 without it.')),
  shared: Type.Optional(
    object('Use of the pool that the cohort shares. None without it, no limit of its own with `{}`.', {
      max: Type.Optional(gpuCount('The most at one time.')),
    }),
  ),
  burst: Type.Optional(
    object('Use of what is idle, reclaimable with notice. None without it, no limit of its own with `{}`.', {
      borrowingLimit: Type.Optional(gpuCount('The most at one time.')),
    }),
  ),
  lendingLimit: Type.Optional(gpuCount('How much of an idle reservation others may borrow. All of it without it.')),
  cap: Type.Optional(
    pool(
      'The most it may hold over all tiers: a number, or a percentage of what the cluster has of the class. No cap without it.',
    ),
  ),
  perPod: Type.Optional(
    object('Bounds for a single pod.', {
      min: Type.Optional(gpuCount('The least a pod may ask for, if it asks at all.')),
      max: Type.Optional(gpuCount('The most a pod may ask for.')),
    }),
  ),
})

const spec = object('A tenant: its namespaces, and what they may use together.', {
  namespaces: Type.Optional(list('Namespaces by name.', dnsLabel('A namespace.'), { maxItems: 1024 })),
  namespaceSelector: Type.Optional(labelSelector),
  cohort: dnsName('The Cohort whose capacity the tenant uses.'),
  weight: Type.Optional(weight('Share of contended shared and burst capacity.')),
  cap: Type.Optional(
    pool(
      'The most the tenant may hold of all classes together, over all tiers: a number of GPUs, or a percentage of all that the cluster has. For workloads that scale by themselves. No cap without it.',
    ),
  ),
  tierOrder: Type.Optional(
    list(
      'Tiers tried, in this order, for a pod that names none. `reserved, shared, burst` without it.',
      choice('A tier.', TIERS),
      {
        minItems: 1,
        maxItems: 3,
      },
    ),
  ),
  enforcement: Type.Optional(
    choice(
      'What an excess does: refuse the pod, admit it with a warning, or only record it. Enforce without it.',
      MODES,
    ),
  ),
  trustedQueues: Type.Optional(
    list(
      'Systems whose word counts for this tenant: a pod that one of them queues is charged where it fits, each by itself, and admitted with a ' +
        'warning where it does not, as with enforcement Warn: what it decided is not refused a second time. None without it. Pods show ' +
        'by labels, gates or their scheduler who queues them (Kueue by kueue.x-k8s.io/managed, for example), and a tenant can write those: ' +
        'list a system only where it keeps pods from running that it has not let through, or the quota holds for nobody who knows the label.',
      choice('A system that queues pods.', QUEUE_SYSTEMS),
      { maxItems: QUEUE_SYSTEMS.length },
    ),
  ),
  classes: list('Quota by accelerator class. A class that is not listed may not be used.', classQuota, {
    keys: ['class'],
    maxItems: 64,
  }),
})

export const tenantQuota = defineKind({
  kind: 'TenantQuota',
  plural: 'tenantquotas',
  scope: 'Cluster',
  description: 'A tenant and its tiered quota: reserved, shared and burst, per accelerator class.',
  spec,
  status: conditionStatus,
  columns: [
    { name: 'Cohort', type: 'string', jsonPath: '.spec.cohort', description: 'The cohort whose capacity it uses.' },
    {
      name: 'Enforcement',
      type: 'string',
      jsonPath: '.spec.enforcement',
      description: 'What an excess does; Enforce where it is empty.',
    },
    conditionColumn('Oversubscribed', 'Whether it holds more than its limits leave room for.'),
    {
      name: 'Namespaces',
      type: 'string',
      jsonPath: '.spec.namespaces',
      description: 'Its namespaces by name.',
      priority: 1,
    },
    ...READY_COLUMNS,
  ],
})

export type TenantQuotaSpec = ReadonlyStatic<typeof spec>
