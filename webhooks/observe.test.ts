import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Decision } from '../src/admission/endpoint.ts'
import { mutatePod } from '../src/admission/mutate.ts'
import { clusterWith, deskOf, reviewed } from '../src/admission/testing.ts'
import { validatePod } from '../src/admission/validate.ts'
import type { PolicyProblem } from '../src/policy/policy-set.ts'
import { gpuPod } from '../src/policy/testing.ts'
import { parsed } from '../src/schema/parsed.ts'
import { written } from '../src/schema/testing.ts'
import { decisionOf } from './observe.ts'

const cluster = clusterWith(
  written('GpuPolicy', 'labels', { inject: { labels: [{ key: 'a', value: 'b' }] } }),
  written('GpuPolicy', 'broken', { inject: { labels: [{ key: 'c', expression: 'object.spec.absent' }] } }),
  written('GpuPolicy', 'strict', {
    validate: [
      { expression: 'false', code: 'SLU-P900' },
      { expression: 'false', mode: 'Audit' },
    ],
  }),
)
const { request, pod } = reviewed(gpuPod({}, { generateName: 'worker-' }))
const review = { request: { ...request, dryRun: true }, pod: parsed(pod) }

/** What is told of one admission; how long it took is not asked for. */
function observed() {
  const told = { decisions: [] as Decision[], failed: [] as string[] }
  const log = {
    decision: (decision: Decision) => void told.decisions.push({ ...decision, durationMs: 0 }),
    event: () => {},
    problem: () => {},
  }
  const observer = {
    policyFailed: ({ policy, problem }: PolicyProblem) => void told.failed.push(`${policy}: ${problem}`),
  }
  const occasion = {
    deps: { observer },
    call: { query: '', deadlineMs: 0, timeoutMs: 0, isPeer: false, log },
    startedMs: 100,
  }
  return { told, occasion }
}

test('a mutation is one line, with the policies that injected; one that failed is told of', async () => {
  const { told, occasion } = observed()
  const mutation = mutatePod(request, pod, cluster, await deskOf(cluster))
  decisionOf('mutate', review, occasion)({ verdict: 'allowed', mutation })
  assert.deepEqual(told.decisions, [
    {
      webhook: 'mutate',
      verdict: 'allowed',
      uid: 'review',
      operation: 'CREATE',
      namespace: 'team-a',
      name: 'worker-*',
      kind: 'Pod',
      user: 'someone',
      tenant: 'a',
      tier: 'reserved',
      codes: [],
      policies: ['quota', 'labels'],
      demand: { h100: 8_000 },
      dryRun: true,
      patchOps: 2,
      durationMs: 0,
    },
  ])
  assert.match(told.failed.join(), /^broken: 1:\d+: no such key: absent$/)
})

test('a validation has the codes and policies of what it refuses and of what it only records', async () => {
  const { told, occasion } = observed()
  const validation = await validatePod(request, pod, cluster, await deskOf(cluster), { deadlineMs: 1, isPreview: true })
  decisionOf('validate', review, occasion)({ verdict: 'denied', validation })
  const [{ codes, policies, tier, patchOps } = { codes: [], policies: [] }] = told.decisions
  assert.deepEqual([codes, policies, tier, patchOps], [['SLU-P900', 'SLU-P100'], ['strict'], 'reserved', 0])
})

test('a pod that cannot be read is told by the review alone', () => {
  const { told, occasion } = observed()
  const unreadable = { request: { ...request, name: 'p' }, pod: { ok: false, issues: [] } } as const
  decisionOf('validate', unreadable, occasion)({ verdict: 'denied', codes: ['SLU-E101'] })
  const [{ name, kind, codes, demand } = { name: '', kind: '', codes: [], demand: {} }] = told.decisions
  assert.deepEqual([name, kind, codes, demand], ['p', '', ['SLU-E101'], {}])
})
