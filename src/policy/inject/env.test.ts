import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../schema/parts.ts'
import { policyOf } from '../../schema/testing.ts'
import { gpuContainer, gpuPod } from '../testing.ts'
import { inject } from './testing.ts'

const setting = (entry: JsonObject) => [policyOf({ inject: { env: [{ name: 'A', ...entry }] } })]
const withEnv = (...env: readonly JsonObject[]) => gpuPod({ containers: [gpuContainer(8, { env })] })
const PLACE = '/spec/containers/0/env'

test('a variable is added where it is not set; one that is set is replaced only by an enforced one', () => {
  const one = { name: 'A', value: '1' }
  const cases: readonly {
    readonly name: string
    readonly pod: JsonObject
    readonly when?: string
    readonly want: unknown
  }[] = [
    { name: 'no variables', pod: gpuPod(), want: [{ op: 'add', path: PLACE, value: [one] }] },
    { name: 'others', pod: withEnv({ name: 'B', value: '2' }), want: [{ op: 'add', path: `${PLACE}/1`, value: one }] },
    { name: 'another value', pod: withEnv({ name: 'A', value: '2' }), want: [] },
    { name: 'an empty value', pod: withEnv({ name: 'A' }), want: [] },
    {
      name: 'a reference',
      pod: withEnv({ name: 'A', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }),
      want: [],
    },
    {
      name: 'another value, enforced',
      pod: withEnv({ name: 'A', value: '2' }),
      when: 'enforce',
      want: [{ op: 'replace', path: `${PLACE}/0`, value: one }],
    },
    {
      name: 'a reference, enforced',
      pod: withEnv({ name: 'A', valueFrom: {} }),
      when: 'enforce',
      want: [{ op: 'replace', path: `${PLACE}/0`, value: one }],
    },
    { name: 'the value, enforced', pod: withEnv(one), when: 'enforce', want: [] },
    // The last of a name is what the container sees.
    {
      name: 'the value, and then another, enforced',
      pod: withEnv(one, { name: 'A', value: '2' }),
      when: 'enforce',
      want: [{ op: 'replace', path: `${PLACE}/1`, value: one }],
    },
  ]
  for (const { name, pod, when = 'whenAbsent', want } of cases) {
    assert.deepEqual(inject(pod, setting({ value: '1', when })).operations, want, name)
  }
})

test('it is for the containers that use accelerators, or for all of the pod’s own', () => {
  const pod = {
    spec: {
      initContainers: [gpuContainer(1, { name: 'warm-up' }), { name: 'fetch' }],
      containers: [gpuContainer(8), { name: 'proxy' }],
    },
  }
  const paths = (containers: string) =>
    inject(pod, setting({ value: '1', containers })).operations.map(({ path }) => path)
  assert.deepEqual(paths('Accelerated'), ['/spec/initContainers/0/env', '/spec/containers/0/env'])
  assert.deepEqual(paths('All'), ['/spec/containers/0/env', '/spec/containers/1/env'])
})

test('an expression that gives nothing adds nothing', () => {
  assert.deepEqual(inject(gpuPod(), setting({ expression: "''" })), {
    operations: [],
    pod: gpuPod(),
    injections: [],
    problems: [],
  })
  const { operations } = inject(gpuPod(), setting({ expression: 'string(sluice.gpus / 1000)' }))
  assert.deepEqual(operations, [{ op: 'add', path: PLACE, value: [{ name: 'A', value: '8' }] }])
})

test('an empty value that is written is a value', () => {
  assert.deepEqual(inject(gpuPod(), setting({ value: '' })).operations, [
    { op: 'add', path: PLACE, value: [{ name: 'A', value: '' }] },
  ])
})

test('a variable may have any name', () => {
  const names = ['constructor', '__proto__', 'toString']
  const env = names.map(name => ({ name, value: 'x' }))
  assert.deepEqual(inject(gpuPod(), [policyOf({ inject: { env } })]).operations, [
    { op: 'add', path: PLACE, value: env },
  ])
})
