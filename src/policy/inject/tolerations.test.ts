import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../schema/parts.ts'
import { policyOf } from '../../schema/testing.ts'
import { gpuPod } from '../testing.ts'
import { inject } from './testing.ts'

const tolerating = (...tolerations: readonly JsonObject[]) => [policyOf({ inject: { tolerations } })]
const KEY = { key: 'nvidia.com/gpu', operator: 'Exists' }

test('a toleration is appended, and those that are there stay as they are', () => {
  const cases: readonly { readonly name: string; readonly spec: JsonObject; readonly want: unknown }[] = [
    { name: 'to none', spec: {}, want: [{ op: 'add', path: '/spec/tolerations', value: [KEY] }] },
    {
      name: 'to an empty list',
      spec: { tolerations: [] },
      want: [{ op: 'add', path: '/spec/tolerations/0', value: KEY }],
    },
    {
      name: 'to others',
      spec: { tolerations: [{ key: 'nvidia.com/gpu', value: 'true', tolerationSeconds: 1 }] },
      want: [{ op: 'add', path: '/spec/tolerations/1', value: KEY }],
    },
    { name: 'not to one that covers it', spec: { tolerations: [{ operator: 'Exists' }] }, want: [] },
  ]
  for (const { name, spec, want } of cases) {
    assert.deepEqual(inject(gpuPod(spec), tolerating({ key: 'nvidia.com/gpu' })).operations, want, name)
  }
})

test('an entry without an operator means Equal where it has a value, else Exists', () => {
  const { pod } = inject(
    gpuPod(),
    tolerating({ key: 'a', value: 'x', effect: 'NoExecute' }, { key: 'b', effect: 'NoSchedule' }),
  )
  assert.deepEqual(pod.spec, {
    ...(gpuPod().spec as JsonObject),
    tolerations: [
      { key: 'a', operator: 'Equal', value: 'x', effect: 'NoExecute' },
      { key: 'b', operator: 'Exists', effect: 'NoSchedule' },
    ],
  })
})

test('the taints of the classes that the pod uses are tolerated', () => {
  const onA100 = gpuPod({ nodeSelector: { 'node.kubernetes.io/instance-type': 'p4d.24xlarge' } })
  assert.deepEqual(
    [gpuPod(), onA100].map(pod =>
      inject(pod, tolerating({ classTaints: true })).operations.map(op => 'value' in op && op.value),
    ),
    [
      [[{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }]],
      [[{ key: 'sku', operator: 'Equal', value: 'a100', effect: 'NoExecute' }]],
    ],
  )
})

test('of two entries, and of two policies, the one that the other covers adds nothing', () => {
  const [wide, narrow] = [{ key: 'nvidia.com/gpu' }, { key: 'nvidia.com/gpu', value: 'present', effect: 'NoSchedule' }]
  assert.equal(inject(gpuPod(), tolerating(wide, narrow)).injections.length, 1)
  const policies = [wide, narrow].map((entry, index) => policyOf({ inject: { tolerations: [entry] } }, `p${index}`))
  assert.deepEqual(inject(gpuPod(), policies).injections, [{ policy: 'p0', what: 'toleration nvidia.com/gpu' }])
})
