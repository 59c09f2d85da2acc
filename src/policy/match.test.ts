import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../schema/parts.ts'
import { policyOf } from '../schema/testing.ts'
import { matches, mismatchOf } from './match.ts'
import { type Given, gpuPod, subjectOf } from './testing.ts'

const CPU_POD = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main' }] } }
const GPU_POD = gpuPod({}, { labels: { app: 'train' } })
const WORKER = gpuPod(
  {},
  {
    labels: {
      'training.kubeflow.org/job-name': 'llama',
      'training.kubeflow.org/replica-type': 'worker',
      'training.kubeflow.org/operator-name': 'pytorchjob-controller',
    },
    ownerReferences: [{ apiVersion: 'kubeflow.org/v1', kind: 'PyTorchJob', name: 'llama', controller: true }],
  },
)

interface Case {
  readonly name: string
  readonly match: JsonObject
  readonly pod?: JsonObject
  readonly given?: Given
  /** The field that does not hold; undefined where all do. */
  readonly want: string | undefined
}

const CASES: readonly Case[] = [
  { name: 'a policy is about pods with accelerators', match: {}, want: undefined },
  { name: 'and not about others', match: {}, pod: CPU_POD, want: 'match.accelerators' },
  { name: 'Absent is about the others', match: { accelerators: 'Absent' }, pod: CPU_POD, want: undefined },
  { name: 'and not about pods with them', match: { accelerators: 'Absent' }, want: 'match.accelerators' },
  { name: 'Any is about pods with', match: { accelerators: 'Any' }, want: undefined },
  { name: 'and pods without', match: { accelerators: 'Any' }, pod: CPU_POD, want: undefined },
  { name: 'a tier', match: { tiers: ['burst'] }, given: { tier: 'burst' }, want: undefined },
  { name: 'another tier', match: { tiers: ['burst'] }, given: { tier: 'shared' }, want: 'match.tiers' },
  { name: 'no tier', match: { tiers: ['burst'] }, want: 'match.tiers' },
  { name: 'an update', match: {}, given: { operation: 'UPDATE' }, want: 'match.operations' },
  {
    name: 'an update that is asked for',
    match: { operations: ['UPDATE'] },
    given: { operation: 'UPDATE' },
    want: undefined,
  },
  { name: 'a namespace', match: { namespaces: ['team-a'] }, want: undefined },
  { name: 'another namespace', match: { namespaces: ['team-b'] }, want: 'match.namespaces' },
  { name: 'no namespace at all', match: { namespaces: [] }, want: 'match.namespaces' },
  { name: 'an excluded namespace', match: { excludedNamespaces: ['team-a'] }, want: 'match.excludedNamespaces' },
  { name: 'one of several', match: { multiPod: true }, pod: WORKER, given: { gangSize: 4 }, want: undefined },
  {
    name: 'one of several, where a lone one is meant',
    match: { multiPod: false },
    pod: WORKER,
    given: { gangSize: 4 },
    want: 'match.multiPod',
  },
  {
    name: 'nobody knows whether there are several',
    match: { multiPod: false },
    pod: gpuPod({}, { labels: { 'leaderworkerset.sigs.k8s.io/name': 'x' } }),
    want: 'match.multiPod',
  },
  { name: 'a workload', match: { workloadKinds: ['PyTorchJob'] }, pod: WORKER, want: undefined },
  { name: 'another workload', match: { workloadKinds: ['MPIJob'] }, pod: WORKER, want: 'match.workloadKinds' },
  {
    name: 'an excluded workload',
    match: { excludedWorkloadKinds: ['PyTorchJob'] },
    pod: WORKER,
    want: 'match.excludedWorkloadKinds',
  },
  { name: 'a class', match: { classes: ['a100', 'h100'] }, want: undefined },
  { name: 'another class', match: { classes: ['a100'] }, want: 'match.classes' },
  {
    name: 'a class, of a pod without any',
    match: { accelerators: 'Any', classes: ['h100'] },
    pod: CPU_POD,
    want: 'match.classes',
  },
  { name: 'a vendor', match: { vendors: ['nvidia'] }, want: undefined },
  { name: 'another vendor', match: { vendors: ['amd'] }, want: 'match.vendors' },
  { name: 'labels of the pod', match: { objectSelector: { matchLabels: { app: 'train' } } }, want: undefined },
  { name: 'other labels', match: { objectSelector: { matchLabels: { app: 'serve' } } }, want: 'match.objectSelector' },
  {
    name: 'a pod without labels',
    match: { objectSelector: { matchLabels: { app: 'serve' } } },
    pod: gpuPod(),
    want: 'match.objectSelector',
  },
  {
    name: 'labels of the namespace',
    match: { namespaceSelector: { matchLabels: { env: 'prod' } } },
    given: { namespaceLabels: { env: 'prod' } },
    want: undefined,
  },
  {
    name: 'other labels of the namespace',
    match: { namespaceSelector: { matchLabels: { env: 'prod' } } },
    want: 'match.namespaceSelector',
  },
]

test('a policy is about a pod when every field holds, and names the one that does not', () => {
  for (const { name, match, pod = GPU_POD, given = {}, want } of CASES) {
    const { spec } = policyOf({ match })
    const subject = subjectOf(pod, given)
    assert.equal(mismatchOf(spec, subject), want, name)
    assert.equal(matches(spec, subject), want === undefined, name)
  }
})

test('every field of match has a case in which it does not hold', () => {
  const fields = CASES.flatMap(({ want }) => want ?? [])
  for (const field of Object.keys(policyOf({ match: everyField() }).spec.match ?? {})) {
    assert.ok(fields.includes(`match.${field}`), field)
  }
})

function everyField(): JsonObject {
  return Object.assign({}, ...CASES.map(({ match }) => match))
}

test('an exception reaches only the namespaces that it names', () => {
  const { spec } = policyOf({
    exceptions: [
      { namespaces: ['team-b'], reason: 'agreed' },
      { namespaces: ['team-a'], objectSelector: { matchLabels: { app: 'train' } }, reason: 'agreed' },
    ],
  })
  const cases = [
    { name: 'its namespace', pod: gpuPod(), given: { namespace: 'team-b' }, want: 'exceptions' },
    { name: 'its namespace and label', pod: GPU_POD, given: {}, want: 'exceptions' },
    { name: 'its namespace without the label', pod: gpuPod(), given: {}, want: undefined },
    { name: 'its label in another namespace', pod: GPU_POD, given: { namespace: 'team-c' }, want: undefined },
  ]
  for (const { name, pod, given, want } of cases) assert.equal(mismatchOf(spec, subjectOf(pod, given)), want, name)
})
