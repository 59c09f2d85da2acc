import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { applyPatch } from '../../src/policy/patch.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import {
  gpuPod,
  named,
  patchOf,
  QUOTAS,
  reviewOf,
  startWebhooks,
  type WebhookService,
} from '../support/webhook-service.ts'

// What compiles and then fails, or grows past every bound, on some pods. Each stands in a namespace of its own.
const POLICIES = `${QUOTAS}---
apiVersion: sluice.dev/v1alpha1
kind: Cohort
metadata: {name: testbed}
spec: {classes: [{class: h100, capacity: {gpus: 64}, shared: 64}]}
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: testers}
spec:
  namespaces: [costly, audited, regex, failing, condition, warned, injecting, computed]
  cohort: testbed
  classes: [{class: h100, shared: {}}]
---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: costs-too-much}
spec:
  match: {namespaces: [costly]}
  variables:
  - {name: env, expression: "object.spec.containers[0].env"}
  validate:
  - expression: variables.env.all(a, variables.env.all(b, variables.env.all(c, a.name + b.name + c.name != 'x')))
${['a', 'b', 'c', 'd'].map(auditedPolicy).join('')}---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: backtracks}
spec:
  match: {namespaces: [regex]}
  validate:
  - {code: PLAT-001, expression: "!object.spec.containers[0].env[0].value.matches('^(a+)+$')", message: only letters}
  - {code: PLAT-002, expression: "!'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches(object.spec.containers[0].env[0].value)", message: is a pattern}
---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: fails}
spec:
  match: {namespaces: [failing]}
  validate:
  - {expression: "object.metadata.labels['owner'] != ''"}
---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: condition-fails}
spec:
  match: {namespaces: [condition]}
  matchConditions:
  - {name: owned, expression: "object.metadata.labels['owner'] == 'me'"}
  inject: {labels: [{key: example.com/injected-by, value: condition-fails}]}
  validate:
  - {expression: "true"}
---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: fails-in-warn}
spec:
  mode: Warn
  match: {namespaces: [warned]}
  validate:
  - {expression: "object.metadata.labels['owner'] != ''"}
---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: injects-half}
spec:
  match: {namespaces: [injecting]}
  inject:
    env:
    - {name: BEFORE, value: "1"}
    - {name: FAILS, expression: "object.metadata.labels['owner']"}
    labels:
    - {key: example.com/after, value: "1"}
---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: injects-whole}
spec:
  match: {namespaces: [injecting]}
  inject: {labels: [{key: example.com/whole, value: "1"}]}
---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: computes-too-many-devices}
spec:
  match: {namespaces: [computed]}
  inject:
    devices: [{resource: example.com/nic, expression: "sluice.gpus * 1000000"}]
---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: message-fails}
spec:
  match: {namespaces: [computed]}
  validate:
  - {code: PLAT-003, expression: "false", messageExpression: "object.metadata.labels['owner']", message: what is told instead}
`

/** Costs as much as a policy may, and more, in a mode that stops nobody; its name comes before those of the shipped policies. */
function auditedPolicy(letter: string): string {
  return `---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: ${letter}-audits-at-length}
spec:
  mode: Audit
  match: {namespaces: [audited]}
  variables:
  - {name: env, expression: "object.spec.containers[0].env"}
  validate:
  - expression: variables.env.all(a, variables.env.all(b, variables.env.all(c, a.name + b.name + c.name != '${letter}')))
`
}

let service: WebhookService
before(async () => {
  service = await startWebhooks(POLICIES)
})
after(() => service.close())

function podWithEnv(values: readonly string[]): JsonObject {
  const env = values.map((value, index) => ({ name: `V${index}`, value }))
  return gpuPod(1, { spec: { containers: [{ name: 'main', env, resources: { limits: { 'nvidia.com/gpu': '1' } } }] } })
}

async function statusOf(namespace: string, pod: JsonObject) {
  const { allowed, status, warnings } = await service.validate(reviewOf(named(pod), { namespace }))
  return { allowed, code: status?.code, message: status?.message ?? '', warnings }
}

describe('a rule that cannot be evaluated', () => {
  test('because it costs too much refuses, names its policy, and answers within the deadline of the caller', async () => {
    const deadline = AbortSignal.timeout(10_000)
    const { allowed, code, message } = await statusOf('costly', podWithEnv(Array.from({ length: 500 }, () => 'x')))
    assert.equal(deadline.aborted, false)
    assert.equal(allowed, false)
    assert.equal(code, 403)
    assert.match(message, /^\[SLU-P101\] .*costs-too-much/)
    assert.match(JSON.stringify(service.log.problems), /costs-too-much/)
  })

  test('does not cost too much on a small pod', async () => {
    assert.equal((await statusOf('costly', podWithEnv(['x', 'y']))).allowed, true)
  })

  test('because it fails refuses, and says nothing of what the pod holds', async () => {
    const pod = gpuPod(1, { metadata: { labels: { secret: 'hunter2' } } })
    const { allowed, message } = await statusOf('failing', pod)
    assert.equal(allowed, false)
    assert.match(message, /^\[SLU-P101\] .*policy fails could not be evaluated/)
    assert.doesNotMatch(message + JSON.stringify(service.log.problems), /hunter2/)
  })

  test('because its condition fails refuses', async () => {
    const { allowed, message } = await statusOf('condition', gpuPod(1))
    assert.equal(allowed, false)
    assert.match(message, /^\[SLU-P101\] .*condition-fails/)
  })

  test('warns where violations warn', async () => {
    const { allowed, warnings = [] } = await statusOf('warned', gpuPod(1))
    assert.equal(allowed, true)
    assert.match(warnings.join('\n'), /\[SLU-P101\] .*fails-in-warn/)
  })

  test('and only audits stops nobody, however long it takes: no other policy pays for it', async () => {
    const { allowed, message } = await statusOf('audited', podWithEnv(Array.from({ length: 500 }, () => 'x')))
    assert.equal(allowed, true, message)
  })

  test('reads the same on every try', async () => {
    const pod = podWithEnv(Array.from({ length: 500 }, () => 'x'))
    assert.equal((await statusOf('costly', pod)).message, (await statusOf('costly', pod)).message)
  })

  test('charges nothing', async () => {
    const before = service.usage()
    assert.equal((await statusOf('failing', gpuPod(1))).allowed, false)
    assert.deepEqual(service.usage(), before)
  })
})

describe('a regular expression', () => {
  test('that backtracks elsewhere takes linear time, in a policy and as a tenant writes it', async () => {
    const text = `${'a'.repeat(900)}!`
    const { allowed } = await statusOf('regex', podWithEnv([text]))
    assert.equal(allowed, true)
    const { message } = await statusOf('regex', podWithEnv(['^(a+)+$']))
    assert.equal(message, '')
  })

  test('of a tenant that is none refuses the tenant', async () => {
    const { allowed, message } = await statusOf('regex', podWithEnv(['(((']))
    assert.equal(allowed, false)
    assert.match(message, /^\[SLU-P101\] .*backtracks/)
  })
})

describe('an injection that cannot be evaluated', () => {
  async function injected(namespace: string): Promise<{ readonly labels: JsonObject; readonly env: unknown }> {
    const response = await service.mutate(reviewOf(gpuPod(1), { namespace }))
    assert.equal(response.allowed, true)
    const { metadata, spec } = applyPatch(gpuPod(1), patchOf(response)) as { metadata: JsonObject; spec: JsonObject }
    const [container] = spec.containers as readonly JsonObject[]
    return { labels: (metadata.labels ?? {}) as JsonObject, env: container?.env }
  }

  test('takes nothing from other policies', async () => {
    const { labels } = await injected('injecting')
    assert.equal(labels['example.com/whole'], '1')
    assert.equal(labels['sluice.dev/tier'], 'shared')
  })

  test('takes the rest of its own policy with it: half of what a policy means is not what it means', async () => {
    const { labels, env } = await injected('injecting')
    assert.equal(env, undefined)
    assert.equal(labels['example.com/after'], undefined)
  })

  test('is told to the log with its policy', () => {
    assert.match(JSON.stringify(service.log.problems), /injects-half/)
  })

  test('in a condition injects nothing', async () => {
    const { labels } = await injected('condition')
    assert.equal(labels['example.com/injected-by'], undefined)
  })

  test('that asks for more devices than any node has injects none', async () => {
    const response = await service.mutate(reviewOf(gpuPod(1), { namespace: 'computed' }))
    assert.doesNotMatch(JSON.stringify(patchOf(response)), /example\.com\/nic/)
  })
})

test('a message that cannot be computed gives way to the one that is written', async () => {
  const { message } = await statusOf('computed', gpuPod(1))
  assert.match(message, /^\[PLAT-003\] what is told instead/)
})
