import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quotaAt } from '../quota/tree.ts'
import type { JsonObject } from '../schema/parts.ts'
import { written } from '../schema/testing.ts'
import { assembleCluster } from './cluster.ts'
import { CLASSES, clusterIssues, clusterWith, placed, QUOTAS } from './testing.ts'

const lines = (issues: ReturnType<typeof clusterIssues>) => issues.map(({ at, problem }) => `${at}: ${problem}`)

test('whatever is wrong, in documents, policies and quotas, is said at once', () => {
  const issues = clusterIssues(
    ...CLASSES,
    written('GpuPolicy', 'unread', { unknown: 1 }),
    written('GpuPolicy', 'broken', { validate: [{ expression: '!' }] }),
    written('GpuPolicy', 'connecting', { inject: { fabric: { profile: 'nowhere' } } }),
    ...['efa', 'other'].map(name =>
      written('FabricProfile', name, { platform: 'aws', traffic: 'nccl', sources: ['a page'], automatic: true }),
    ),
    written('Cohort', 'small', {
      classes: [
        { class: 'h100', capacity: { gpus: 1 }, shared: 2 },
        { class: 'h200', capacity: { gpus: 1 } },
      ],
    }),
    written('TenantQuota', 't', {
      cohort: 'small',
      namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] },
      classes: [],
    }),
  )
  assert.deepEqual(
    lines(issues).map(line => line.replace(/(?<=1:2): .*/, '')),
    [
      'test.yaml:3: spec: unknown field "unknown"',
      'GpuPolicy broken: spec.validate[0].expression 1:2',
      'GpuPolicy connecting: spec.inject.fabric.profile: no FabricProfile is named "nowhere"',
      'FabricProfile other: spec.automatic: FabricProfile efa is automatic for nccl on aws already',
      'Cohort small: spec.classes: no AcceleratorClass is named "h200"',
      'TenantQuota t: spec.namespaceSelector.matchExpressions[0]: In without values',
    ],
  )
  const unknown = issues.find(({ problem }) => problem.startsWith('no AcceleratorClass'))
  assert.equal(unknown?.remedy, 'define it, or use one of a100, h100')
})

test('an issue names the documents of which any could be changed to mend it', () => {
  const policy = (name: string, value: string) =>
    written('GpuPolicy', name, { inject: { env: [{ name: 'A', value }] } })
  const issues = clusterIssues(
    ...CLASSES,
    written('AcceleratorClass', 'empty', { vendor: 'amd' }),
    policy('one', '1'),
    policy('other', '2'),
    written('GpuPolicy', 'broken', { validate: [{ expression: '!' }] }),
    written('GpuPolicy', 'unread', { unknown: 1 }),
    written('Cohort', 'a', { parent: 'b', classes: [] }),
    written('Cohort', 'b', { parent: 'a', classes: [] }),
    written('TenantQuota', 't', { cohort: 'nowhere', classes: [{ class: 'absent' }] }),
  )
  const blamed = issues.map(({ documents }) => documents?.map(({ kind, name }) => `${kind} ${name}`).join(' + '))
  assert.deepEqual(blamed.toSorted(), [
    'AcceleratorClass empty',
    'GpuPolicy broken',
    'GpuPolicy one + GpuPolicy other',
    'GpuPolicy unread',
    'TenantQuota t',
  ])
  const quotas = clusterIssues(
    ...CLASSES,
    written('Cohort', 'a', { parent: 'b', classes: [] }),
    written('Cohort', 'b', { parent: 'a', classes: [] }),
    ...['t', 'u'].map(name => written('TenantQuota', name, { cohort: 'a', namespaces: ['x'], classes: [] })),
  )
  assert.deepEqual(
    quotas.map(({ documents }) => documents?.map(({ name }) => name)),
    [
      ['a', 'b'],
      ['u', 't'],
    ],
  )
})

test('without any class a name is still answered with what to do', () => {
  const [issue] = clusterIssues(written('Cohort', 'c', { classes: [{ class: 'h100', capacity: { gpus: 1 } }] }))
  assert.equal(issue?.remedy, 'define it')
})

test('classes that contradict each other are refused', () => {
  assert.ok(
    clusterIssues(
      ...CLASSES,
      written('AcceleratorClass', 'other', {
        vendor: 'nvidia',
        default: true,
        resources: [{ name: 'nvidia.com/gpu', milliGpus: 1 }],
      }),
    ).length > 0,
  )
})

test('a tenant has the namespaces that it names and those that it selects', () => {
  const namespace = (name: string, labels: JsonObject = {}): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels },
  })
  const { quotas } = clusterWith(
    written('TenantQuota', 'a', {
      cohort: 'research',
      namespaces: ['named'],
      namespaceSelector: { matchLabels: { team: 'a' } },
      classes: [],
    }),
    written('TenantQuota', 'by-name', {
      cohort: 'research',
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'x' } },
      classes: [],
    }),
    namespace('one', { team: 'a' }),
    namespace('x'),
    namespace('two', { team: 'b' }),
  )
  assert.deepEqual(Object.fromEntries(quotas.tenantOfNamespace), { named: 'a', one: 'a', x: 'by-name', 'team-b': 'b' })
})

test('labels of a namespace are those of its object, and the name where there is none', () => {
  const cluster = clusterWith({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'x', labels: { env: 'prod' } } })
  assert.deepEqual(cluster.labelsOfNamespace('x'), { env: 'prod', 'kubernetes.io/metadata.name': 'x' })
  assert.deepEqual(cluster.labelsOfNamespace('constructor'), { 'kubernetes.io/metadata.name': 'constructor' })
})

test('capacity is counted from the nodes that are selected, by the weight of what they offer', () => {
  const node = (name: string, allocatable: JsonObject, gpu = 'h100'): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { gpu } },
    status: { allocatable },
  })
  const cohort = written('Cohort', 'research', {
    classes: [{ class: 'h100', capacity: { nodeSelector: { matchLabels: { gpu: 'h100' } } }, shared: '100%' }],
  })
  const { quotas } = clusterWith(
    cohort,
    written('TenantQuota', 'a', {
      cohort: 'research',
      namespaces: ['team-a'],
      classes: [{ class: 'h100', shared: {} }],
    }),
    written('TenantQuota', 'b', { cohort: 'research', namespaces: ['team-b'], classes: [] }),
    node('whole', { 'nvidia.com/gpu': '8', cpu: '192' }),
    node('sliced', { 'nvidia.com/mig-1g.10gb': '7' }),
    node('broken', { 'nvidia.com/gpu': 'eight' }),
    node('other', { 'nvidia.com/gpu': '8' }, 'a100'),
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'bare', labels: { gpu: 'h100' } } },
  )
  const cohortOfA = quotas.treeOfTenant.get('a')?.tenants.get('a')?.cohort
  assert.ok(cohortOfA !== undefined)
  // Seven slices of a GPU count for no more than the GPU: 7 times 142.
  assert.equal(quotaAt(cohortOfA, 'h100').subtree, 8_994n)
})

test('the instance types of a cohort are known without the prefix of HyperPod', () => {
  const { instanceTypesOf } = clusterWith()
  assert.deepEqual(instanceTypesOf('research', 'h100'), ['p5.48xlarge'])
  assert.deepEqual(instanceTypesOf('research', 'a100'), [])
  assert.deepEqual(instanceTypesOf('constructor', 'h100'), [])
})

test('borrowers get the notice of their cohort, or of one above it, or a minute', () => {
  const { noticeSecondsOf, reclaimTerms } = clusterWith(
    written('Cohort', 'plain', { classes: [] }),
    written('Cohort', 'below', { classes: [], parent: 'research' }),
    written('TenantQuota', 'c', { cohort: 'plain', namespaces: ['team-c'], classes: [] }),
    written('TenantQuota', 'd', { cohort: 'below', namespaces: ['team-d'], classes: [] }),
  )
  assert.deepEqual(['a', 'c', 'd', 'nobody'].map(noticeSecondsOf), [90, 60, 90, 60])
  assert.deepEqual([...reclaimTerms.keys()].toSorted(), ['below', 'plain', 'research'])
})

test('what is odd but not wrong is a warning', () => {
  const { warnings } = clusterWith({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' } })
  assert.ok(lines(warnings).includes('test.yaml:1: Deployment means nothing to Sluice and was passed over'))
})

test('policies see what the cluster declares', () => {
  const { surroundings } = clusterWith(
    {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'low' },
      value: 1,
      globalDefault: true,
    },
    written('FabricProfile', 'efa', { platform: 'aws', traffic: 'nccl', sources: ['a page'] }),
  )
  assert.deepEqual([...surroundings.priorityClasses], ['low'])
  assert.equal(surroundings.defaultPriorityClass, 'low')
  assert.deepEqual(surroundings.classTaints.get('h100'), [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }])
  assert.deepEqual([...surroundings.fabric.keys()], ['efa'])
})

test('an object of the cluster takes the place of the shipped one, in policies as in quotas', () => {
  const shipped = [...CLASSES, ...QUOTAS, written('GpuPolicy', 'p', { validate: [{ expression: 'false' }] })]
  const cluster = assembleCluster(placed(shipped), placed([written('GpuPolicy', 'p', { suspend: true })]))
  assert.ok(cluster.ok)
  assert.deepEqual(cluster.value.policies.names, [])
})
