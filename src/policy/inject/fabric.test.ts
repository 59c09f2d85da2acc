import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../../schema/parts.ts'
import { policyOf, profileOf } from '../../schema/testing.ts'
import { gpuContainer, gpuPod } from '../testing.ts'
import { inject } from './testing.ts'

const EFA = 'vpc.amazonaws.com/efa'
const DEVICES = {
  device: { resource: EFA },
  instances: [{ type: 'p5.48xlarge', accelerators: 8, devices: 32 }],
}
const given = { instanceTypes: ['p5.48xlarge'] }

function connect(
  pod: JsonObject,
  profile: JsonObject,
  policies = [policyOf({ inject: { fabric: { profile: 'p' } } })],
) {
  return inject(pod, policies, given, { fabric: new Map([['p', profileOf(profile, 'p')]]) })
}

test('devices, environment, capability, volumes and annotations come together', () => {
  const { operations, injections } = connect(gpuPod(), {
    ...DEVICES,
    env: [{ name: 'NCCL_SOCKET_IFNAME', value: 'eth0' }],
    capabilities: ['IPC_LOCK'],
    volumes: [{ name: 'lib', mountPath: '/usr/local/lib', readOnly: true, source: { hostPath: { path: '/lib' } } }],
    podAnnotations: [{ key: 'networks', value: '[]' }],
  })
  assert.deepEqual(operations, [
    { op: 'add', path: '/spec/containers/0/resources/limits/vpc.amazonaws.com~1efa', value: '32' },
    { op: 'add', path: '/spec/containers/0/resources/requests/vpc.amazonaws.com~1efa', value: '32' },
    { op: 'add', path: '/spec/containers/0/env', value: [{ name: 'NCCL_SOCKET_IFNAME', value: 'eth0' }] },
    { op: 'add', path: '/spec/containers/0/securityContext', value: { capabilities: { add: ['IPC_LOCK'] } } },
    { op: 'add', path: '/spec/volumes', value: [{ name: 'lib', hostPath: { path: '/lib' } }] },
    {
      op: 'add',
      path: '/spec/containers/0/volumeMounts',
      value: [{ name: 'lib', mountPath: '/usr/local/lib', readOnly: true }],
    },
    { op: 'add', path: '/metadata/annotations', value: { networks: '[]' } },
  ])
  assert.deepEqual(
    injections.map(({ what }) => what),
    [
      'device vpc.amazonaws.com/efa=32',
      'env NCCL_SOCKET_IFNAME',
      'capability IPC_LOCK',
      'volume /usr/local/lib',
      'annotation networks',
    ],
  )
})

test('each container that uses accelerators gets its part, and an initialiser nothing', () => {
  const pod = {
    spec: {
      initContainers: [gpuContainer(8, { name: 'check' })],
      containers: [gpuContainer(2, { name: 'a' }), { name: 'proxy' }, gpuContainer(6, { name: 'b' })],
    },
  }
  const { operations } = connect(pod, DEVICES)
  assert.deepEqual(
    operations
      .filter(({ path }) => path.includes('limits'))
      .map(operation => [operation.path.split('/')[3], 'value' in operation && operation.value]),
    [
      ['0', '8'],
      ['2', '24'],
    ],
  )
})

test('where a container asks for the device, no other gets any, and the tuning goes to those that have it', () => {
  const limits = { 'nvidia.com/gpu': '4', [EFA]: '16' }
  const asking = { name: 'a', resources: { limits, requests: limits } }
  const { operations } = connect(gpuPod({ containers: [gpuContainer(4, { name: 'b' }), asking] }), {
    ...DEVICES,
    env: [{ name: 'A', value: '1' }],
  })
  assert.deepEqual(operations, [{ op: 'add', path: '/spec/containers/1/env', value: [{ name: 'A', value: '1' }] }])
})

test('a pod that gets no device gets nothing', () => {
  const few = { ...DEVICES, instances: [{ type: 'p5.48xlarge', accelerators: 8, devices: 1 }] }
  const pod = { spec: { containers: [gpuContainer(4)] } }
  assert.deepEqual(
    connect(pod, { ...few, env: [{ name: 'A', value: '1' }], podAnnotations: [{ key: 'n', value: 'v' }] }).operations,
    [],
  )
})

test('what the tenant has set stays', () => {
  const container = gpuContainer(8, {
    env: [{ name: 'A', value: 'own' }],
    volumeMounts: [{ name: 'own', mountPath: '/lib/' }],
    securityContext: { capabilities: { add: ['ALL'] } },
  })
  const pod = gpuPod({ containers: [container] }, { annotations: { networks: 'own' } })
  const profile = {
    env: [{ name: 'A', value: '1' }],
    capabilities: ['IPC_LOCK'],
    volumes: [{ name: 'lib', mountPath: '/lib', source: { hostPath: { path: '/lib' } } }],
    podAnnotations: [{ key: 'networks', value: '[]' }],
  }
  assert.deepEqual(connect(pod, profile).operations, [])
})

test('a capability joins others, and a privileged container needs none', () => {
  const withContext = (securityContext: JsonObject) =>
    connect(gpuPod({ containers: [gpuContainer(8, { securityContext })] }), { capabilities: ['IPC_LOCK'] }).operations
  assert.deepEqual(withContext({ capabilities: { add: ['SYS_PTRACE'] } }), [
    { op: 'add', path: '/spec/containers/0/securityContext/capabilities/add/1', value: 'IPC_LOCK' },
  ])
  assert.deepEqual(withContext({ privileged: true }), [])
  assert.deepEqual(withContext({ capabilities: { add: ['IPC_LOCK'] } }), [])
})

test('two policies with one profile connect a pod once, and one place is mounted once', () => {
  const volumes = [{ name: 'shm', mountPath: '/dev/shm', source: { emptyDir: { medium: 'Memory' } } }]
  const policies = ['a', 'b'].map(name =>
    policyOf({ inject: { fabric: { profile: 'p' }, sharedMemory: { sizeLimit: '1Gi' } } }, name),
  )
  const { injections } = connect(gpuPod(), { ...DEVICES, volumes }, policies)
  assert.deepEqual(injections, [
    { policy: 'a', what: 'volume /dev/shm 1Gi' },
    { policy: 'a', what: `device ${EFA}=32` },
  ])
})

test('a pod on no known platform is left alone', () => {
  const automatic = profileOf({ ...DEVICES, automatic: true }, 'p')
  const { operations } = inject(
    gpuPod(),
    [policyOf({ inject: { fabric: {} } })],
    {},
    { fabric: new Map([['p', automatic]]) },
  )
  assert.deepEqual(operations, [])
})
