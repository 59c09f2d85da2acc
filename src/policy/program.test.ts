import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../schema/parts.ts'
import { parsedValue, policyOf } from '../schema/testing.ts'
import { activationOf, compileProgram } from './program.ts'
import { type Given, gpuPod, subjectOf } from './testing.ts'

function open(spec: JsonObject, pod = gpuPod(), given: Given = {}, isLate = () => false) {
  return parsedValue(compileProgram(policyOf(spec))).open(activationOf(subjectOf(pod, given)), isLate)
}

function holds(expression: string, pod?: JsonObject, given?: Given) {
  return open({ validate: [{ expression }] }, pod, given).rule(0)
}

test('expressions see what is known of the pod', () => {
  const worker = gpuPod(
    {},
    {
      labels: { 'jobset.sigs.k8s.io/jobset-name': 'train' },
      ownerReferences: [{ kind: 'Job', name: 'train-workers-0', controller: true }],
    },
  )
  const cases: readonly { readonly expression: string; readonly pod?: JsonObject; readonly given?: Given }[] = [
    { expression: "sluice.tenant == 't' && sluice.tier == 'burst'", given: { tier: 'burst' } },
    { expression: "sluice.tier == ''" },
    { expression: "sluice.demand == {'h100': 8000} && sluice.gpus == 8000" },
    { expression: "sluice.effective == {'nvidia.com/gpu': 8}" },
    { expression: "sluice.classes == ['h100'] && sluice.vendors == ['nvidia']" },
    { expression: "sluice.workload.kind == 'Pod' && sluice.gang.id == '' && sluice.gang.size == 0" },
    { expression: "sluice.workload.kind == 'JobSet' && sluice.workload.name == 'train'", pod: worker },
    { expression: 'sluice.gang.size == 4', pod: worker, given: { gangSize: 4 } },
    { expression: "request.operation == 'CREATE' && request.userInfo.username == 'someone'" },
    {
      expression: "namespaceObject.metadata.name == 'team-a' && namespaceObject.metadata.labels.env == 'prod'",
      given: { namespaceLabels: { env: 'prod' } },
    },
    { expression: 'oldObject == null && params == null' },
    { expression: "object.spec.containers[0].resources.limits['nvidia.com/gpu'] == '8'" },
  ]
  for (const { expression, pod, given } of cases)
    assert.deepEqual(holds(expression, pod, given), { ok: true, value: true }, expression)
})

test('a pod without accelerators has a demand of nothing', () => {
  const pod = { spec: { containers: [{ name: 'main' }] } }
  assert.deepEqual(
    holds('sluice.gpus == 0 && sluice.demand == {} && sluice.classes == [] && sluice.effective == {}', pod),
    {
      ok: true,
      value: true,
    },
  )
})

test('a variable is evaluated when it is first used, and then no more', () => {
  const costly = {
    name: 'costly',
    expression: '[1,2,3,4,5,6,7,8].map(a, [1,2,3,4,5,6,7,8].map(b, [1,2,3,4,5,6,7,8].map(c, a * b * c)))',
  }
  const broken = { name: 'broken', expression: 'object.spec.absent' }
  const looks = (expression: string) => {
    let count = 0
    const evaluation = open({ variables: [costly, broken], validate: [{ expression }] }, gpuPod(), {}, () => {
      count += 1
      return false
    })
    assert.deepEqual(evaluation.rule(0), { ok: true, value: true }, expression)
    return count
  }
  const [unused, once, thrice] = [
    looks('true'),
    looks('variables.costly.size() == 8'),
    looks('variables.costly.size() == 8 && variables.costly.size() == 8 && variables.costly.size() == 8'),
  ]
  assert.ok(once > unused, 'it is not evaluated where it is used')
  assert.equal(thrice, once)
})

test('a count is between none and a thousand', () => {
  const count = (expression: string) =>
    open({ inject: { devices: [{ resource: 'x/y', expression }] } }).count(expression)
  assert.deepEqual(count('0'), { ok: true, value: 0 })
  assert.deepEqual(count('1024'), { ok: true, value: 1024 })
  for (const expression of ['-1', '1025', '9223372036854775807']) assert.equal(count(expression).ok, false, expression)
})

test('what the policy does not hold is a bug to ask for', () => {
  const evaluation = open({ validate: [{ expression: 'true' }] })
  assert.throws(() => evaluation.rule(1), /has no rule 1/)
  assert.throws(() => evaluation.text("'x'"), /was not compiled/)
})
