import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIssue } from './parsed.ts'
import { parsePod } from './pod.ts'

const container = { name: 'main' }
const pod = (spec: object, metadata: object = {}) => ({ metadata, spec: { containers: [container], ...spec } })

test('what a newer Kubernetes adds makes no pod unreadable', () => {
  const future = { futureField: [{ deep: null }] }
  const value = {
    ...pod(
      {
        ...future,
        containers: [{ ...container, ...future, resources: { ...future }, env: [{ name: 'A', ...future }] }],
        affinity: { nodeAffinity: future, futureAffinity: {} },
      },
      future,
    ),
    status: {},
    ...future,
  }
  const result = parsePod(value)
  assert.ok(result.ok)
  assert.equal(result.value as unknown, value)
})

test('a field that is read has the type that Kubernetes gives it, or is named', () => {
  const cases: readonly { readonly name: string; readonly value: unknown; readonly want: string }[] = [
    { name: 'no spec', value: { metadata: {} }, want: '(document): field "spec" is missing' },
    { name: 'no containers', value: { metadata: {}, spec: {} }, want: 'spec: field "containers" is missing' },
    {
      name: 'an empty list of them',
      value: pod({ containers: [] }),
      want: 'spec.containers: must NOT have fewer than 1 items',
    },
    {
      name: 'a container without a name',
      value: pod({ containers: [{}] }),
      want: 'spec.containers[0]: field "name" is missing',
    },
    {
      name: 'a label that is a number',
      value: pod({}, { labels: { a: 1 } }),
      want: 'metadata.labels.a: must be of type string, not number',
    },
    {
      name: 'a value that is a number',
      value: pod({ containers: [{ ...container, env: [{ name: 'A', value: 1 }] }] }),
      want: 'spec.containers[0].env[0].value: must be of type string, not number',
    },
    {
      name: 'an affinity that is a text',
      value: pod({ affinity: { podAffinity: 'zone' } }),
      want: 'spec.affinity.podAffinity: must be of type object, not string',
    },
    {
      name: 'a preference that is a text',
      value: pod({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: ['x'] } } }),
      want: 'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0]: must be of type object, not string',
    },
    {
      name: 'volumes that are none',
      value: pod({ volumes: {} }),
      want: 'spec.volumes: must be of type array, not object',
    },
  ]
  for (const { name, value, want } of cases) {
    const result = parsePod(value)
    assert.deepEqual(result.ok ? [] : result.issues.map(formatIssue), [want], name)
  }
})

test('quantities stay as they came: their own parser says what is wrong with them', () => {
  const amounts = { 'nvidia.com/gpu': 8, memory: '64Gi', broken: { a: 1 } }
  assert.ok(
    parsePod(
      pod({ containers: [{ ...container, resources: { limits: amounts, requests: amounts } }], overhead: amounts }),
    ).ok,
  )
})
