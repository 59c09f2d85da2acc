import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Issue } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'
import { written } from '../schema/testing.ts'
import { fieldAt, objectAt, type PlacedObject, readObjects, textAt, textsAt } from './objects.ts'

const policy = (name: string, description: string) => written('GpuPolicy', name, { description })
const native = (kind: string, metadata: JsonObject, apiVersion = 'v1'): JsonObject => ({ apiVersion, kind, metadata })
const placed = (...values: readonly JsonObject[]): readonly PlacedObject[] =>
  values.map((value, index) => ({ at: `f:${index}`, value }))

function read(...layers: readonly (readonly PlacedObject[])[]) {
  const issues: Issue[] = []
  return { ...readObjects(layers, issues), issues }
}

test('an object of a later layer replaces the one of its kind and name', () => {
  const { documents, issues } = read(placed(policy('a', 'shipped'), policy('b', 'shipped')), placed(policy('a', 'own')))
  assert.deepEqual(issues, [])
  assert.deepEqual(
    documents.map(({ metadata, spec }) => [metadata.name, 'description' in spec && spec.description]),
    [
      ['a', 'own'],
      ['b', 'shipped'],
    ],
  )
})

test('twice in one layer is a mistake, and both places are named', () => {
  const twins: readonly {
    readonly name: string
    readonly values: readonly JsonObject[]
    readonly want: string | undefined
  }[] = [
    { name: 'one of ours', values: [policy('a', ''), policy('a', '')], want: 'sluice.dev GpuPolicy a' },
    {
      name: 'one of ours, with a namespace that means nothing',
      values: [policy('a', ''), { ...policy('a', ''), metadata: { name: 'a', namespace: 'x' } }],
      want: 'sluice.dev GpuPolicy a',
    },
    { name: 'another kind', values: [policy('a', ''), native('Namespace', { name: 'a' })], want: undefined },
    {
      name: 'one in a namespace',
      values: [
        native('ResourceClaim', { name: 'a', namespace: 'x' }, 'resource.k8s.io/v1'),
        native('ResourceClaim', { name: 'a', namespace: 'x' }, 'resource.k8s.io/v1beta1'),
      ],
      want: 'resource.k8s.io ResourceClaim x/a',
    },
    {
      name: 'in two namespaces',
      values: [
        native('ResourceClaim', { name: 'a', namespace: 'x' }),
        native('ResourceClaim', { name: 'a', namespace: 'y' }),
      ],
      want: undefined,
    },
    {
      name: 'without names',
      values: [native('Job', { generateName: 'a-' }, 'batch/v1'), native('Job', { generateName: 'a-' }, 'batch/v1')],
      want: undefined,
    },
    { name: 'without kinds', values: [{ some: 'values' }, { other: 'values' }], want: undefined },
  ]
  for (const { name, values, want } of twins) {
    const { issues, documents, natives } = read(placed(...values))
    assert.deepEqual(
      issues.map(({ at, problem, remedy }) => ({ at, problem, remedy })),
      want === undefined
        ? []
        : [{ at: 'f:1', problem: `${want} is already at f:0`, remedy: 'remove or rename one of them' }],
      name,
    )
    const blamed = want?.startsWith('sluice.dev') ? [[{ kind: 'GpuPolicy', name: 'a' }]] : [undefined]
    assert.deepEqual(
      issues.map(issue => issue.documents),
      want === undefined ? [] : blamed,
      name,
    )
    if (want === undefined) assert.equal(documents.length + natives.length, values.length, name)
  }
})

test('every document of ours that cannot be read is named, and what is not ours is left to others', () => {
  const { documents, natives, issues } = read(
    placed(
      written('GpuPolicy', 'a', { unknown: 1 }),
      { ...policy('b', ''), kind: 'GpuPolitics' },
      { ...policy('c', ''), apiVersion: 'sluice.dev/v1' },
      { apiVersion: 'sluice.dev/v1alpha1', kind: 'GpuPolicy', metadata: {}, spec: {} },
      native('Namespace', { name: 'x' }),
      policy('d', ''),
    ),
  )
  assert.deepEqual(
    issues.map(({ at, problem }) => `${at}: ${problem}`),
    [
      'f:0: spec: unknown field "unknown"',
      'f:1: kind "GpuPolitics" is unknown',
      'f:2: apiVersion "sluice.dev/v1" is not served',
      'f:3: metadata: field "name" is missing',
    ],
  )
  assert.deepEqual([documents.map(document => document.metadata.name), natives.length], [['d'], 1])
})

test('fields are read by their own names only', () => {
  const value = JSON.parse('{"a":{"b":"text","n":1,"__proto__":{"c":"d"}},"list":["x"],"labels":{"k":"v","n":1}}')
  assert.equal(fieldAt(value, 'a', 'n'), 1)
  assert.equal(textAt(value, 'a', 'b'), 'text')
  assert.equal(textAt(value, 'a', 'n'), undefined)
  assert.equal(textAt(value, 'a', '__proto__', 'c'), 'd')
  assert.equal(fieldAt({}, 'constructor', 'name'), undefined)
  assert.equal(fieldAt(value, 'list', '0'), undefined)
  assert.equal(fieldAt(undefined, 'a'), undefined)
  assert.deepEqual(objectAt(value, 'a', 'missing'), undefined)
  assert.equal(objectAt(value, 'list'), undefined)
  assert.deepEqual(textsAt(value, 'labels'), { k: 'v' })
  assert.deepEqual(textsAt(value, 'nowhere'), {})
})
