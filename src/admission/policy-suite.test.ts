import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../schema/parts.ts'
import { type PolicyCase, parsePolicySuite } from '../schema/policy-suite.ts'
import { parsedValue, written } from '../schema/testing.ts'
import { runSuite } from './policy-suite.ts'
import { CLASSES, placed } from './testing.ts'

const POLICY = written('GpuPolicy', 'p', {
  inject: { env: [{ name: 'A', value: '1' }], labels: [{ key: 'tier', expression: 'sluice.tier' }] },
  validate: [
    {
      code: 'SLU-P900',
      field: 'spec.hostNetwork',
      expression: '!object.spec.?hostNetwork.orValue(false)',
      message: 'uses the network of the host',
    },
    {
      code: 'SLU-P901',
      mode: 'Warn',
      expression: '!object.spec.?hostPID.orValue(false)',
      message: 'sees the processes of the host',
    },
  ],
})

const GPU = [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': 1 } } }]
const GOOD: JsonObject = { spec: { containers: GPU } }
const HOST: JsonObject = { spec: { containers: GPU, hostNetwork: true, hostPID: true } }

/** What one case comes to, with the policy above under test. */
function problems(testCase: JsonObject, objects: readonly JsonObject[] = [POLICY], underTest = ['p']) {
  const suite = parsedValue(
    parsePolicySuite({ cases: [{ name: 'case', pod: GOOD, want: {}, ...testCase } as unknown as PolicyCase] }),
  )
  const [result] = runSuite(suite, new Set(underTest), [placed(CLASSES), placed(objects)])
  return result?.problems ?? ['no result']
}

test('every wish passes where it is fulfilled', () => {
  const cases: readonly JsonObject[] = [
    {},
    {
      want: {
        verdict: 'allowed',
        pod: { spec: { containers: [{ env: [{ name: 'A' }] }] } },
        absent: ['spec.tolerations'],
        warnings: [],
      },
    },
    { tier: 'burst', want: { pod: { metadata: { labels: { tier: 'burst' } } } } },
    {
      pod: { spec: { containers: [{ name: 'cpu' }] } },
      want: { unchanged: true, absent: ['metadata.labels["a.b/c"]', 'spec.containers[0].env'] },
    },
    {
      pod: HOST,
      want: {
        verdict: 'denied',
        denials: [{ code: 'SLU-P900', field: 'spec.hostNetwork', message: 'network' }],
        warnings: ['[SLU-P901] sees'],
      },
    },
  ]
  for (const testCase of cases) assert.deepEqual(problems(testCase), [], JSON.stringify(testCase))
})

test('every wish fails where it is not', () => {
  const cases: readonly { readonly name: string; readonly testCase: JsonObject; readonly want: RegExp }[] = [
    { name: 'allowed', testCase: { pod: HOST }, want: /^denied: \[SLU-P900\] uses the network of the host$/ },
    { name: 'denied', testCase: { want: { verdict: 'denied' } }, want: /^allowed: $/ },
    { name: 'unchanged', testCase: { want: { unchanged: true } }, want: /^2 patch operations, wanted none$/ },
    {
      name: 'pod',
      testCase: { want: { pod: { metadata: { labels: { tier: 'burst' } } } } },
      want: /^metadata\.labels\.tier: wanted "burst", found "reserved"$/,
    },
    {
      name: 'absent',
      testCase: { want: { absent: ['spec.containers[0].env[0].value'] } },
      want: /^spec\.containers\[0\]\.env\[0\]\.value is there$/,
    },
    {
      name: 'absent, with a quoted key',
      testCase: { want: { absent: ['metadata.labels["tier"]'] } },
      want: /is there$/,
    },
    {
      name: 'the code of a denial',
      testCase: { pod: HOST, want: { verdict: 'denied', denials: [{ code: 'SLU-P901' }] } },
      want: /^no denial is \{"code":"SLU-P901"\}; found /,
    },
    {
      name: 'the field of a denial',
      testCase: { pod: HOST, want: { verdict: 'denied', denials: [{ field: 'spec' }] } },
      want: /^no denial is /,
    },
    {
      name: 'the message of a denial',
      testCase: { pod: HOST, want: { verdict: 'denied', denials: [{ message: 'GPU' }] } },
      want: /^no denial is /,
    },
    { name: 'a warning', testCase: { want: { warnings: ['sees'] } }, want: /^no warning contains "sees"; found \[\]$/ },
    { name: 'no warning', testCase: { pod: HOST, want: { verdict: 'denied', warnings: [] } }, want: /SLU-P901/ },
    { name: 'a pod that can be read', testCase: { pod: { spec: {} } }, want: /^spec: field "containers" is missing$/ },
    {
      name: 'a pod that can be counted',
      testCase: { pod: { spec: { containers: [{ name: 'a', resources: { limits: { 'nvidia.com/gpu': 'x' } } }] } } },
      want: /is not a quantity/,
    },
  ]
  for (const { name, testCase, want } of cases) {
    const found = problems(testCase)
    assert.ok(
      found.some(problem => want.test(problem)),
      `${name}: ${found.join('\n')}`,
    )
  }
})

test('an expression that fails is a problem of the case', () => {
  const broken = written('GpuPolicy', 'p', { inject: { labels: [{ key: 'a', expression: 'object.spec.absent' }] } })
  assert.match(problems({}, [broken])[0] ?? '', /^p: 1:\d+: no such key: absent$/)
})

test('a second pass that is not empty is a problem of the case', () => {
  // Each pass sees the label of the one before: what CEL reads cannot be checked at load.
  const growing = written('GpuPolicy', 'p', {
    inject: {
      annotations: [{ key: 'n', when: 'enforce', expression: "object.metadata.?annotations[?'n'].orValue('') + 'x'" }],
    },
  })
  assert.match(problems({}, [growing])[0] ?? '', /^a second pass is not empty: /)
})

test('other policies and quotas play no part, and documents of the case do', () => {
  const other = written('GpuPolicy', 'other', { validate: [{ expression: 'false' }] })
  const tenant = written('TenantQuota', 't', { cohort: 'nowhere', classes: [] })
  assert.deepEqual(problems({}, [POLICY, other, tenant]), [])
  const policy = written('GpuPolicy', 'p', {
    inject: { priorityClass: { byTier: [{ tier: 'shared', name: 'mine' }] } },
  })
  const priorityClass = {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'mine' },
    value: 1,
  }
  const wanted = { tier: 'shared', want: { pod: { spec: { priorityClassName: 'mine' } } } }
  assert.equal(problems(wanted, [policy]).length, 1)
  assert.deepEqual(problems({ ...wanted, documents: [priorityClass] }, [policy]), [])
})

test('a case says where its pod is, of what gang, and on which nodes', () => {
  const policy = written('GpuPolicy', 'p', {
    validate: [
      {
        expression:
          "sluice.tenant == 'x' && sluice.gang.size == 4 && namespaceObject.metadata.labels.env == 'prod' && request.operation == 'UPDATE'",
      },
    ],
    match: { operations: ['UPDATE'], namespaces: ['x'] },
  })
  const gang = { metadata: { labels: { 'jobset.sigs.k8s.io/jobset-name': 'j' } }, ...GOOD }
  assert.deepEqual(
    problems({ pod: gang, namespace: 'x', namespaceLabels: { env: 'prod' }, gangSize: 4, operation: 'UPDATE' }, [
      policy,
    ]),
    [],
  )
})

test('a policy that is not there, or does not compile, is told in every case', () => {
  assert.deepEqual(problems({}, [POLICY], ['p', 'q']), ['no GpuPolicy is named q'])
  assert.match(
    problems({}, [written('GpuPolicy', 'p', { validate: [{ expression: '!' }] })])[0] ?? '',
    /^GpuPolicy p: spec\.validate\[0\]\.expression 1:2/,
  )
})
