import Type from 'typebox'
import { conditionColumn, defineKind, READY_COLUMNS } from './kind.ts'
import {
  choice,
  dnsName,
  gpuCount,
  integer,
  labelSelector,
  list,
  object,
  pool,
  type ReadonlyStatic,
  text,
  weight,
} from './parts.ts'
import { conditionStatus } from './status.ts'

const classQuota = object('What the cohort has of one accelerator class.', {
  class: dnsName('The AcceleratorClass.'),
  capacity: object('How much there is.', {
    gpus: Type.Optional(gpuCount('A fixed number.')),
    nodeSelector: Type.Optional(labelSelector),
  }),
  instanceTypes: Type.Optional(
    list(
      'The instance types that provide it. Tells which network devices a pod of this class can have when the pod names no instance type.',
      text('For example `p5.48xlarge`.', { maxLength: 63 }),
    ),
  ),
  shared: Type.Optional(pool('The common pool that tenants draw on by weight. Nothing without it.')),
  burst: Type.Optional(pool('Kept free of promises, lent to whoever asks first. Nothing without it.')),
  borrowingLimit: Type.Optional(gpuCount('The most the cohort takes from its relatives. No limit without it.')),
  lendingLimit: Type.Optional(gpuCount('The most the cohort gives to its relatives. All that is idle without it.')),
})

const spec = object('Tenants that share capacity.', {
  parent: Type.Optional(dnsName('The cohort above this one, with which it borrows and lends.')),
  weight: Type.Optional(weight('Share among siblings when burst capacity is contended.')),
  classes: list('Capacity by accelerator class.', classQuota, { keys: ['class'], maxItems: 64 }),
  reclaim: Type.Optional(
    object('How borrowed capacity comes back.', {
      mode: Type.Optional(choice('Whether plans are made, shown or carried out.', ['Off', 'DryRun', 'On'])),
      noticeSeconds: Type.Optional(integer('Warning time between notice and eviction.', { maximum: 86_400 })),
      minimumRunSeconds: Type.Optional(
        integer('A pod that has run for less than this is not evicted.', { maximum: 604_800 }),
      ),
    }),
  ),
})

export const cohort = defineKind({
  kind: 'Cohort',
  plural: 'cohorts',
  scope: 'Cluster',
  description:
    'Tenants that share capacity: how much of each class there is, and which parts are shared and burst pools.',
  spec,
  status: conditionStatus,
  columns: [
    { name: 'Parent', type: 'string', jsonPath: '.spec.parent', description: 'The cohort above it.' },
    conditionColumn('Oversubscribed', 'Whether more is in use than there is.'),
    {
      name: 'Reclaim',
      type: 'string',
      jsonPath: '.spec.reclaim.mode',
      description: 'How borrowed capacity comes back.',
      priority: 1,
    },
    ...READY_COLUMNS,
  ],
})

export type CohortSpec = ReadonlyStatic<typeof spec>
