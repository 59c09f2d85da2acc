/** The leader's counting and its GpuUsages on a real API server; there are no webhooks, so what is charged the test charges itself. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { exemptNamespaces } from '../../src/admission/exempt.ts'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import { clusterWith } from '../../src/admission/testing.ts'
import { STEADY_CLOCK, SYSTEM_CLOCK, timerOn } from '../../src/cli/time.ts'
import { type CountingDeps, startCounting } from '../../src/controller/counting/recount.ts'
import { usageObjects } from '../../src/controller/reports/usage-objects.ts'
import { apiServer } from '../../src/kubernetes/api-server.ts'
import { connect } from '../../src/kubernetes/connect.ts'
import { following } from '../../src/kubernetes/follow.ts'
import { ledgerObjects } from '../../src/kubernetes/ledger-objects.ts'
import { openLine } from '../../src/kubernetes/line.ts'
import { amounts } from '../../src/quota/testing.ts'
import { textStore } from '../../src/quota/text-store.ts'
import { ledgerWriter } from '../../src/quota/writer.ts'
import type { JsonObject, Tier } from '../../src/schema/parts.ts'
import { parsedValue, written } from '../../src/schema/testing.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { installCrds } from './support/crds.ts'
import { eventually } from './support/eventually.ts'
import { heldIn, ledgerIn } from './support/ledger.ts'
import { podFor } from './support/pods.ts'

const TREE = 'research'
/** Shorter than the API server's request timeout allows in earnest: here nobody creates what was charged. */
const CHARGE_MS = 2_000
// The watch says how far it is when something happens, and by a bookmark once a minute.
const PATIENCE_MS = 150_000

function clusterInForce(moreOfB: readonly string[] = []) {
  return clusterWith(
    written('TenantQuota', 'b', {
      cohort: TREE,
      namespaces: ['team-b', ...moreOfB],
      classes: [{ class: 'h100', reserved: 4 }],
    }),
  )
}

async function startLeader(t: TestContext, plane: ControlPlane) {
  const timer = timerOn(SYSTEM_CLOCK)
  const steady = { clock: STEADY_CLOCK, timer: timerOn(STEADY_CLOCK) }
  const problems: string[] = []
  const log = {
    decision() {},
    event() {},
    problem: (message: string, cause?: unknown, context?: object) =>
      void problems.push(`${message} ${String(cause)} ${JSON.stringify(context)}`),
  }
  const access = parsedValue(await connect(plane.kubeconfig, { env: {}, clock: STEADY_CLOCK }))
  const line = openLine(access, { connections: 16 })
  const api = apiServer(line)
  const follow = following({ api, line, ...steady, random: () => 0.5, log })
  const ledgers = ledgerObjects({ api, follow, ...steady })
  let cluster = clusterInForce()
  const writer = ledgerWriter({
    id: 'test',
    store: textStore(ledgers),
    quotas: () => cluster.quotas,
    clock: SYSTEM_CLOCK,
    timer,
    pendingMs: CHARGE_MS,
    gangHoldMs: CHARGE_MS,
    maxCharges: 1_000,
    retryAfterMs: 1_000,
  })
  const drifts: number[] = []
  const shared = { cluster: () => cluster, api, follow, clock: SYSTEM_CLOCK, timer, log }
  const deps: CountingDeps = {
    ...shared,
    exempt: exemptNamespaces([]),
    writer,
    ledgers: ledgers.trees,
    steady: STEADY_CLOCK,
    observer: { drift: (_, milliGpus) => void drifts.push(Number(milliGpus)), pending() {}, recounted() {} },
    intervalMs: 250,
    createMs: CHARGE_MS,
  }
  let counting: { stop(): void } | undefined
  const usage = usageObjects({ ...shared, book: tree => writer.book(tree), denials: () => [] })
  t.after(() => {
    counting?.stop()
    usage.stop()
    ledgers.stop()
    line.close()
  })
  return {
    problems,
    drifts,
    begin(): void {
      counting = startCounting(deps)
    },
    stop: () => counting?.stop(),
    giveToB(...namespaces: readonly string[]): void {
      cluster = clusterInForce(namespaces)
    },
    charge(uid: string, tier: Tier, gpus: number) {
      const demand = amounts({ h100: gpus * 1000 })
      return writer.charge({ uid, tenant: 'a', namespace: 'team-a', tier, demand }, SYSTEM_CLOCK.now() + 10_000)
    },
  }
}

test('the leader counts the pods of a real API server', { skip: skipWithoutCluster }, async t => {
  const plane = await startControlPlane()
  t.after(() => plane.stop())
  await installCrds(plane)
  for (const name of ['team-a', 'team-b', 'team-x']) {
    await plane.api.must('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
  const leader = await startLeader(t, plane)
  const podsIn = (namespace: string) => `/api/v1/namespaces/${namespace}/pods`
  const pathTo = (pod: JsonObject) =>
    `${podsIn(textAt(pod, 'metadata', 'namespace') ?? '')}/${textAt(pod, 'metadata', 'name')}`
  const create = (namespace: string, gpus: number, metadata: JsonObject = {}) =>
    plane.api.must('POST', podsIn(namespace), podFor(gpus, { metadata }))
  const untilHeld = (want: Readonly<Record<string, number>>) =>
    eventually(
      `the ledger holds ${JSON.stringify(want)}`,
      async () => {
        const held = heldIn(await ledgerIn(plane, TREE))
        const isSame = JSON.stringify(Object.entries(held).sort()) === JSON.stringify(Object.entries(want).sort())
        return isSame ? true : undefined
      },
      { patienceMs: PATIENCE_MS, seen: () => leader.problems.join('\n') },
    )
  const chargesLeft = async () => (await ledgerIn(plane, TREE)).charges.size

  const charged = await create('team-a', 2)
  // In a tier that it would not be counted in by what it shows.
  assert.equal((await leader.charge(textAt(charged, 'metadata', 'uid') ?? '', 'burst', 2)).kind, 'charged')
  const labelled = await create('team-a', 3, { labels: { 'sluice.dev/tier': 'shared' } })
  const shown = await create('team-b', 1)

  await t.test('as they were charged, else as they are labelled, else where they fit', async () => {
    leader.begin()
    await untilHeld({ 'a/burst h100': 2_000, 'a/shared h100': 3_000, 'b/reserved h100': 1_000 })
    assert.equal(await chargesLeft(), 0)
  })

  await t.test('until they have ended, while their object remains', async () => {
    const ended = { status: { phase: 'Succeeded' } }
    await plane.api.must('PATCH', `${pathTo(labelled)}/status`, ended)
    await untilHeld({ 'a/burst h100': 2_000, 'b/reserved h100': 1_000 })
    assert.equal((await plane.api.call('GET', pathTo(labelled))).status, 200)
  })

  await t.test('until they are gone, not when they begin to go', async () => {
    const finalizers = ['example.com/wait']
    await plane.api.must('PATCH', pathTo(charged), { metadata: { finalizers } })
    await plane.api.must('DELETE', `${pathTo(charged)}?gracePeriodSeconds=0`)
    const marker = await create('team-b', 2)
    await untilHeld({ 'a/burst h100': 2_000, 'b/reserved h100': 3_000 })
    await plane.api.must('PATCH', pathTo(charged), { metadata: { finalizers: null } })
    await plane.api.must('DELETE', `${pathTo(marker)}?gracePeriodSeconds=0`)
    await untilHeld({ 'b/reserved h100': 1_000 })
  })

  await t.test('and shows tenants what they use, in their namespaces', async () => {
    const path = '/apis/sluice.dev/v1alpha1/namespaces/team-b/gpuusages/usage'
    const rows = await eventually(
      'team-b has its window',
      async () => {
        const { body } = await plane.api.call('GET', path)
        const classes = fieldAt(body, 'status', 'classes')
        return fieldAt(classes?.[0 as keyof typeof classes], 'used') === 1 ? classes : undefined
      },
      { seen: () => leader.problems.join('\n') },
    )
    assert.deepEqual(rows, [{ class: 'h100', tier: 'reserved', used: 1, limit: 4, available: 3 }])
    leader.giveToB('team-x')
    await eventually('team-x has a window as well', async () => {
      const { status } = await plane.api.call('GET', path.replace('team-b', 'team-x'))
      return status === 200 ? true : undefined
    })
    leader.giveToB()
    await eventually('team-x has none any more', async () => {
      const { status } = await plane.api.call('GET', path.replace('team-b', 'team-x'))
      return status === 404 ? true : undefined
    })
  })

  await t.test('and lets the charge of a pod lapse that never came', async () => {
    assert.equal((await leader.charge('never-created', 'burst', 4)).kind, 'charged')
    await untilHeld({ 'a/burst h100': 4_000, 'b/reserved h100': 1_000 })
    await untilHeld({ 'b/reserved h100': 1_000 })
    assert.equal(await chargesLeft(), 0)
  })

  await t.test('and a new leader begins with its own list', async () => {
    leader.stop()
    await plane.api.must('DELETE', `${pathTo(shown)}?gracePeriodSeconds=0`)
    await create('team-a', 1)
    leader.begin()
    await untilHeld({ 'a/reserved h100': 1_000 })
    assert.deepEqual(leader.problems, [])
  })
})
