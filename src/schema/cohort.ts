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

const MOST_SECONDS = 86_400

const reclaim = object(
  'How capacity that others use comes back. What is not said here is as the nearest cohort above says it.',
  {
    mode: Type.Optional(
      choice('Whether plans are made, shown or carried out. `DryRun` where nothing is said.', ['Off', 'DryRun', 'On']),
    ),
    noticeSeconds: Type.Optional(
      integer('From the notice to the eviction of a burst pod. 60 where nothing is said.', { maximum: MOST_SECONDS }),
    ),
    sharedNoticeSeconds: Type.Optional(
      integer('From the notice to the eviction of a shared pod. 300 where nothing is said.', { maximum: MOST_SECONDS }),
    ),
    minimumRunSeconds: Type.Optional(
      integer('A pod that has run for less than this is not evicted. 300 where nothing is said.', { maximum: 604_800 }),
    ),
    claimSeconds: Type.Optional(
      integer(
        'How long freed capacity is held for whom it was freed, from the last eviction on; longer than the ten minutes that evicted pods may take to end. 900 where nothing is said.',
        { maximum: MOST_SECONDS },
      ),
    ),
    evictionsPerHour: Type.Optional(
      integer(
        'The most pods that a tenant loses to fairness within an hour; what others own comes back all the same. No limit where nothing is said.',
        { maximum: 100_000 },
      ),
    ),
    marginPercent: Type.Optional(
      integer(
        'A pod is evicted for fairness only while its tenant’s share, without it, is greater by this part of itself than the share of whom it makes room for. 10 where nothing is said.',
        { maximum: 100 },
      ),
    ),
    idleBelowPercent: Type.Optional(
      integer(
        'A pod counts as idle, and goes first, when it uses less of its GPUs’ time. Needs Prometheus; none is idle where nothing is said.',
        { maximum: 100 },
      ),
    ),
  },
)

const spec = object('Tenants that share capacity.', {
  parent: Type.Optional(dnsName('The cohort above this one, with which it borrows and lends.')),
  weight: Type.Optional(weight('Share among siblings when burst capacity is contended.')),
  classes: list('Capacity by accelerator class.', classQuota, { keys: ['class'], maxItems: 64 }),
  reclaim: Type.Optional(reclaim),
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
