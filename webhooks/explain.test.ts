import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exemptNamespaces } from '../src/admission/exempt.ts'
import { clusterWith } from '../src/admission/testing.ts'
import { openBooks } from '../src/quota/books.ts'
import { explainPods } from './explain.ts'

const CLUSTER = clusterWith()
const BOOKS = openBooks(CLUSTER.quotas, [])

function endpointAt(nowMs: () => number) {
  return explainPods({
    cluster: () => CLUSTER,
    exempt: exemptNamespaces([]),
    ledger: { book: tree => BOOKS.get(tree) },
    clock: { now: nowMs },
  })
}

const LOG = { decision() {}, event() {}, problem() {} }
const CALL = { query: '', deadlineMs: 1_000, timeoutMs: 1_000, isPeer: false, log: LOG }

const JOB = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'train', namespace: 'team-a' },
  spec: {
    parallelism: 8,
    completions: 8,
    template: { spec: { containers: [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': '1' } } }] } },
  },
}

async function firstExplained(nowMs: () => number) {
  const { status, body } = await endpointAt(nowMs).answer(JOB, CALL)
  assert.equal(status, 200)
  const [one] = Reflect.get(body, 'explained')
  return [one.verdict, one.pods.admitted, one.denials.map(({ code }: { readonly code: string }) => code)]
}

test('an explanation in time judges every pod', async () => {
  assert.deepEqual(await firstExplained(() => 999), ['allowed', 8, []])
})

test('an explanation that runs out of time stops at the pod it has come to', async () => {
  // The policies look at the clock as well, so time passes by looks; it is up long before the eighth pod.
  let looks = 0
  const [verdict, admitted, codes] = await firstExplained(() => 997 + looks++)
  assert.deepEqual([verdict, codes], ['denied', ['SLU-Q230']])
  assert.ok(admitted >= 1 && admitted < 8, `${admitted} pods`)
})

test('more questions at once than are answered are told to come back, and later ones are answered', async () => {
  const endpoint = endpointAt(() => 0)
  const answers = await Promise.all(Array.from({ length: 5 }, () => endpoint.answer(JOB, CALL)))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 200, 429],
  )
  assert.equal((await endpoint.answer(JOB, CALL)).status, 200)
  // A question that is wrong takes no place either.
  for (let times = 0; times < 5; times += 1) assert.equal((await endpoint.answer(42, CALL)).status, 400)
})

test('reviews that wait are answered between two pods', async () => {
  const turns: string[] = []
  const answered = Promise.resolve(endpointAt(() => 0).answer(JOB, CALL)).then(() => turns.push('explained'))
  setImmediate(() => turns.push('review'))
  await answered
  assert.deepEqual(turns, ['review', 'explained'])
})
