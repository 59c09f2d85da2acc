import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isKueueApi, parseKueueObject } from './kueue.ts'
import { formatIssue } from './parsed.ts'
import type { JsonObject } from './parts.ts'

function object(kind: string, version: string, fields: JsonObject = {}): JsonObject {
  return { apiVersion: `kueue.x-k8s.io/${version}`, kind, metadata: { name: 'a' }, ...fields }
}

function linesOf(value: JsonObject): readonly string[] {
  const result = parseKueueObject(value, 'f.yaml:1')
  return result.ok ? [] : result.issues.map(formatIssue)
}

test('the versions that people have are read, and older ones name the way out', () => {
  for (const version of ['v1beta1', 'v1beta2', 'v1']) {
    for (const kind of ['ClusterQueue', 'Cohort', 'ResourceFlavor']) {
      const result = parseKueueObject(object(kind, version), 'f.yaml:1')
      assert.ok(result.ok && result.value?.kind === kind, `${kind} ${version}`)
    }
  }
  assert.deepEqual(linesOf(object('Cohort', 'v1alpha1')), [])
  assert.deepEqual(linesOf(object('ClusterQueue', 'v1alpha2')), [
    'f.yaml:1: ClusterQueue of "kueue.x-k8s.io/v1alpha2" cannot be imported (export it again from a newer Kueue: v1beta1 and v1beta2 are read)',
  ])
})

test('a kind that says nothing about quota is read as nothing, in whatever version', () => {
  for (const kind of ['Workload', 'Topology', 'AdmissionCheck', 'toString']) {
    const result = parseKueueObject(object(kind, 'v1alpha1'), 'f.yaml:1')
    assert.ok(result.ok && result.value === undefined, kind)
  }
  assert.ok(isKueueApi('kueue.x-k8s.io/v1beta1') && !isKueueApi('kueue.x-k8s.io.example.com/v1') && !isKueueApi(7))
})

test('what is wrong is said with its place, and what is unknown is let pass', () => {
  const flavors = (resource: JsonObject): JsonObject => {
    return { spec: { resourceGroups: [{ flavors: [{ name: 'f', resources: [resource] }] }] } }
  }
  const cases: readonly { readonly name: string; readonly value: JsonObject; readonly want: readonly string[] }[] = [
    {
      name: 'fields of a newer Kueue',
      value: object('ClusterQueue', 'v1beta2', { spec: { more: { than: 1 } } }),
      want: [],
    },
    {
      name: 'no nominal quota',
      value: object('ClusterQueue', 'v1beta2', flavors({ name: 'cpu' })),
      want: ['f.yaml:1: spec.resourceGroups[0].flavors[0].resources[0]: field "nominalQuota" is missing'],
    },
    {
      name: 'a limit that is misspelt',
      value: object('Cohort', 'v1beta2', flavors({ name: 'cpu', nominalQuota: 1, borowingLimit: 1 })),
      want: [
        'f.yaml:1: spec.resourceGroups[0].flavors[0].resources[0]: unknown field "borowingLimit" (known fields: name, nominalQuota, borrowingLimit, lendingLimit)',
      ],
    },
    {
      name: 'groups that are none',
      value: object('Cohort', 'v1beta2', { spec: { resourceGroups: {} } }),
      want: ['f.yaml:1: spec.resourceGroups: must be of type array, not object'],
    },
    {
      name: 'an effect that is none',
      value: object('ResourceFlavor', 'v1beta2', { spec: { nodeTaints: [{ key: 'a', effect: 'No' }] } }),
      want: [
        'f.yaml:1: spec.nodeTaints[0].effect: "No" is not allowed (one of NoSchedule, PreferNoSchedule, NoExecute)',
      ],
    },
    {
      name: 'a local queue of nowhere',
      value: object('LocalQueue', 'v1beta2', { spec: { clusterQueue: 'q' } }),
      want: ['f.yaml:1: metadata: field "namespace" is missing'],
    },
  ]
  for (const { name, value, want } of cases) assert.deepEqual(linesOf(value), want, name)
})
