import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { GpuPolicyDocument } from '../schema/documents.ts'
import type { Issue } from '../schema/parsed.ts'
import type { JsonObject } from '../schema/parts.ts'
import { parsedValue, policyOf } from '../schema/testing.ts'
import { inject } from './inject/testing.ts'
import { compilePolicies, type PolicySet } from './policy-set.ts'
import { type Given, gpuPod, subjectOf } from './testing.ts'

function policiesOf(...documents: readonly GpuPolicyDocument[]): PolicySet {
  return parsedValue(compilePolicies(documents, new Set()))
}

/** What is wrong with policies of which something must be. */
function issuesOf(documents: readonly GpuPolicyDocument[], profiles: readonly string[] = []): readonly Issue[] {
  const result = compilePolicies(documents, new Set(profiles))
  assert.ok(!result.ok, 'the policies compile')
  return result.issues
}

const GOOD = 'true'
const BAD = 'object.spec.absent == 1'

function validate(specs: Readonly<Record<string, JsonObject>>, given: Given = {}, pod = gpuPod()) {
  const documents = Object.entries(specs).map(([name, spec]) => policyOf(spec, name))
  return policiesOf(...documents).validate(subjectOf(pod, given))
}

test('a policy that does not compile says where, with line and column', () => {
  const cases: readonly { readonly name: string; readonly spec: JsonObject; readonly want: string }[] = [
    {
      name: 'a condition',
      spec: { matchConditions: [{ name: 'c', expression: 'object.spec ==' }] },
      want: 'spec.matchConditions[0].expression 1:15',
    },
    {
      name: 'a variable',
      spec: { variables: [{ name: 'v', expression: '1 +\n  nothing' }] },
      want: 'spec.variables[0].expression 2:3',
    },
    {
      name: 'a rule of another type',
      spec: { validate: [{ expression: GOOD }, { expression: '1 + 1' }] },
      want: 'spec.validate[1].expression 1:1',
    },
    {
      name: 'a message of another type',
      spec: { validate: [{ expression: GOOD, messageExpression: '1' }] },
      want: 'spec.validate[0].messageExpression 1:1',
    },
    {
      name: 'a value of another type',
      spec: { inject: { env: [{ name: 'A', expression: '1' }] } },
      want: 'spec.inject.env[0].expression 1:1',
    },
    {
      name: 'a count of another type',
      spec: { inject: { devices: [{ resource: 'x/y', expression: "'1'" }] } },
      want: 'spec.inject.devices[0].expression 1:1',
    },
    {
      name: 'a size of another type',
      spec: { inject: { sharedMemory: { expression: '1' } } },
      want: 'spec.inject.sharedMemory.expression 1:1',
    },
  ]
  for (const { name, spec, want } of cases) {
    assert.deepEqual(
      issuesOf([policyOf(spec)]).map(({ at }) => at),
      [`GpuPolicy policy: ${want}`],
      name,
    )
  }
})

test('everything that is wrong with the policies is said at once', () => {
  const first = policyOf({ validate: [{ expression: '!' }], inject: { fabric: { profile: 'nowhere' } } }, 'a')
  const second = policyOf(
    {
      match: { objectSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
      exceptions: [
        { namespaces: ['n'], reason: 'r', objectSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
      ],
      inject: { env: [{ name: 'A' }] },
    },
    'b',
  )
  const issues = issuesOf([second, first], ['efa', 'ib'])
  assert.deepEqual(
    issues.map(({ at }) => at),
    [
      'GpuPolicy a: spec.validate[0].expression 1:2',
      'GpuPolicy b: spec.match.objectSelector.matchExpressions[0]',
      'GpuPolicy b: spec.exceptions[0].objectSelector.matchExpressions[0]',
      'GpuPolicy b: spec.inject.env[0]',
      'GpuPolicy a: spec.inject.fabric.profile',
    ],
  )
  assert.equal(issues.at(-1)?.remedy, 'define it, or use one of efa, ib')
})

test('a suspended policy is not even compiled', () => {
  const policies = policiesOf(
    policyOf({ suspend: true, validate: [{ expression: '!' }] }, 'b'),
    policyOf({ validate: [{ expression: 'false', code: 'SLU-P900' }] }, 'c'),
    policyOf({}, 'a'),
  )
  assert.deepEqual(policies.names, ['a', 'c'])
  assert.deepEqual(policies.codes, ['SLU-P900'])
  assert.equal(policies.validate(subjectOf(gpuPod())).findings.length, 1)
})

test('a broken rule is found with all that its author said, policies in the order of their names', () => {
  const { findings, problems } = validate({
    second: { mode: 'Warn', validate: [{ expression: 'false', message: 'no' }] },
    first: {
      validate: [
        { expression: GOOD, message: 'kept' },
        {
          expression: 'false',
          message: 'm',
          code: 'SLU-P900',
          reason: 'Forbidden',
          field: 'spec.x',
          fix: 'f',
          mode: 'Audit',
        },
        { expression: 'false' },
      ],
    },
  })
  assert.deepEqual(findings, [
    { policy: 'first', code: 'SLU-P900', mode: 'Audit', reason: 'Forbidden', field: 'spec.x', message: 'm', fix: 'f' },
    { policy: 'first', code: 'SLU-P100', mode: 'Enforce', reason: 'Invalid', message: 'failed rule: false' },
    { policy: 'second', code: 'SLU-P100', mode: 'Warn', reason: 'Invalid', message: 'no' },
  ])
  assert.deepEqual(problems, [])
})

test('a message is computed, and where it cannot be, the one that stands there serves', () => {
  const cases: readonly { readonly messageExpression: string; readonly want: string; readonly problems: number }[] = [
    { messageExpression: "'uses ' + string(sluice.gpus)", want: 'uses 8000', problems: 0 },
    { messageExpression: "' '", want: 'as written', problems: 0 },
    { messageExpression: 'object.spec.absent', want: 'as written', problems: 1 },
    { messageExpression: 'object.metadata.absent', want: 'as written', problems: 1 },
  ]
  for (const { messageExpression, want, problems: count } of cases) {
    const rule = { expression: 'false', message: 'as written', messageExpression }
    const { findings, problems } = validate({ p: { validate: [rule] } })
    assert.deepEqual(
      findings.map(({ message }) => message),
      [want],
      messageExpression,
    )
    assert.equal(problems.length, count, messageExpression)
  }
})

test('a rule that cannot be evaluated is a violation in its own mode, and others are judged on', () => {
  const { findings, problems } = validate({
    p: {
      validate: [
        { expression: BAD, message: 'never shown' },
        { expression: BAD, mode: 'Warn' },
        { expression: 'false', message: 'm' },
      ],
    },
  })
  assert.deepEqual(
    findings.map(({ code, mode, reason }) => [code, mode, reason]),
    [
      ['SLU-P101', 'Enforce', 'Forbidden'],
      ['SLU-P101', 'Warn', 'Forbidden'],
      ['SLU-P100', 'Enforce', 'Invalid'],
    ],
  )
  assert.equal(problems.length, 2)
  assert.match(problems[0]?.problem ?? '', /^1:13: /)
})

test('a condition that is false ends it; one that fails is a violation, and injects nothing', () => {
  const [good, bad, no] = [GOOD, BAD, 'false'].map((expression, index) => ({ name: `c${index}`, expression }))
  const rule = { expression: 'false', message: 'm' }
  const cases: readonly {
    readonly name: string
    readonly conditions: readonly (JsonObject | undefined)[]
    readonly codes: readonly string[]
    readonly injects: boolean
  }[] = [
    { name: 'all hold', conditions: [good], codes: ['SLU-P100'], injects: true },
    { name: 'one is false', conditions: [good, no], codes: [], injects: false },
    { name: 'one fails', conditions: [bad, good], codes: ['SLU-P101'], injects: false },
    { name: 'one fails and a later one is false', conditions: [bad, no], codes: [], injects: false },
    { name: 'one is false and a later one fails', conditions: [no, bad], codes: [], injects: false },
  ]
  for (const { name, conditions, codes, injects } of cases) {
    const matchConditions = conditions.map(condition => condition ?? {})
    const { findings, problems } = validate({ p: { matchConditions, validate: [rule] } })
    assert.deepEqual(
      findings.map(({ code }) => code),
      codes,
      name,
    )
    assert.equal(problems.length, codes.includes('SLU-P101') ? 1 : 0, name)

    const injected = inject(gpuPod(), [policyOf({ matchConditions, inject: { labels: [{ key: 'a', value: 'b' }] } })])
    assert.equal(injected.operations.length > 0, injects, name)
    assert.equal(injected.problems.length, codes.includes('SLU-P101') ? 1 : 0, name)
  }
})

test('conditions that cannot be evaluated do what the strictest of the rules would', () => {
  const matchConditions = [{ name: 'c', expression: BAD }]
  const cases = [
    { mode: 'Warn', rules: [{ expression: GOOD }], want: 'Warn' },
    { mode: 'Audit', rules: [{ expression: GOOD }, { expression: GOOD, mode: 'Warn' }], want: 'Warn' },
    { mode: 'Enforce', rules: [{ expression: GOOD, mode: 'Audit' }], want: 'Audit' },
    { mode: 'Warn', rules: [{ expression: GOOD, mode: 'Enforce' }], want: 'Enforce' },
  ]
  for (const { mode, rules, want } of cases) {
    const { findings } = validate({ p: { mode, matchConditions, validate: rules } })
    assert.deepEqual(
      findings.map(finding => finding.mode),
      [want],
      JSON.stringify(rules),
    )
  }
})

test('a policy that is not about the pod is not asked', () => {
  const { findings, problems } = validate({ p: { match: { tiers: ['burst'] }, validate: [{ expression: BAD }] } })
  assert.deepEqual([findings, problems], [[], []])
})

test('time that is up is a violation, not a pass', () => {
  const policies = policiesOf(
    policyOf({ validate: [{ expression: GOOD }], inject: { labels: [{ key: 'a', expression: "'b'" }] } }),
  )
  const { findings } = policies.validate(subjectOf(gpuPod()), () => () => true)
  assert.deepEqual(
    findings.map(({ code }) => code),
    ['SLU-P101'],
  )
})

test('where one entry of a policy fails the whole policy gives nothing, and other policies are as they were', () => {
  const containers = ['a', 'b', 'c'].map(name => ({ name, resources: { limits: { 'nvidia.com/gpu': 1 } } }))
  const env = [
    { name: 'BAD', expression: 'object.spec.absent' },
    { name: 'GOOD', expression: "'1'" },
  ]
  const other = policyOf({ inject: { labels: [{ key: 'whole', value: 'yes' }] } }, 'z')
  const { injections, problems, operations } = inject(gpuPod({ containers }), [policyOf({ inject: { env } }), other])
  assert.deepEqual(
    injections.map(({ what }) => what),
    ['label whole'],
  )
  assert.deepEqual(
    operations.map(({ path }) => path),
    ['/metadata/labels'],
  )
  assert.equal(problems.length, 1)
})

test('each policy says whether it is about a pod, and why not', () => {
  const specs = {
    a: {},
    b: { match: { tiers: ['burst'] } },
    c: { exceptions: [{ namespaces: ['team-a'], reason: 'agreed' }] },
    d: { matchConditions: [{ name: 'no', expression: 'false' }] },
    e: { matchConditions: [{ name: 'broken', expression: BAD }] },
  }
  const policies = policiesOf(...Object.entries(specs).map(([name, spec]) => policyOf(spec, name)))
  assert.deepEqual(
    policies.explain(subjectOf(gpuPod())).map(({ policy, isMatch, because }) => `${policy} ${isMatch}: ${because}`),
    [
      'a true: match and conditions hold',
      'b false: match.tiers does not hold',
      'c false: an exception covers the pod',
      'd false: condition no is false',
      'e false: a condition could not be evaluated: matchCondition broken: 1:13: no such key: absent',
    ],
  )
})
