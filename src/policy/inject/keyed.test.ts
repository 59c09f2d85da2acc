import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../schema/parts.ts'
import { policyOf } from '../../schema/testing.ts'
import { gpuPod } from '../testing.ts'
import { inject } from './testing.ts'

const BLOCKS = [
  { block: 'labels', path: '/metadata/labels', what: 'label', pod: (map: JsonObject) => gpuPod({}, { labels: map }) },
  {
    block: 'annotations',
    path: '/metadata/annotations',
    what: 'annotation',
    pod: (map: JsonObject) => gpuPod({}, { annotations: map }),
  },
  {
    block: 'nodeSelector',
    path: '/spec/nodeSelector',
    what: 'nodeSelector',
    pod: (map: JsonObject) => gpuPod({ nodeSelector: map }),
  },
] as const

test('an entry is added where its key is absent; one that is there is replaced only by an enforced one', () => {
  for (const { block, path, what, pod } of BLOCKS) {
    const setting = (entry: JsonObject) => [policyOf({ inject: { [block]: [{ key: 'x.dev/a', ...entry }] } })]
    const cases: readonly {
      readonly name: string
      readonly given: JsonObject
      readonly entry: JsonObject
      readonly want: unknown
    }[] = [
      {
        name: 'no entries',
        given: gpuPod(),
        entry: { value: '1' },
        want: [{ op: 'add', path, value: { 'x.dev/a': '1' } }],
      },
      {
        name: 'others',
        given: pod({ b: '2' }),
        entry: { value: '1' },
        want: [{ op: 'add', path: `${path}/x.dev~1a`, value: '1' }],
      },
      { name: 'another value', given: pod({ 'x.dev/a': '2' }), entry: { value: '1' }, want: [] },
      {
        name: 'another value, enforced',
        given: pod({ 'x.dev/a': '2' }),
        entry: { value: '1', when: 'enforce' },
        want: [{ op: 'replace', path: `${path}/x.dev~1a`, value: '1' }],
      },
      { name: 'the value, enforced', given: pod({ 'x.dev/a': '1' }), entry: { value: '1', when: 'enforce' }, want: [] },
      {
        name: 'an expression',
        given: gpuPod(),
        entry: { expression: 'sluice.classes[0]' },
        want: [{ op: 'add', path, value: { 'x.dev/a': 'h100' } }],
      },
      { name: 'an expression that gives nothing', given: gpuPod(), entry: { expression: "''" }, want: [] },
    ]
    for (const { name, given, entry, want } of cases) {
      const { operations, injections } = inject(given, setting(entry))
      assert.deepEqual(operations, want, `${block}: ${name}`)
      assert.deepEqual(
        injections,
        operations.length === 0 ? [] : [{ policy: 'policy', what: `${what} x.dev/a` }],
        `${block}: ${name}`,
      )
    }
  }
})

test('keys that every object has are keys like others', () => {
  for (const { block, pod } of BLOCKS) {
    const hostile = JSON.parse('{"__proto__":"p","toString":"t"}')
    const { operations } = inject(pod(hostile), [
      policyOf({
        inject: {
          [block]: [
            { key: 'constructor', value: 'c' },
            { key: 'toString', value: 'x' },
          ],
        },
      }),
    ])
    assert.deepEqual(
      operations.map(({ op, path }) => `${op} ${path.split('/').at(-1)}`),
      ['add constructor'],
      block,
    )
  }
})

test('what cannot be the value of a label is not written, and is noted', () => {
  const long = { key: 'a', expression: "'not a label value'" }
  for (const block of ['labels', 'nodeSelector']) {
    const { operations, problems } = inject(gpuPod(), [
      policyOf({ inject: { [block]: [long, { key: 'b', value: 'x' }] } }),
    ])
    assert.deepEqual(operations, [], block)
    assert.equal(problems.length, 1, block)
    assert.match(problems[0]?.problem ?? '', /a: the expression gives no label value$/)
  }
  assert.equal(inject(gpuPod(), [policyOf({ inject: { annotations: [long] } })]).operations.length, 1)
})

test('the scheduler is set where nobody chose one, or where it is enforced', () => {
  const scheduling = (block = {}) => [policyOf({ inject: { schedulerName: { name: 'volcano', ...block } } })]
  const replace = [{ op: 'replace', path: '/spec/schedulerName', value: 'volcano' }]
  const cases = [
    { name: 'none', spec: {}, block: {}, want: [{ op: 'add', path: '/spec/schedulerName', value: 'volcano' }] },
    { name: 'the default', spec: { schedulerName: 'default-scheduler' }, block: {}, want: replace },
    { name: 'another', spec: { schedulerName: 'kai' }, block: {}, want: [] },
    { name: 'another, enforced', spec: { schedulerName: 'kai' }, block: { when: 'enforce' }, want: replace },
    { name: 'the same', spec: { schedulerName: 'volcano' }, block: { when: 'enforce' }, want: [] },
  ]
  for (const { name, spec, block, want } of cases)
    assert.deepEqual(inject(gpuPod(spec), scheduling(block)).operations, want, name)
})
