import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { ledgerReader } from '../../quota/ledger-text.ts'
import { amounts, cohort, tenant } from '../../quota/testing.ts'
import { planOf } from '../../rebalance/plan-of.ts'
import { pod, refusal, snapshotOf } from '../../rebalance/plans.testing.ts'
import { parsedValue } from '../../schema/testing.ts'
import { unpacked } from './replay.testing.ts'
import { replayLines } from './replay.ts'

const ISSUES = [{ at: 'steps[0]', problem: 'evicts nobody' }]

function sceneOf(pods: number) {
  return snapshotOf({
    cohorts: [cohort('c', { a: { burst: pods } })],
    tenants: [tenant('t', 'c', { a: {} }), tenant('u', 'c', { a: {} })],
    pods: Array.from({ length: pods }, (_, index) => pod(`pod-${String(index).padStart(40, '0')}`, 't')),
    refused: [refusal('owner', 'u', { asks: { a: 1 } })],
    terms: { mode: 'On' },
  })
}

test('a plan is told with all that it was made from, in what JSON has', async () => {
  const snapshot = sceneOf(4)
  const plan = planOf(snapshot)
  assert.ok(plan.steps.length > 0)
  const told = unpacked(await replayLines(snapshot, plan, ISSUES))
  assert.deepEqual(told.issues, ['steps[0]: evicts nobody'])
  assert.deepEqual(
    told.snapshot.pods.map((one: { uid: string; amounts: unknown }) => one.uid),
    snapshot.pods.map(({ uid }) => uid),
  )
  assert.deepEqual(told.snapshot.pods[0].amounts, [['a', '1']])
  assert.equal(told.plan.steps.length, plan.steps.length)
  assert.deepEqual(parsedValue(ledgerReader().read(told.book.ledger)), snapshot.book.ledger)
  assert.deepEqual(
    told.book.nodes.map(({ name, parent }: { name: string; parent: string | null }) => [name, parent]),
    snapshot.book.quota.tree.nodes.map(({ name, parent }) => [name, parent?.name ?? null]),
  )
})

test('what is more than a line takes stands in several, with every pod', async () => {
  const scene = sceneOf(2_000)
  // Names of a cluster are not as much alike as those of tests are.
  const pods = scene.pods.map(one => ({ ...one, node: createHash('sha256').update(one.uid).digest('hex') }))
  const snapshot = { ...scene, pods }
  const plan = planOf(snapshot)
  const lines = await replayLines(snapshot, plan, ISSUES)
  assert.ok(lines.length > 1 && lines.every(({ length }) => length <= 100_000))
  const told = unpacked(lines)
  assert.deepEqual([told.snapshot.pods.length, told.snapshot.leftOut, told.snapshot.nowMs], [2_000, 0, snapshot.nowMs])
  assert.deepEqual(
    told.snapshot.pods.map(({ node }: { node: string }) => node),
    pods.map(({ node }) => node),
  )
})

test('where even that is too little, why the plan is wrong is told', async () => {
  const snapshot = sceneOf(4)
  const told = unpacked(await replayLines(snapshot, planOf(snapshot), ISSUES, 10))
  assert.deepEqual(told.issues, ['steps[0]: evicts nobody'])
  assert.ok(told.tooLong > 10)
})

test('where all pods are too many those that the plan names are told, and how many were left out', async () => {
  const snapshot = sceneOf(2_000)
  const plan = planOf(snapshot)
  const { pods, leftOut } = unpacked(await replayLines(snapshot, plan, ISSUES, 8_000)).snapshot
  assert.ok(pods.length > 0)
  assert.equal(pods.length + leftOut, 2_000)
})

test('a node of the tree is told by its name', async () => {
  const snapshot = sceneOf(1)
  const { root } = snapshot.book.quota.tree
  const need = {
    kind: 'excess',
    id: 'n',
    node: root,
    class: 'a',
    atMost: amounts({ a: 3 }).get('a') ?? assert.fail(),
  } as const
  const plan = {
    asOfMs: 0,
    steps: [],
    met: [],
    unmet: [{ need: { ...need, of: { kind: 'cohort', name: 'c' } as const }, because: 'nobody' as const }],
  }
  const [{ need: told }] = unpacked(await replayLines(snapshot, plan, ISSUES)).plan.unmet
  assert.deepEqual([told.node, told.atMost], [root.name, '3'])
})
