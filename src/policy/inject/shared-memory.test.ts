import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../schema/parts.ts'
import { policyOf } from '../../schema/testing.ts'
import { gpuContainer, gpuPod } from '../testing.ts'
import { inject } from './testing.ts'

const memory = (block: JsonObject = { sizeLimit: '16Gi' }, name = 'policy') =>
  policyOf({ inject: { sharedMemory: block } }, name)
const volume = { name: 'sluice-shm', emptyDir: { medium: 'Memory', sizeLimit: '16Gi' } }
const mount = { name: 'sluice-shm', mountPath: '/dev/shm' }

test('memory is mounted in each container that uses accelerators and has nothing there', () => {
  const containers = [
    gpuContainer(4, { name: 'a' }),
    { name: 'proxy' },
    gpuContainer(4, { name: 'b', volumeMounts: [] }),
  ]
  assert.deepEqual(inject(gpuPod({ containers, volumes: [{ name: 'x' }] }), [memory()]).operations, [
    { op: 'add', path: '/spec/volumes/1', value: volume },
    { op: 'add', path: '/spec/containers/0/volumeMounts', value: [mount] },
    { op: 'add', path: '/spec/containers/2/volumeMounts/0', value: mount },
  ])
})

test('initialisers that use accelerators get it as well', () => {
  const initContainers = [gpuContainer(8, { name: 'warm-up' })]
  const { operations } = inject(gpuPod({ initContainers }), [memory()])
  assert.deepEqual(
    operations.map(({ path }) => path),
    ['/spec/volumes', '/spec/initContainers/0/volumeMounts', '/spec/containers/0/volumeMounts'],
  )
})

test('what is mounted there is judged by its path, whatever it is and is called', () => {
  for (const mountPath of ['/dev/shm', '/dev/shm/']) {
    const volumeMounts = [{ name: 'dshm', mountPath }]
    const pod = gpuPod({
      containers: [gpuContainer(8, { volumeMounts })],
      volumes: [{ name: 'dshm', hostPath: { path: '/dev/shm' } }],
    })
    assert.deepEqual(inject(pod, [memory()]).operations, [], mountPath)
  }
})

test('a volume of the tenant that has the name is not taken for ours', () => {
  const { pod } = inject(gpuPod({ volumes: [{ name: 'sluice-shm', emptyDir: {} }] }), [memory()])
  assert.deepEqual((pod.spec as JsonObject).volumes, [
    { name: 'sluice-shm', emptyDir: {} },
    { ...volume, name: 'sluice-shm-2' },
  ])
  assert.match(JSON.stringify(pod), /"volumeMounts":\[\{"name":"sluice-shm-2","mountPath":"\/dev\/shm"\}\]/)
  const same = inject(gpuPod({ volumes: [volume] }), [memory()])
  assert.deepEqual(
    same.operations.map(({ path }) => path),
    ['/spec/containers/0/volumeMounts'],
  )
})

test('two policies that want the same mount it once, and two places are two volumes', () => {
  const twins = [memory({ sizeLimit: '16Gi' }, 'a'), memory({ sizeLimit: '16Gi', mountPath: '/dev/shm/' }, 'b')]
  assert.deepEqual(inject(gpuPod(), twins).injections, [{ policy: 'a', what: 'volume /dev/shm 16Gi' }])
  const { pod } = inject(gpuPod(), [memory(), memory({ mountPath: '/scratch/Fast', sizeLimit: '16Gi' }, 'scratch')])
  assert.deepEqual((pod.spec as JsonObject).volumes, [volume, { ...volume, name: 'sluice-shm-scratch-fast' }])
})

test('a long place still gives a name that a volume can have', () => {
  const { pod } = inject(gpuPod(), [memory({ sizeLimit: '1Gi', mountPath: `/${'a'.repeat(51)}/b` })])
  const [{ name }] = (pod.spec as { volumes: [{ name: string }] }).volumes
  assert.match(name, /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
})

test('a size may be computed; one that is none is not written, and is noted', () => {
  const { operations } = inject(gpuPod(), [memory({ expression: "string(sluice.gpus / 500) + 'Gi'" })])
  assert.match(JSON.stringify(operations), /"sizeLimit":"16Gi"/)
  const failing = inject(gpuPod(), [memory({ expression: "'16GB'" })])
  assert.deepEqual(failing.operations, [])
  assert.deepEqual(failing.problems, [{ policy: 'policy', problem: 'sharedMemory: the expression gives no size' }])
  assert.deepEqual(inject(gpuPod(), [memory({ expression: "''" })]).problems, [])
})
