import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readObjects } from '../../src/config/yaml-objects.ts'
import { assertPlain } from '../support/plain-text.ts'
import { EXAMPLES, folderOf, sluice, sluiceHere } from '../support/sluice-process.ts'

const KUEUE = join(EXAMPLES, 'kueue')

const JOBS = `apiVersion: batch/v1
kind: Job
metadata: {name: sweep, namespace: sweeps}
spec:
  template:
    spec:
      nodeSelector: {nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB, karpenter.sh/capacity-type: spot}
      containers: [{name: a, image: x, resources: {limits: {nvidia.com/gpu: 8}}}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: pretrain, namespace: foundation-models}
spec: {template: {spec: {containers: [{name: a, image: x, resources: {limits: {nvidia.com/gpu: 8}}}]}}}
`

const QUEUE = `apiVersion: kueue.x-k8s.io/v1beta2
kind: ClusterQueue
metadata: {name: q}
spec: {resourceGroups: [{flavors: [{name: f, resources: [{name: nvidia.com/gpu, nominalQuota: NOMINAL}]}]}]}
`

describe('sluice import kueue', () => {
  test('writes a folder in which the pods of the example are admitted as their queues would', async t => {
    const folder = join(folderOf(t, { 'jobs.yaml': JOBS }), 'cluster')
    const { exitCode, stdout, stderr } = await sluiceHere(['import', 'kueue', '-f', KUEUE, '-o', folder])
    assert.equal(exitCode, 0, stderr)
    const files = ['classes.yaml', 'cohorts.yaml', 'shipped-classes.yaml', 'tenants.yaml']
    assert.deepEqual(readdirSync(folder).toSorted(), files)
    assert.equal(stdout.trimEnd().split('\n').length, files.length)

    const jobs = join(folder, '..', 'jobs.yaml')
    const review = await sluiceHere(['review', '-f', jobs, '--cluster', folder, '-o', 'json'])
    assert.equal(review.exitCode, 0, review.stdout + review.stderr)
    assert.deepEqual(
      JSON.parse(review.stdout).reviews.map((one: Record<string, unknown>) => [
        one.name,
        one.tenant,
        one.tier,
        one.demand,
      ]),
      [
        ['sweep', 'sweeps', 'reserved', { 'a100-spot': 8000 }],
        ['pretrain', 'foundation-models', 'reserved', { h100: 8000 }],
      ],
    )
  })

  test('tells of everything that needs a decision, and of what has no counterpart', async () => {
    const { stderr } = await sluiceHere(['import', 'kueue', '-f', KUEUE])
    assertPlain(stderr)
    assert.match(stderr, /^imported 3 tenants, 2 cohorts, 3 classes$/m)
    for (const heading of ['To decide', 'Different in Sluice', 'Without a counterpart']) {
      assert.match(stderr, new RegExp(`^${heading}$`, 'm'))
    }
    assert.match(
      stderr,
      /this one uses ClusterQueue vision as well.*\n.*\n {4}ClusterQueue sweeps +\S*queues\.yaml:\d+ +namespace vision/,
    )
    assert.match(stderr, /ClusterQueue foundation-models +\S+ +spec\.preemption\.withinClusterQueue: LowerPriority/)
    assert.match(stderr, /AdmissionCheck spot-nodes/)
    assert.ok(stderr.split('\n').every(line => line.length <= 120 || line.startsWith('    ')))
  })

  test('writes documents alone to standard output, so that they can be piped', async () => {
    const { exitCode, stdout } = await sluice(['import', 'kueue', '-f', '-'], QUEUE.replace('NOMINAL', '8'))
    assert.equal(exitCode, 0)
    const { objects, issues } = readObjects(stdout, 'out')
    assert.deepEqual(issues, [])
    assert.deepEqual(
      objects.map(({ value }) => `${value.apiVersion} ${value.kind}`),
      ['AcceleratorClass', 'AcceleratorClass', 'Cohort', 'TenantQuota'].map(kind => `sluice.dev/v1alpha1 ${kind}`),
    )
  })

  test('reads the list that kubectl prints', async t => {
    const [item = ''] = QUEUE.replace('NOMINAL', '8').split('---')
    const list = `apiVersion: v1\nkind: List\nitems:\n- ${item.trimEnd().replaceAll('\n', '\n  ')}\n`
    const folder = folderOf(t, { 'list.yaml': list })
    const { exitCode, stdout } = await sluiceHere(['import', 'kueue', '-f', folder])
    assert.equal(exitCode, 0)
    assert.match(stdout, /kind: TenantQuota\nmetadata:\n {2}name: q\n/)
  })

  test('never writes over a file that is there', async t => {
    const folder = folderOf(t, { 'tenants.yaml': 'mine\n' })
    const { exitCode, stderr } = await sluiceHere(['import', 'kueue', '-f', KUEUE, '--output-dir', folder])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^error: .*tenants\.yaml: is there already \(remove it, or give another folder\)$/m)
    assert.deepEqual(readdirSync(folder), ['tenants.yaml'])
    assert.equal(readFileSync(join(folder, 'tenants.yaml'), 'utf8'), 'mine\n')
  })

  const mistakes: readonly {
    readonly name: string
    readonly files: Readonly<Record<string, string>>
    readonly says: RegExp
  }[] = [
    {
      name: 'a quota that is no number',
      files: { 'a.yaml': QUEUE.replace('NOMINAL', 'many') },
      says: /^error: .*a\.yaml:1: spec\.resourceGroups\[0\]\.flavors\[0\]\.resources\[0\]\.nominalQuota: "many" is not a quantity/,
    },
    { name: 'YAML that is none', files: { 'a.yaml': 'kind: [\n' }, says: /^error: .*a\.yaml:2:1: / },
    {
      name: 'no queue',
      files: { 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\n' },
      says: /no ClusterQueue among 1 objects \(ConfigMap\)/,
    },
    {
      name: 'cohorts in a circle',
      files: {
        'a.yaml': `${QUEUE.replace('NOMINAL', '8')}---\napiVersion: kueue.x-k8s.io/v1beta2\nkind: Cohort\nmetadata: {name: c}\nspec: {parentName: c}\n`,
      },
      says: /^error: Cohort c: spec\.parent: the parents form a cycle: c -> c/,
    },
  ]
  for (const { name, files, says } of mistakes) {
    test(`ends with 2 and writes nothing for ${name}`, async t => {
      const { exitCode, stdout, stderr } = await sluiceHere(['import', 'kueue', '-f', folderOf(t, files)])
      assert.equal(exitCode, 2)
      assert.equal(stdout, '')
      assert.match(stderr, says)
    })
  }
})
