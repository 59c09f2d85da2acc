import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clusterOf, findingWith, importedFrom, issuesOf, quotasOf } from './testing.ts'

const GPU = 'nvidia.com/gpu'

interface QueueFields {
  readonly spec?: string
  readonly resources?: string
  readonly flavor?: string
}

/** A queue with one flavor; `spec` and `resources` are YAML in flow form. */
function queue(
  name: string,
  { spec = '', resources = `{name: ${GPU}, nominalQuota: 8}`, flavor = 'f' }: QueueFields = {},
) {
  return `apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata: {name: ${name}}
spec: {${spec === '' ? '' : `${spec}, `}resourceGroups: [{coveredResources: [], flavors: [{name: ${flavor}, resources: [${resources}]}]}]}
---
`
}

function flavor(name: string, spec: string): string {
  return `apiVersion: kueue.x-k8s.io/v1beta2\nkind: ResourceFlavor\nmetadata: {name: ${name}}\nspec: {${spec}}\n---\n`
}

function localQueue(namespace: string, clusterQueue: string, name = 'default'): string {
  return `apiVersion: kueue.x-k8s.io/v1beta2\nkind: LocalQueue\nmetadata: {name: ${name}, namespace: ${namespace}}\nspec: {clusterQueue: ${clusterQueue}}\n---\n`
}

function tenantSpec(yaml: string, name = 'q') {
  return importedFrom(yaml).tenants.find(({ metadata }) => metadata.name === name)?.spec
}

describe('a queue', () => {
  test('has its nominal quota reserved, and may burst as far as it may borrow', () => {
    const limits = `{name: ${GPU}, nominalQuota: "8", borrowingLimit: 4, lendingLimit: 2}`
    const { cohort, weight, classes } =
      tenantSpec(queue('q', { spec: 'cohortName: c, fairSharing: {weight: 1500m}', resources: limits })) ??
      assert.fail()
    assert.deepEqual({ cohort, weight }, { cohort: 'c', weight: '1.5' })
    assert.deepEqual(classes, [{ class: 'f', reserved: 8, burst: { borrowingLimit: 4 }, lendingLimit: 2 }])
  })

  test('without a borrowing limit bursts without one, also by the name that v1beta1 has for its cohort', () => {
    for (const field of ['cohort', 'cohortName']) {
      assert.deepEqual(tenantSpec(queue('q', { spec: `${field}: c` }))?.classes, [
        { class: 'f', reserved: 8, burst: {} },
      ])
    }
  })

  test('without a cohort has one of its own, in which it neither borrows nor lends', () => {
    const resources = `{name: ${GPU}, nominalQuota: 8, lendingLimit: 2}`
    const imported = importedFrom(queue('c', { spec: 'cohortName: q' }) + queue('q', { resources }))
    assert.deepEqual(
      imported.tenants.map(({ metadata, spec }) => [
        metadata.name,
        spec.cohort,
        spec.classes[0]?.burst,
        spec.classes[0]?.lendingLimit,
      ]),
      // A cohort named like the queue is another one.
      [
        ['c', 'q', {}, undefined],
        ['q', 'q-2', undefined, undefined],
      ],
    )
    assert.match(findingWith(imported, 'is alone in the Cohort q-2'), /^changed: kueue\.yaml:\d+ ClusterQueue q/)
    quotasOf(imported)
  })

  test('that has no accelerators becomes no tenant, and says so', () => {
    const imported = importedFrom(queue('cpu', { resources: '{name: cpu, nominalQuota: 8}' }) + queue('q'))
    assert.deepEqual(
      imported.tenants.map(({ metadata }) => metadata.name),
      ['q'],
    )
    assert.match(findingWith(imported, 'becomes no tenant'), /ClusterQueue cpu/)
    assert.match(findingWith(imported, 'quota for cpu'), /^lost: /)
  })

  test('counts an extended resource that a person calls an accelerator, and asks about others', () => {
    const resources = '{name: example.com/gpu, nominalQuota: 3}'
    assert.match(
      findingWith(importedFrom(queue('q', { resources }) + queue('r')), '--accelerator'),
      /example\.com\/gpu/,
    )
    const { classes } = importedFrom(queue('q', { resources }), ['example.com/gpu', 'cpu'])
    assert.deepEqual(
      classes.map(({ spec }) => [spec.vendor, spec.resources]),
      [['other', [{ name: 'example.com/gpu', milliGpus: 1000 }]]],
    )
  })

  test('has what Kueue reads of a quantity: whole devices, rounded up, and no limit past what can be', () => {
    const resources = `{name: ${GPU}, nominalQuota: 7500m, borrowingLimit: 1E, lendingLimit: 0}`
    assert.deepEqual(tenantSpec(queue('q', { spec: 'cohort: c', resources }))?.classes, [
      { class: 'f', reserved: 8, burst: {}, lendingLimit: 0 },
    ])
  })
})

describe('a cohort', () => {
  const cohort = (name: string, spec: string) =>
    `apiVersion: kueue.x-k8s.io/v1beta1\nkind: Cohort\nmetadata: {name: ${name}}\nspec: {${spec}}\n---\n`
  const group = (resource: string) => `resourceGroups: [{flavors: [{name: f, resources: [${resource}]}]}]`

  test('has what its queues have reserved and its own quota, which is its burst pool', () => {
    const own = group(`{name: ${GPU}, nominalQuota: 4, borrowingLimit: 2, lendingLimit: 1}`)
    const { cohorts } = importedFrom(cohort('c', `parent: top, ${own}`) + queue('q', { spec: 'cohort: c' }))
    assert.deepEqual(
      cohorts.map(({ metadata, spec }) => [metadata.name, spec.parent, spec.classes]),
      [
        ['c', 'top', [{ class: 'f', capacity: { gpus: 12 }, burst: 4, borrowingLimit: 2, lendingLimit: 1 }]],
        // Nobody defines it, as in Kueue.
        ['top', undefined, []],
      ],
    )
  })

  test('at the root has no limits, as nobody is there to borrow from', () => {
    const imported = importedFrom(
      cohort('c', group(`{name: ${GPU}, nominalQuota: 4, borrowingLimit: 2}`)) + queue('q', { spec: 'cohort: c' }),
    )
    assert.equal(imported.cohorts[0]?.spec.classes[0]?.borrowingLimit, undefined)
    assert.match(findingWith(imported, 'limits of a root'), /Cohort c/)
  })
})

describe('a class', () => {
  test('is made for each accelerator of a flavor, with the weight that the shipped classes give it', () => {
    const resources = `{name: ${GPU}, nominalQuota: 8}, {name: nvidia.com/mig-1g.10gb, nominalQuota: 7}`
    const imported = importedFrom(queue('q', { resources }))
    assert.deepEqual(
      imported.classes.map(({ metadata, spec }) => [metadata.name, spec.resources?.[0]?.milliGpus]),
      [
        ['f-gpu', 1000],
        ['f-mig-1g.10gb', 142],
      ],
    )
    assert.deepEqual(
      imported.tenants[0]?.spec.classes.map(({ reserved }) => reserved),
      [8, '994m'],
    )
    clusterOf(imported)
  })

  test('has the labels, instance types and taints of its flavor', () => {
    const labels = 'pool: a, node.kubernetes.io/instance-type: p5.48xlarge'
    const [document] = importedFrom(
      flavor('f', `nodeLabels: {${labels}}, nodeTaints: [{key: spot, effect: NoSchedule}]`) + queue('q'),
    ).classes
    assert.deepEqual(document?.spec.nodeLabels, [{ key: 'pool', values: ['a'] }])
    assert.deepEqual(document?.spec.instanceTypes, ['p5.48xlarge'])
    assert.deepEqual(document?.spec.taints, [{ key: 'spot', effect: 'NoSchedule' }])
  })

  test('that most queues try first is the default, and the others have something to be named by', () => {
    const imported = importedFrom(
      queue('a', { flavor: 'x' }) + queue('b', { flavor: 'y' }) + queue('c', { flavor: 'y' }) + flavor('y', ''),
    )
    assert.deepEqual(
      imported.classes.map(({ metadata, spec }) => [metadata.name, spec.default, spec.nodeLabels]),
      [
        ['x', undefined, [{ key: 'sluice.dev/accelerator-class', values: ['x'] }]],
        ['y', true, undefined],
      ],
    )
    assert.match(findingWith(imported, 'of which it has no quota'), /ClusterQueue a: flavors of nvidia\.com\/gpu/)
    clusterOf(imported)
  })

  test('takes the place of the shipped classes that would count the same pods', () => {
    const imported = importedFrom(
      flavor('big', 'nodeLabels: {nvidia.com/gpu.product: NVIDIA-H200}') + queue('q', { flavor: 'big' }),
    )
    const yielding = new Map(imported.yielding.map(({ metadata, spec }) => [metadata.name, spec]))
    assert.deepEqual([...yielding.keys()].toSorted(), ['h100', 'h200'])
    assert.equal(yielding.get('h100')?.default, undefined)
    const products = yielding.get('h200')?.nodeLabels?.find(({ key }) => key === 'nvidia.com/gpu.product')
    assert.deepEqual(products?.values, ['NVIDIA-H200-NVL'])
    assert.match(findingWith(imported, 'looks like the shipped class h200'), /^check: /)
    const { classes } = clusterOf(imported)
    assert.deepEqual([classes.classes.get('big')?.isDefault, classes.classes.get('h100')?.isDefault], [true, false])
  })

  test('of every resource that Sluice ships classes for loads over them', () => {
    const resources = [
      GPU,
      'nvidia.com/gpu.shared',
      'amd.com/gpu',
      'habana.ai/gaudi',
      'google.com/tpu',
      'aws.amazon.com/neuroncore',
    ]
    for (const name of resources) clusterOf(importedFrom(queue('q', { resources: `{name: ${name}, nominalQuota: 8}` })))
  })
})

describe('the namespaces of a tenant', () => {
  test('are those of the LocalQueues, whatever the selector says', () => {
    const yaml =
      queue('q', { spec: 'namespaceSelector: {matchLabels: {team: a}}' }) +
      localQueue('one', 'q') +
      localQueue('two', 'q', 'x')
    assert.deepEqual(tenantSpec(yaml)?.namespaces, ['one', 'two'])
    assert.equal(tenantSpec(yaml)?.namespaceSelector, undefined)
    assert.match(findingWith(importedFrom(yaml), 'the selector is not carried over'), /^changed: /)
  })

  test('without LocalQueues are those that the selector names, else what it selects', () => {
    const cases = [
      { selector: '{matchLabels: {kubernetes.io/metadata.name: a}}', want: ['a'], carried: false },
      {
        selector: '{matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [a, b]}]}',
        want: ['a', 'b'],
        carried: false,
      },
      { selector: '{matchLabels: {team: a}}', want: undefined, carried: true },
      { selector: '{matchLabels: {kubernetes.io/metadata.name: a, team: a}}', want: undefined, carried: true },
      {
        selector: '{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [a]}]}',
        want: undefined,
        carried: true,
      },
      { selector: '{}', want: undefined, carried: false },
    ]
    for (const { selector, want, carried } of cases) {
      const spec = tenantSpec(queue('q', { spec: `namespaceSelector: ${selector}` }))
      assert.deepEqual(spec?.namespaces, want, selector)
      assert.equal(spec?.namespaceSelector !== undefined, carried, selector)
    }
    assert.match(findingWith(importedFrom(queue('q')), 'nobody uses the quota'), /^check: /)
  })

  test('go to one tenant each: to that of the default LocalQueue, and the other is told of it', () => {
    const imported = importedFrom(
      queue('a') + queue('b') + localQueue('n', 'a', 'batch') + localQueue('n', 'b') + localQueue('m', 'a'),
    )
    assert.deepEqual(
      imported.tenants.map(({ spec }) => spec.namespaces),
      [['m'], ['n']],
    )
    assert.match(findingWith(imported, 'it went to b'), /^check: kueue\.yaml:\d+ ClusterQueue a: namespace n/)
    assert.deepEqual(
      [...quotasOf(imported).tenantOfNamespace],
      [
        ['m', 'a'],
        ['n', 'b'],
      ],
    )
  })

  test('of a LocalQueue whose ClusterQueue no file holds are told of', () => {
    assert.match(findingWith(importedFrom(queue('q') + localQueue('n', 'gone')), 'spec.clusterQueue: gone'), /^check: /)
  })
})

describe('what has no counterpart', () => {
  test('is told where it is set to something, with what it means', () => {
    const set =
      'queueingStrategy: StrictFIFO, stopPolicy: Hold, preemption: {withinClusterQueue: LowerPriority}, admissionChecks: [a], novelty: 1'
    const imported = importedFrom(queue('q', { spec: set }) + flavor('f', 'topologyName: t, tolerations: [{key: a}]'))
    const fields = [
      'spec.queueingStrategy: StrictFIFO',
      'spec.stopPolicy: Hold',
      'spec.preemption.withinClusterQueue: LowerPriority',
    ]
    for (const field of [
      ...fields,
      'spec.admissionChecks',
      'spec.novelty',
      'spec.topologyName: t',
      'spec.tolerations',
    ]) {
      findingWith(imported, field)
    }
  })

  test('is not told of what says only what is usual', () => {
    const usual =
      'queueingStrategy: BestEffortFIFO, stopPolicy: None, preemption: {withinClusterQueue: Never, reclaimWithinCohort: Never, borrowWithinCohort: {policy: Never}}, flavorFungibility: {whenCanBorrow: MayStopSearch, whenCanPreempt: TryNextFlavor}, admissionChecks: []'
    const { findings } = importedFrom(queue('q', { spec: usual }))
    assert.deepEqual(
      findings.filter(({ kind }) => kind === 'lost'),
      [],
    )
  })

  test('is told of kinds that say nothing about quota, and of objects that are not Kueue’s', () => {
    const others =
      'apiVersion: kueue.x-k8s.io/v1beta2\nkind: Workload\nmetadata: {name: w, namespace: n}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n---\n'
    const imported = importedFrom(others + queue('q'))
    assert.match(findingWith(imported, 'Workload n/w'), /nothing waits/)
    assert.match(findingWith(imported, 'Namespace n'), /passed over/)
  })
})

test('what cannot be imported is refused as a whole, with every place and a way out', () => {
  const cases: readonly { readonly name: string; readonly yaml: string; readonly want: RegExp }[] = [
    {
      name: 'no queue',
      yaml: flavor('f', ''),
      want: /^kueue\.yaml:1: no ClusterQueue among 1 objects \(ResourceFlavor\) \(give what `kubectl get/,
    },
    {
      name: 'twice',
      yaml: queue('q') + queue('q'),
      want: /^kueue\.yaml:6: ClusterQueue q is already at kueue\.yaml:1/,
    },
    {
      name: 'no number',
      yaml: queue('q', { resources: `{name: ${GPU}, nominalQuota: eight}` }),
      want: /resources\[0\]\.nominalQuota: "eight" is not a quantity \(write a number/,
    },
    {
      name: 'negative',
      yaml: queue('q', { resources: `{name: ${GPU}, nominalQuota: -8}` }),
      want: /nominalQuota: -8 is negative/,
    },
    {
      name: 'endless',
      yaml: queue('q', { resources: `{name: ${GPU}, nominalQuota: 1E}` }),
      want: /as good as no limit.*write how many devices there are/,
    },
    {
      name: 'a resource twice',
      yaml: queue('q', { resources: `{name: ${GPU}, nominalQuota: 1}, {name: ${GPU}, nominalQuota: 2}` }),
      want: /resources\[1\]: nvidia\.com\/gpu of flavor f is there already/,
    },
    {
      name: 'a weight',
      yaml: queue('q', { spec: 'fairSharing: {weight: -1}' }),
      want: /spec\.fairSharing\.weight: -1 is no weight/,
    },
  ]
  for (const { name, yaml, want } of cases) {
    const [first = ''] = issuesOf(yaml)
    assert.match(first, want, name)
  }
})
