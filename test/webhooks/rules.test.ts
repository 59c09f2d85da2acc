import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { SYSTEM_NAMESPACES } from '../../src/admission/exempt.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import {
  decisionsOf,
  gpuPod,
  named,
  QUOTAS,
  reviewOf,
  startWebhooks,
  type WebhookService,
} from '../support/webhook-service.ts'

const POLICIES = `${QUOTAS}---
# Refuses every pod there is: what it does not reach is exempt.
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: nothing-passes}
spec:
  match: {accelerators: Any, namespaceSelector: {matchExpressions: [{key: example.com/closed, operator: Exists}]}}
  inject: {labels: [{key: example.com/seen, value: "yes"}]}
  validate:
  - {code: PLAT-001, expression: "false", message: this namespace is closed}
---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: nothing-passes-anywhere}
spec:
  match: {accelerators: Any, excludedNamespaces: [team-a, team-a-dev, team-b]}
  inject: {labels: [{key: example.com/seen, value: "yes"}]}
  validate:
  - {code: PLAT-002, expression: "false", message: everything but the teams is closed}
---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: house-rules}
spec:
  match: {namespaces: [team-b]}
  validate:
  - code: PLAT-010
    field: spec.containers[*].image
    expression: object.spec.containers.all(c, c.image.startsWith('registry.example.com/'))
    messageExpression: "'images come from registry.example.com, not ' + object.spec.containers[0].image"
    message: images come from registry.example.com
    fix: push the image there
  - code: PLAT-011
    reason: Forbidden
    field: spec.hostNetwork
    expression: "!object.spec.?hostNetwork.orValue(false)"
    message: no host network
---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: chatty}
spec:
  mode: Warn
  match: {namespaces: [team-a-dev]}
  validate:
${Array.from({ length: 9 }, (_, n) => `  - {code: PLAT-10${n}, expression: "false", message: "advice ${n} ${'that goes on '.repeat(20)}"}`).join('\n')}
---
apiVersion: v1
kind: Namespace
metadata: {name: closed, labels: {example.com/closed: "yes"}}
`

let service: WebhookService
before(async () => {
  service = await startWebhooks(POLICIES, { exemptNamespaces: ['platform-tools'] })
})
after(() => service.close())

describe('exempt namespaces', () => {
  for (const namespace of [...SYSTEM_NAMESPACES, 'platform-tools']) {
    test(`${namespace} is reached by no policy and no quota`, async () => {
      const { operations, response } = await service.create(gpuPod(64), { namespace })
      assert.deepEqual(operations, [])
      assert.deepEqual({ ...response, uid: '' }, { uid: '', allowed: true })
      assert.equal(decisionsOf(service, 'validate').at(-1)?.verdict, 'exempt')
    })
  }

  test('the namespace of the request decides, whatever the pod says of itself', async () => {
    const pod = gpuPod(1, { metadata: { namespace: 'kube-system' } })
    const response = await service.validate(reviewOf(named(pod, { namespace: 'kube-system' }), { namespace: 'closed' }))
    assert.equal(response.allowed, false)
    assert.match(response.status?.message ?? '', /PLAT-001/)
  })

  test('a namespace whose name only begins like one of them is not exempt', async () => {
    const { operations, response } = await service.create(gpuPod(1), { namespace: 'kube-system-2' })
    assert.ok(operations.length > 0)
    assert.equal(response.allowed, false)
    assert.match(response.status?.message ?? '', /PLAT-002/)
  })
})

describe('an update of a pod', () => {
  const withLabels = (labels: JsonObject): JsonObject => named(gpuPod(1, { metadata: { name: 'worker-0', labels } }))
  const update = (before: JsonObject, after: JsonObject) =>
    service.validate(reviewOf(withLabels(after), { operation: 'UPDATE', oldObject: withLabels(before) }))

  const refused = [
    { name: 'to another tier', before: { 'sluice.dev/tier': 'burst' }, after: { 'sluice.dev/tier': 'reserved' } },
    { name: 'to a tier that is none', before: { 'sluice.dev/tier': 'burst' }, after: { 'sluice.dev/tier': 'gold' } },
    { name: 'that takes the tier away', before: { 'sluice.dev/tier': 'burst', app: 'x' }, after: { app: 'x' } },
    { name: 'that takes all labels away', before: { 'sluice.dev/tier': 'burst' }, after: {} },
  ]
  for (const { name, before, after } of refused) {
    test(`${name} is refused as invalid, with the label as its cause`, async () => {
      const { allowed, status } = await update(before, after)
      assert.equal(allowed, false)
      assert.deepEqual([status?.code, status?.reason], [422, 'Invalid'])
      assert.match(status?.message ?? '', /^\[SLU-E120\] /)
      assert.deepEqual([status?.details?.kind, status?.details?.name], ['Pod', 'worker-0'])
      assert.deepEqual(
        status?.details?.causes.map(cause => cause.field),
        ['metadata.labels["sluice.dev/tier"]'],
      )
    })
  }

  test('that takes off a notice is refused as invalid, each annotation with a cause of its own', async () => {
    const noticed = { 'sluice.dev/reclaim-deadline': '2026-01-01T00:00:00Z', 'sluice.dev/reclaim-need': 'n' }
    const annotated = (annotations: JsonObject) =>
      named(gpuPod(1, { metadata: { name: 'worker-0', annotations: { ...annotations, own: 'thing' } } }))
    const { allowed, status } = await service.validate(
      reviewOf(annotated({}), { operation: 'UPDATE', oldObject: annotated(noticed) }),
    )
    assert.deepEqual([allowed, status?.code], [false, 422])
    assert.deepEqual(
      status?.details?.causes.map(cause => cause.field),
      Object.keys(noticed).map(key => `metadata.annotations["${key}"]`),
    )
  })

  test('of anything else passes, and charges nothing', async () => {
    const response = await update({ 'sluice.dev/tier': 'burst' }, { 'sluice.dev/tier': 'burst', app: 'changed' })
    assert.deepEqual({ ...response, uid: '' }, { uid: '', allowed: true })
    assert.deepEqual(service.usage(), {})
  })
})

describe('a pod that breaks rules', () => {
  const pod = gpuPod(99, {
    metadata: { name: 'offender' },
    spec: {
      hostNetwork: true,
      containers: [{ name: 'main', image: 'evil.example.org/x:1', resources: { limits: { 'nvidia.com/gpu': '99' } } }],
    },
  })

  test('is told all of them in one answer: causes for kubectl, the full text for events', async () => {
    const { status } = (await service.create(pod, { namespace: 'team-b' })).response
    assert.deepEqual([status?.code, status?.reason], [422, 'Invalid'])
    assert.deepEqual([status?.details?.kind, status?.details?.name], ['Pod', 'offender'])
    const causes = status?.details?.causes ?? []
    const fieldOf = (code: string) => causes.find(cause => cause.message.includes(code))?.field
    assert.equal(fieldOf('PLAT-010'), 'spec.containers[*].image')
    assert.equal(fieldOf('PLAT-011'), 'spec.hostNetwork')
    assert.match(causes.map(cause => cause.message).join('\n'), /not evil\.example\.org\/x:1/)
    assert.match(causes.map(cause => cause.message).join('\n'), /fix: push the image there/)
    for (const code of ['PLAT-010', 'PLAT-011']) assert.match(status?.message ?? '', new RegExp(`\\[${code}\\]`))
  })

  test('is told what is wrong with its spec before what its quota lacks', async () => {
    const { status } = (await service.create(pod, { namespace: 'team-b' })).response
    const codes = status?.details?.causes.map(cause => /\[(SLU-[A-Z]|PLAT)/.exec(cause.message)?.[1])
    assert.equal(codes?.at(-1), 'SLU-Q', JSON.stringify(codes))
    assert.ok((status?.message.length ?? 0) <= 1000)
    assert.ok((status?.message.split('\n')[0]?.length ?? 0) <= 160)
  })

  test('is refused as forbidden where every rule that it breaks may pass some day', async () => {
    const hosted = gpuPod(1, { spec: { hostNetwork: true } })
    const { status } = (await service.create(hosted, { namespace: 'team-b' })).response
    assert.deepEqual([status?.code, status?.reason], [403, 'Forbidden'])
  })
})

test('warnings are few, short and plain, and say that there are more', async () => {
  const { response } = await service.create(gpuPod(1), { namespace: 'team-a-dev' })
  assert.equal(response.allowed, true)
  const { warnings = [] } = response
  assert.equal(warnings.length, 5)
  for (const warning of warnings) {
    assert.ok(warning.length <= 120, warning)
    assert.match(warning, /^[\x20-\x7e]+$/)
  }
  assert.match(warnings[0] ?? '', /^\[PLAT-100\] advice 0/)
  assert.match(warnings[4] ?? '', /and 5 more/)
})
