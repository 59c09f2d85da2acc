import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SYSTEM_NAMESPACES } from '../src/admission/exempt.ts'
import { fieldAt, textAt } from '../src/admission/objects.ts'
import { type PodConditions, podConditions } from '../src/admission/pod-conditions.ts'
import { clusterWith } from '../src/admission/testing.ts'
import { loadCluster } from '../src/cli/cluster.ts'
import { compileExpression } from '../src/policy/cel/compile.ts'
import { isList, type JsonObject, type JsonValue } from '../src/schema/parts.ts'
import { parsedValue } from '../src/schema/testing.ts'
import { type RegistrationSettings, webhookConfigurations } from './registration.ts'

const SETTINGS: RegistrationSettings = {
  address: { kind: 'service', namespace: 'sluice-system', name: 'sluice' },
  trust: { kind: 'bundle', ca: 'PEM' },
  exempt: SYSTEM_NAMESPACES,
  match: 'gpu',
  validateFailurePolicy: 'Fail',
  self: 'system:serviceaccount:sluice-system:sluice',
}
const SHIPPED = podConditions(parsedValue(loadCluster(undefined)))

function webhooksOf(
  settings: Partial<RegistrationSettings> = {},
  conditions: PodConditions = SHIPPED,
): ReadonlyMap<string, JsonValue> {
  const { mutating, validating } = webhookConfigurations({ ...SETTINGS, ...settings }, conditions)
  return new Map(
    [mutating, validating].flatMap(listOf).map(webhook => [textAt(webhook, 'name') ?? '', webhook] as const),
  )
}

function listOf(configuration: JsonObject): readonly JsonValue[] {
  const webhooks = fieldAt(configuration, 'webhooks')
  assert.ok(isList(webhooks))
  return webhooks
}

function conditionNames(webhook: JsonValue | undefined): readonly (string | undefined)[] {
  const conditions = fieldAt(webhook, 'matchConditions')
  return isList(conditions) ? conditions.map(condition => textAt(condition, 'name')) : []
}

test('only what concerns GPU pods may block', () => {
  const policies = [...webhooksOf()].map(([name, webhook]) => [name, textAt(webhook, 'failurePolicy')])
  assert.deepEqual(Object.fromEntries(policies), {
    'pods.mutate.sluice.dev': 'Ignore',
    'gpu-pods.validate.sluice.dev': 'Fail',
    'other-pods.validate.sluice.dev': 'Ignore',
    'objects.validate.sluice.dev': 'Fail',
    'deletions.validate.sluice.dev': 'Ignore',
    'workloads.advise.sluice.dev': 'Ignore',
  })
  const lenient = webhooksOf({ validateFailurePolicy: 'Ignore' })
  assert.equal(textAt(lenient.get('gpu-pods.validate.sluice.dev'), 'failurePolicy'), 'Ignore')
  assert.equal(textAt(lenient.get('objects.validate.sluice.dev'), 'failurePolicy'), 'Fail')
})

test('no webhook reaches an exempt namespace', () => {
  for (const [name, webhook] of webhooksOf({ exempt: [...SYSTEM_NAMESPACES, 'more'] })) {
    const expressions = fieldAt(webhook, 'namespaceSelector', 'matchExpressions')
    const values = [...SYSTEM_NAMESPACES, 'more'].toSorted()
    assert.deepEqual(expressions, [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values }], name)
  }
})

test('a webhook that could be about nothing is left out, and one about everything has no condition', () => {
  const plain = podConditions(clusterWith())
  assert.equal(webhooksOf({}, plain).has('other-pods.validate.sluice.dev'), false)
  const all = webhooksOf({ match: 'all' }, plain)
  assert.deepEqual(conditionNames(all.get('pods.mutate.sluice.dev')), [])
  // Nobody is asked about twice, and only GPU pods wait.
  assert.deepEqual(conditionNames(all.get('other-pods.validate.sluice.dev')), ['uses-no-accelerators'])
  assert.deepEqual(conditionNames(all.get('gpu-pods.validate.sluice.dev')), [
    'creates-or-changes-what-is-owned',
    'not-updated-by-sluice',
    'may-use-accelerators',
  ])
})

test('every condition compiles, and there are at most 64', () => {
  for (const [name, webhook] of [...webhooksOf(), ...webhooksOf({ match: 'all' })]) {
    const conditions = fieldAt(webhook, 'matchConditions') ?? []
    assert.ok(isList(conditions) && conditions.length <= 64, name)
    for (const condition of conditions) {
      const expression = textAt(condition, 'expression') ?? ''
      parsedValue(compileExpression({ expression, resultType: 'bool', place: name, maxLength: 100_000 }))
    }
  }
})

test('the API server is sent to the service, or to a URL, and told whom to believe or who will tell it', () => {
  const clientConfig = (settings: Partial<RegistrationSettings>) =>
    fieldAt(webhooksOf(settings).get('pods.mutate.sluice.dev'), 'clientConfig')
  const service = { namespace: 'sluice-system', name: 'sluice', path: '/mutate/pods', port: 443 }
  assert.deepEqual(clientConfig({}), { service, caBundle: Buffer.from('PEM').toString('base64') })
  assert.deepEqual(clientConfig({ trust: { kind: 'cert-manager', certificate: 'a/b' } }), { service })
  assert.deepEqual(clientConfig({ address: { kind: 'url', base: 'https://127.0.0.1:8443/' } }), {
    url: 'https://127.0.0.1:8443/mutate/pods',
    caBundle: Buffer.from('PEM').toString('base64'),
  })
  const { validating } = webhookConfigurations(
    { ...SETTINGS, trust: { kind: 'cert-manager', certificate: 'a/b' } },
    SHIPPED,
  )
  assert.equal(textAt(validating, 'metadata', 'annotations', 'cert-manager.io/inject-ca-from'), 'a/b')
})
