import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tier } from '../../schema/parts.ts'
import { policyOf } from '../../schema/testing.ts'
import { gpuPod } from '../testing.ts'
import { inject } from './testing.ts'

const byTier = [
  { tier: 'reserved', name: 'gpu-reserved' },
  { tier: 'burst', name: 'gpu-burst' },
]

function given(spec: Parameters<typeof gpuPod>[0], block = {}, tier: Tier | undefined = 'burst') {
  return inject(gpuPod(spec), [policyOf({ inject: { priorityClass: { byTier, ...block } } })], { tier })
}

test('the class of the tier takes the place of none and of the default, and what was derived from it leaves', () => {
  const set = { op: 'replace', path: '/spec/priorityClassName', value: 'gpu-burst' } as const
  const cases = [
    { name: 'none', spec: {}, want: [{ ...set, op: 'add' }] },
    { name: 'empty', spec: { priorityClassName: '' }, want: [set] },
    {
      name: 'an integer alone',
      spec: { priority: 0 },
      want: [
        { ...set, op: 'add' },
        { op: 'remove', path: '/spec/priority' },
      ],
    },
    {
      name: 'the global default, as the API server has filled it in',
      spec: { priorityClassName: 'default', priority: 5, preemptionPolicy: 'PreemptLowerPriority' },
      want: [set, { op: 'remove', path: '/spec/priority' }, { op: 'remove', path: '/spec/preemptionPolicy' }],
    },
  ]
  for (const { name, spec, want } of cases) assert.deepEqual(given(spec).operations, want, name)
})

test('what a tenant chose stays, unless the policy enforces its own or counts it as not set', () => {
  const cases = [
    { name: 'another class', current: 'mine', block: {}, want: 'mine' },
    { name: 'another class, enforced', current: 'mine', block: { when: 'enforce' }, want: 'gpu-burst' },
    { name: 'one that counts as not set', current: 'mine', block: { treatAsAbsent: ['mine'] }, want: 'gpu-burst' },
    { name: 'the class itself', current: 'gpu-burst', block: { when: 'enforce' }, want: 'gpu-burst' },
    {
      name: 'a class of the system',
      current: 'system-node-critical',
      block: { when: 'enforce' },
      want: 'system-node-critical',
    },
  ]
  for (const { name, current, block, want } of cases) {
    const { pod, operations } = given({ priorityClassName: current, priority: 7 }, block)
    assert.deepEqual(
      pod.spec,
      { ...(gpuPod().spec as object), priorityClassName: want, ...(want === current ? { priority: 7 } : {}) },
      name,
    )
    assert.equal(operations.length > 0, want !== current, name)
  }
})

test('nothing is set without a tier, for a tier without a class, or to a class that the cluster lacks', () => {
  assert.deepEqual(inject(gpuPod(), [policyOf({ inject: { priorityClass: { byTier } } })]).operations, [])
  assert.deepEqual(given({}, {}, 'shared').operations, [])
  const lacking = policyOf({
    inject: { priorityClass: { byTier: [{ tier: 'burst', name: 'nowhere' }], when: 'enforce' } },
  })
  assert.deepEqual(inject(gpuPod({ priority: 0 }), [lacking], { tier: 'burst' }).operations, [])
})

test('what was set is noted', () => {
  assert.deepEqual(given({}).injections, [{ policy: 'policy', what: 'priorityClass gpu-burst' }])
})
