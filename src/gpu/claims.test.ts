import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amountsOf, claimLookup, demandFor, podOf, resultFor } from '../../test/support/accelerators.ts'
import { formatIssue } from '../schema/parsed.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import type { ClaimSource } from './claims.ts'

const H100 = "device.attributes['gpu.nvidia.com'].productName.lowerAscii().contains('h100')"
const A10G = "device.attributes['gpu.nvidia.com'].productName.lowerAscii().contains('a10g')"

function ask(deviceClassName: string, more: JsonObject = {}): JsonObject {
  return { deviceClassName, ...more }
}

function selecting(...expressions: readonly string[]): JsonObject {
  return { selectors: expressions.map(expression => ({ cel: { expression } })) }
}

function claimOf(...requests: readonly JsonValue[]): JsonObject {
  return { devices: { requests } }
}

/** A pod with one claim made from the template `t`, used by its only container. */
function podWith(spec: JsonObject = {}) {
  return podOf({
    containers: [{ name: 'main', resources: { claims: [{ name: 'gpus' }] } }],
    resourceClaims: [{ name: 'gpus', resourceClaimTemplateName: 't' }],
    ...spec,
  })
}

function issuesOf(template: JsonObject, namespaceLabels: Readonly<Record<string, string>> = {}): readonly string[] {
  const result = resultFor(podWith(), { claims: claimLookup({ t: template }), namespaceLabels })
  return result.kind === 'invalid' ? result.issues.map(formatIssue) : [result.kind]
}

test('a claim counts the devices it asks for', () => {
  const cases: readonly {
    readonly name: string
    readonly requests: readonly JsonObject[]
    readonly nodes?: JsonObject
    readonly want: Readonly<Record<string, number>>
  }[] = [
    { name: 'one by default', requests: [{ name: 'a', exactly: ask('gpu.nvidia.com') }], want: { h100: 1000 } },
    { name: 'v1', requests: [{ name: 'a', exactly: ask('gpu.nvidia.com', { count: 8 }) }], want: { h100: 8000 } },
    {
      name: 'v1beta1',
      requests: [{ name: 'a', ...ask('gpu.nvidia.com', { allocationMode: 'ExactCount', count: 2 }) }],
      want: { h100: 2000 },
    },
    {
      name: 'by what the selector mentions',
      requests: [{ name: 'a', exactly: ask('gpu.nvidia.com', selecting(A10G)) }],
      want: { a10g: 1000 },
    },
    {
      name: 'in any case, in any of the selectors',
      requests: [{ name: 'a', exactly: ask('gpu.nvidia.com', selecting('true', "productName == 'NVIDIA L40S'")) }],
      want: { l40s: 1000 },
    },
    {
      name: 'a text inside a longer one is no mention',
      requests: [{ name: 'a', exactly: ask('gpu.nvidia.com', selecting("contains('gb200')")) }],
      want: { gb200: 1000 },
    },
    {
      name: 'a model that nobody knows',
      requests: [{ name: 'a', exactly: ask('gpu.nvidia.com', selecting("contains('z9')")) }],
      want: { h100: 1000 },
    },
    {
      name: 'by the nodes, where the selector says nothing',
      requests: [{ name: 'a', exactly: ask('gpu.nvidia.com') }],
      nodes: { nodeSelector: { 'nvidia.com/gpu.product': 'NVIDIA-H200' } },
      want: { h200: 1000 },
    },
    {
      name: 'requests add up',
      requests: [
        { name: 'a', exactly: ask('gpu.nvidia.com', { count: 2, ...selecting(H100) }) },
        { name: 'b', exactly: ask('gpu.nvidia.com', selecting(A10G)) },
        { name: 'nic', exactly: ask('dranet.net', { count: 4 }) },
      ],
      want: { a10g: 1000, h100: 2000 },
    },
    {
      name: 'firstAvailable: the larger count',
      requests: [
        {
          name: 'a',
          firstAvailable: [ask('gpu.nvidia.com', { name: 'x' }), ask('gpu.nvidia.com', { name: 'y', count: 3 })],
        },
      ],
      want: { h100: 3000 },
    },
    {
      name: 'firstAvailable: the dearest over classes',
      requests: [
        {
          name: 'a',
          firstAvailable: [
            ask('gpu.nvidia.com', { name: 'x', count: 1, ...selecting(H100) }),
            ask('gpu.nvidia.com', { name: 'y', count: 2, ...selecting(A10G) }),
          ],
        },
      ],
      want: { a10g: 2000 },
    },
    {
      name: 'firstAvailable: the first of equals',
      requests: [
        {
          name: 'a',
          firstAvailable: [
            ask('gpu.nvidia.com', { name: 'x', ...selecting(H100) }),
            ask('gpu.nvidia.com', { name: 'y', ...selecting(A10G) }),
          ],
        },
      ],
      want: { h100: 1000 },
    },
    {
      name: 'MIG by the profile',
      requests: [{ name: 'a', exactly: ask('mig.nvidia.com', { count: 2, ...selecting("profile == '1g.10gb'") }) }],
      want: { h100: 284 },
    },
    {
      name: 'MIG by the largest profile',
      requests: [{ name: 'a', exactly: ask('mig.nvidia.com', selecting("profile in ['1g.10gb', '3g.40gb']")) }],
      want: { h100: 428 },
    },
    { name: 'MIG without a profile', requests: [{ name: 'a', exactly: ask('mig.nvidia.com') }], want: { h100: 1000 } },
    {
      name: 'MIG by a selector that may match more',
      requests: [{ name: 'a', exactly: ask('mig.nvidia.com', selecting("profile == '1g.10gb' || true")) }],
      want: { h100: 1000 },
    },
    {
      name: 'a profile does not make a whole GPU smaller',
      requests: [{ name: 'a', exactly: ask('gpu.nvidia.com', selecting("'1g.10gb' != ''")) }],
      want: { h100: 1000 },
    },
    {
      name: 'another vendor',
      requests: [{ name: 'a', exactly: ask('gaudi.intel.com', { count: 8 }) }],
      want: { gaudi3: 8000 },
    },
  ]
  for (const { name, requests, nodes = {}, want } of cases) {
    const demand = demandFor(podWith(nodes), { claims: claimLookup({ t: claimOf(...requests) }) })
    assert.deepEqual(amountsOf(demand), want, name)
    assert.equal(demand.source, 'claim', name)
    assert.deepEqual(demand.effective, new Map(), name)
  }
})

test('devices that are no accelerators count for nothing, whatever their request says', () => {
  for (const exactly of [
    ask('cpu.example.com', { count: 2 }),
    ask('compute-domain-default-channel.nvidia.com', { allocationMode: 'All' }),
    ask('mrdma.google.com', { allocationMode: 'All', adminAccess: true }),
  ]) {
    const result = resultFor(podWith(), { claims: claimLookup({ t: claimOf({ name: 'a', exactly }) }) })
    assert.deepEqual(result, { kind: 'none', effective: new Map(), unresolvedClaims: [] })
  }
})

test('All and adminAccess are refused to tenants, with the place', () => {
  const at = 'ResourceClaimTemplate "t": devices.requests[0].exactly'
  assert.deepEqual(issuesOf(claimOf({ name: 'a', exactly: ask('gpu.nvidia.com', { allocationMode: 'All' }) })), [
    `${at}.allocationMode: All takes every device of a node, and nobody can say how many that is (use ExactCount with a count)`,
  ])
  const admin = claimOf({ name: 'a', exactly: ask('gpu.nvidia.com', { allocationMode: 'All', adminAccess: true }) })
  assert.deepEqual(issuesOf(admin), [
    `${at}.adminAccess: adminAccess is for namespaces of administrators (remove it, or have the namespace labelled resource.kubernetes.io/admin-access=true)`,
  ])
  assert.deepEqual(issuesOf(admin, { 'resource.kubernetes.io/admin-access': 'True' }).length, 1)
  assert.deepEqual(issuesOf(admin, { 'resource.kubernetes.io/admin-access': 'true' }), ['none'])
})

test('a request that nobody could count is refused', () => {
  const cases: readonly { readonly name: string; readonly exactly: JsonObject; readonly want: RegExp }[] = [
    {
      name: 'no device',
      exactly: ask('gpu.nvidia.com', { count: 0 }),
      want: /\.count: 0 devices \(ask for 1 to 32\)$/,
    },
    { name: 'a negative count', exactly: ask('gpu.nvidia.com', { count: -1 }), want: /\.count: -1 is negative/ },
    { name: 'half a device', exactly: ask('gpu.nvidia.com', { count: 0.5 }), want: /\.count: 0\.5 is not whole/ },
    {
      name: 'a count beyond counting',
      exactly: ask('gpu.nvidia.com', { count: 9e15 }),
      want: /\.count: 9000000000000000 devices/,
    },
    {
      name: 'no mode',
      exactly: ask('gpu.nvidia.com', { allocationMode: 'Some' }),
      want: /\.allocationMode: "Some" is not a mode/,
    },
  ]
  for (const { name, exactly, want } of cases)
    assert.match(issuesOf(claimOf({ name: 'a', exactly })).join('\n'), want, name)
  assert.match(issuesOf(claimOf(...Array(33).fill({ name: 'a' }))).join('\n'), /33 device requests/)
  assert.match(issuesOf(claimOf({ name: 'a', firstAvailable: Array(9).fill({}) })).join('\n'), /9 alternatives/)
  assert.deepEqual(issuesOf(claimOf({ name: 'a', exactly: ask('gpu.nvidia.com', { count: '{{ n }}' }) })), [
    'undecidable',
  ])
})

test('a claim of any other form counts for nothing and breaks nothing', () => {
  for (const spec of [
    {},
    { devices: 7 },
    { devices: { requests: {} } },
    claimOf(null, 'x', [], 7),
    claimOf({ exactly: 'x' }),
    claimOf({ firstAvailable: [null, 1] }),
  ]) {
    assert.deepEqual(issuesOf(spec), ['none'], JSON.stringify(spec))
  }
})

test('a claim counts once, however many containers use it and even if none does', () => {
  const claims = claimLookup({ t: claimOf({ name: 'a', exactly: ask('gpu.nvidia.com', { count: 2 }) }) })
  const user = (name: string) => ({ name, resources: { claims: [{ name: 'gpus' }] } })
  const cases: readonly { readonly name: string; readonly spec: JsonObject; readonly users: readonly string[] }[] = [
    {
      name: 'used by three',
      spec: { initContainers: [user('init')], containers: [user('main'), user('side')] },
      users: ['init', 'main', 'side'],
    },
    { name: 'used by none', spec: { containers: [{ name: 'main' }] }, users: [] },
  ]
  for (const { name, spec, users } of cases) {
    const demand = demandFor(podWith(spec), { claims })
    assert.deepEqual(amountsOf(demand), { h100: 2000 }, name)
    assert.deepEqual(
      demand.accelerated.map(container => container.name),
      users,
      name,
    )
  }
})

test('a container that uses one request of a claim has that request', () => {
  const template = claimOf(
    { name: 'big', exactly: ask('gpu.nvidia.com', { count: 4 }) },
    { name: 'small', exactly: ask('gpu.nvidia.com', selecting(A10G)) },
  )
  const spec = {
    containers: [
      { name: 'main', resources: { claims: [{ name: 'gpus', request: 'big' }] } },
      {
        name: 'side',
        resources: {
          claims: [
            { name: 'gpus', request: 'small' },
            { name: 'gpus', request: 'small' },
          ],
        },
      },
      { name: 'none', resources: { claims: [{ name: 'gpus', request: 'nic' }, { name: 'other' }] } },
    ],
  }
  const demand = demandFor(podWith(spec), { claims: claimLookup({ t: template }) })
  assert.deepEqual(amountsOf(demand), { a10g: 1000, h100: 4000 })
  assert.deepEqual(
    demand.perContainer,
    new Map([
      ['main', 4000n],
      ['side', 1000n],
    ]),
  )
})

test('a claim object that pods share is marked, and counted once under two names', () => {
  const claims = claimLookup({ shared: claimOf({ name: 'a', exactly: ask('gpu.nvidia.com') }) })
  const pod = podOf({
    containers: [{ name: 'main', resources: { claims: [{ name: 'two' }] } }],
    resourceClaims: [
      { name: 'one', resourceClaimName: 'shared' },
      { name: 'two', resourceClaimName: 'shared' },
    ],
  })
  const demand = demandFor(pod, { claims })
  assert.deepEqual(amountsOf(demand), { h100: 1000 })
  assert.deepEqual(demand.sharedClaims, [{ name: 'shared', byClass: new Map([['h100', 1000n]]) }])
  assert.deepEqual(
    demand.accelerated.map(({ name }) => name),
    ['main'],
  )
})

test('two claims from one template are two claims', () => {
  const spec = {
    resourceClaims: [
      { name: 'a', resourceClaimTemplateName: 't' },
      { name: 'b', resourceClaimTemplateName: 't' },
    ],
  }
  const demand = demandFor(podWith(spec), {
    claims: claimLookup({ t: claimOf({ name: 'a', exactly: ask('gpu.nvidia.com') }) }),
  })
  assert.deepEqual(amountsOf(demand), { h100: 2000 })
  assert.deepEqual(demand.sharedClaims, [])
})

test('a claim that is not there counts for nothing and is named', () => {
  const pending: ClaimSource = { kind: 'pending', by: 'ComputeDomain nvl72' }
  const claims = { template: (): ClaimSource => pending, claim: (): ClaimSource => ({ kind: 'missing' }) }
  const spec = {
    resourceClaims: [
      { name: 'channel', resourceClaimTemplateName: 'imex' },
      { name: 'gone', resourceClaimName: 'gone' },
    ],
  }
  const want = [
    { claim: 'channel', reference: 'ResourceClaimTemplate "imex"', kind: 'pending', by: 'ComputeDomain nvl72' },
    { claim: 'gone', reference: 'ResourceClaim "gone"', kind: 'missing' },
  ]
  assert.deepEqual(resultFor(podWith(spec), { claims }), { kind: 'none', effective: new Map(), unresolvedClaims: want })

  const limits = { 'nvidia.com/gpu': 4 }
  const demand = demandFor(podWith({ ...spec, containers: [{ name: 'main', resources: { limits } }] }), { claims })
  assert.deepEqual(amountsOf(demand), { h100: 4000 })
  assert.deepEqual(demand.unresolvedClaims, want)
  assert.equal(demand.source, 'resource')
})

test('a claim of a pod names one source', () => {
  for (const reference of [{ name: 'a' }, { name: 'a', resourceClaimName: 'x', resourceClaimTemplateName: 'y' }]) {
    const result = resultFor(podOf({ containers: [{ name: 'main' }], resourceClaims: [reference] }))
    assert.equal(result.kind, 'invalid')
    assert.match(
      result.kind === 'invalid' ? result.issues.map(formatIssue).join() : '',
      /^spec\.resourceClaims\[0\]: .*exactly one/,
    )
  }
})

test('the name of a claim is its own', () => {
  const reference = { name: 'a', resourceClaimTemplateName: 't' }
  const result = resultFor(podOf({ containers: [{ name: 'main' }], resourceClaims: [reference, reference] }))
  assert.deepEqual(result.kind === 'invalid' ? result.issues.map(formatIssue) : [], [
    'spec.resourceClaims[1].name: "a" is another claim (rename it)',
  ])
})

test('of a selector too long to be read nothing is believed', () => {
  const padded = `${H100} && ${'true && '.repeat(2100)} profile == '1g.10gb'`
  const request = (deviceClass: string) =>
    claimOf({ name: 'a', exactly: ask(deviceClass, selecting(padded.replace('h100', 'a10g'))) })
  for (const deviceClass of ['gpu.nvidia.com', 'mig.nvidia.com']) {
    const demand = demandFor(podWith(), { claims: claimLookup({ t: request(deviceClass) }) })
    assert.deepEqual(amountsOf(demand), { h100: 1000 }, deviceClass)
  }
})

test('claims are looked up in the namespace of the request', () => {
  const asked: string[] = []
  const claims = {
    template: (namespace: string, name: string): ClaimSource => {
      asked.push(`${namespace}/${name}`)
      return { kind: 'missing' }
    },
    claim: (): ClaimSource => ({ kind: 'missing' }),
  }
  resultFor(podWith(), { claims })
  assert.deepEqual(asked, ['team-a/t'])
})
