/** The typed variables: what expressions see of a review and of Sluice's own knowledge. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SluiceFacts } from './sluice.ts'
import { tryExpression } from './try-expression.ts'

const request = {
  uid: 'b8',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  resource: { group: '', version: 'v1', resource: 'pods' },
  namespace: 'team-a',
  operation: 'CREATE',
  userInfo: {
    username: 'system:serviceaccount:kube-system:job-controller',
    groups: ['system:authenticated'],
    extra: { 'authentication.kubernetes.io/pod-name': ['a'] },
  },
  dryRun: false,
  options: { fieldManager: 'kubectl' },
  object: { secret: true },
}

const sluice: SluiceFacts = {
  tenant: 'team-a',
  tier: 'burst',
  demand: new Map([['h100', 8_000n]]),
  effective: new Map([['nvidia.com/gpu', 8n]]),
  gpus: 8_000n,
  classes: ['h100'],
  vendors: ['nvidia.com'],
  instanceTypes: ['p5.48xlarge'],
  accelerated: ['main'],
  workload: { kind: 'Job', name: 'train', role: 'worker' },
  gang: { id: 'train', size: 4n },
}

test('request has the fields of an AdmissionRequest', () => {
  const cases = [
    "request.operation == 'CREATE' && request.namespace == 'team-a'",
    "request.kind.kind == 'Pod' && request.resource.resource == 'pods'",
    "request.userInfo.groups.exists(g, g == 'system:authenticated')",
    "request.userInfo.extra['authentication.kubernetes.io/pod-name'][0] == 'a'",
    "request.options.fieldManager == 'kubectl' && !request.dryRun",
    '!has(request.subResource) && has(request.kind) && !has(request.userInfo.uid)',
    "request.?name.orValue('generated') == 'generated'",
    "request.userInfo.username.startsWith('system:serviceaccount:kube-system:')",
  ]
  for (const expression of cases) assert.deepEqual(tryExpression(expression, { request }), { value: true }, expression)
  assert.deepEqual(tryExpression('request.name', { request }), { fails: '1:9: no such key: name' })
})

test('the objects and the uid of a request are not in it', () => {
  for (const field of ['object', 'oldObject', 'uid']) {
    assert.deepEqual(tryExpression(`request.${field}`, { request }), { refused: `here 1:9: No such key: ${field}` })
  }
})

test('a field of a type it cannot have is absent, so that what was checked is what is there', () => {
  const forged = {
    operation: 1,
    kind: 'Pod',
    userInfo: { groups: ['a', 1], extra: { a: 'b' }, username: null },
    dryRun: 'no',
  }
  const expression =
    '[has(request.operation), has(request.kind), has(request.dryRun), has(request.userInfo.groups), has(request.userInfo.extra), has(request.userInfo.username)]'
  assert.deepEqual(tryExpression(expression, { request: forged }), { value: Array(6).fill(false) })
  assert.deepEqual(tryExpression('has(request.operation)', { request: null }), { value: false })
})

test('sluice knows tenant, demand, workload and gang', () => {
  const cases = [
    "sluice.tenant == 'team-a' && sluice.tier == 'burst'",
    "sluice.demand['h100'] == 8000 && sluice.demand[?'a100'].orValue(0) == 0",
    "sluice.effective['nvidia.com/gpu'] * 1000 == sluice.gpus",
    "'h100' in sluice.classes && sluice.vendors.size() == 1 && sluice.demand.all(k, v, v <= 8000)",
    "sluice.workload.kind == 'Job' && sluice.workload.role == 'worker'",
    'sluice.gang.size == 4 && sluice.gang.id != ""',
  ]
  for (const expression of cases) assert.deepEqual(tryExpression(expression, { sluice }), { value: true }, expression)
})

test('params and namespaceObject are whatever they are', () => {
  const expression = "params.max >= 8 && namespaceObject == null && oldObject == null && params.?nope.orValue('') == ''"
  assert.deepEqual(tryExpression(expression, { params: { max: 8 } }), { value: true })
})
