import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterWith, placed } from '../../admission/testing.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { nodeShapes } from './node-shapes.ts'

function node(name: string, allocatable: JsonObject, labels: JsonObject = {}, spec: JsonObject = {}): JsonObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec, status: { allocatable } }
}

const TYPE = 'node.kubernetes.io/instance-type'

test('what a node has counts by its labels, as it would for a pod that asks for those', () => {
  const cases: readonly { readonly name: string; readonly node: JsonObject; readonly want: readonly string[] }[] = [
    { name: 'of a type', node: node('n', { 'nvidia.com/gpu': '8' }, { [TYPE]: 'p4d.24xlarge' }), want: ['a100 8000'] },
    { name: 'HyperPod', node: node('n', { 'nvidia.com/gpu': '8' }, { [TYPE]: 'ml.p5.48xlarge' }), want: ['h100 8000'] },
    { name: 'no label', node: node('n', { 'nvidia.com/gpu': '8' }), want: ['h100 8000'] },
    {
      name: 'slices beside whole ones',
      node: node('n', { 'nvidia.com/gpu': '1', 'nvidia.com/mig-1g.10gb': '7' }, { [TYPE]: 'p5.48xlarge' }),
      want: ['h100 1994'],
    },
    { name: 'none left', node: node('n', { 'nvidia.com/gpu': '0', cpu: '4' }), want: [] },
    { name: 'not a number', node: node('n', { 'nvidia.com/gpu': 'many' }), want: [] },
    { name: 'cordoned', node: node('n', { 'nvidia.com/gpu': '8' }, {}, { unschedulable: true }), want: [] },
    { name: 'no accelerators', node: node('n', { cpu: '4' }), want: [] },
  ]
  const { classes } = clusterWith()
  for (const { name, node: one, want } of cases) {
    const shapes = nodeShapes(placed([one, { kind: 'Namespace', metadata: { name: 'n' } }]), classes)
    const told = shapes.flatMap(({ amounts }) => [...amounts].map(([key, milli]) => `${key} ${milli}`))
    assert.deepEqual(told, want, name)
  }
})
