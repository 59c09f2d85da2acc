/** Lent capacity comes back on a real API server, whichever leader dies in the middle. Kubelets and controllers are played by the test. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { textAt } from '../../src/admission/objects.ts'
import { entries } from '../../src/quota/persistent-map.ts'
import type { JsonObject, Tier } from '../../src/schema/parts.ts'
import { skipWithoutHelm } from '../chart/support/helm.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { chartsRights } from './support/chart-rights.ts'
import { podsIn, tierOf } from './support/counted.ts'
import { eventually } from './support/eventually.ts'
import { endLeaving, isLeaving, nameOf, pathOf, runOn } from './support/kubelet.ts'
import { startLab, TEAM_A, TEAM_B, TREE } from './support/lab.ts'
import { ledgerIn } from './support/ledger.ts'
import { addNode } from './support/nodes.ts'
import { podFor } from './support/pods.ts'
import type { Replica } from './support/replica.ts'

/** 16 H100: 2 reserved for one tenant and 4 for the other, and 10 for whoever borrows them; what is reserved and idle is lent too. */
const QUOTAS = `
apiVersion: sluice.dev/v1alpha1
kind: Cohort
metadata: {name: lab}
spec:
  classes: [{class: h100, capacity: {gpus: 16}, instanceTypes: [p5.48xlarge], burst: 10}]
  reclaim: {mode: 'On', noticeSeconds: 10, minimumRunSeconds: 0, claimSeconds: 300, marginPercent: 0}
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: team-a}
spec:
  namespaces: [team-a]
  cohort: lab
  classes: [{class: h100, reserved: 2, burst: {}}]
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: team-b}
spec:
  namespaces: [team-b]
  cohort: lab
  classes: [{class: h100, reserved: 4, burst: {}}]
`
const NODES = ['node-1', 'node-2'] as const
const DEADLINE = 'sluice.dev/reclaim-deadline'
// A lease of 15 s has to run out before another replica leads, and the first count of a leader follows a list.
const PATIENCE_MS = 60_000

/** What a replica has to say of the rebalancer. */
async function storyOf(replica: Replica): Promise<string> {
  const metrics = (await replica.metrics()).split('\n').filter(line => line.startsWith('sluice_rebalance'))
  const lines = replica.log().filter(({ webhook }) => webhook === undefined)
  return [replica.name, ...metrics, ...lines.slice(-20).map(line => JSON.stringify(line))].join('\n')
}

async function startReclaiming(t: TestContext) {
  // With the chart's rights, so that what they lack is found here.
  const rights = skipWithoutHelm ? {} : { grant: chartsRights }
  const lab = await startLab(t, { quotas: QUOTAS, replicas: 2, ...rights })
  const { api } = lab.cluster
  for (const node of NODES) await addNode(api, node, 8)

  /** A pod that names its tier; without one it gets the first that fits, and may be promoted. */
  const labelled = (gpus: number, tier: Tier | undefined, owner?: string): JsonObject => {
    const reference = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      name: owner ?? '',
      uid: `uid-of-${owner}`,
      controller: true,
    }
    const ownerReferences = owner === undefined ? {} : { ownerReferences: [reference] }
    const labels = tier === undefined ? { app: 'burst' } : { 'sluice.dev/tier': tier, app: tier }
    return podFor(gpus, { metadata: { labels, ...ownerReferences } })
  }
  const attempt = (namespace: string, pod: JsonObject) => api.call('POST', `/api/v1/namespaces/${namespace}/pods`, pod)
  const noticeOf = (pod: JsonObject) => textAt(pod, 'metadata', 'annotations', DEADLINE)
  const ofB = () => podsIn(lab.cluster, TEAM_B)

  return {
    lab,
    api,
    labelled,
    ofB,
    noticeOf,
    /** Whether it was admitted. A dry run would not be refused demand. */
    async isAdmitted(namespace: string, pod: JsonObject): Promise<boolean> {
      const { status, body } = await attempt(namespace, pod)
      assert.ok(status === 201 || status === 403, JSON.stringify(body))
      return status === 201
    },
    async run(
      namespace: string,
      gpus: number,
      tier: Tier | undefined,
      node: (typeof NODES)[number],
    ): Promise<JsonObject> {
      const pod = await lab.create(namespace, labelled(gpus, tier))
      await runOn(api, pod, node)
      return pod
    },
    async until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
      try {
        return await eventually(what, ask, { patienceMs: PATIENCE_MS })
      } catch (cause) {
        const told = await Promise.all(lab.sluice.replicas().map(storyOf))
        throw new Error(told.join('\n'), { cause })
      }
    },
    noticed: async () => (await ofB()).filter(pod => noticeOf(pod) !== undefined),
    leaving: async () => (await ofB()).filter(isLeaving),
    claims: async () => [...entries((await ledgerIn(lab.cluster, TREE)).claims)].map(([, claim]) => claim),
    async reasons(pod: JsonObject): Promise<readonly string[]> {
      const { items } = await api.must('GET', `/apis/events.k8s.io/v1/namespaces/${TEAM_B}/events`)
      return (Array.isArray(items) ? (items as readonly JsonObject[]) : [])
        .filter(event => textAt(event, 'regarding', 'name') === nameOf(pod))
        .map(event => textAt(event, 'reason') ?? '')
    },
    /** A budget over what team-b borrows, which allows so many disruptions: as the disruption controller says, of which there is none. */
    async keepBorrowers(): Promise<(disruptionsAllowed: number) => Promise<void>> {
      const path = `/apis/policy/v1/namespaces/${TEAM_B}/poddisruptionbudgets`
      const spec = { minAvailable: 1, selector: { matchLabels: { app: 'burst' } } }
      const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'kept' }, spec }
      await api.must('POST', path, budget)
      const allow = async (disruptionsAllowed: number) => {
        const health = { currentHealthy: 8, desiredHealthy: 8 - disruptionsAllowed, expectedPods: 8 }
        const status = { ...health, disruptionsAllowed, observedGeneration: 1 }
        await api.must('PATCH', `${path}/kept/status`, { status })
      }
      await allow(8)
      return allow
    },
    /** The leader's node goes away; another replica takes its place, and the other one leads. */
    async killLeader(): Promise<void> {
      const leader = await lab.sluice.leader()
      await lab.sluice.end(leader, 'SIGKILL')
      await lab.sluice.add()
    },
  }
}

test('what is lent comes back', { skip: skipWithoutCluster }, async t => {
  const cluster = await startReclaiming(t)
  const { api, lab, labelled, isAdmitted, run, until, noticed, leaving, noticeOf, claims, reasons } = cluster
  const anchor = await run(TEAM_B, 4, 'reserved', 'node-1')
  // The reserve of team-a among it, which is idle.
  for (const node of ['node-1', 'node-1', 'node-2', 'node-2', 'node-2', 'node-2'] as const)
    assert.equal(tierOf(await run(TEAM_B, 2, undefined, node)), 'burst')

  const [train, other] = [labelled(2, 'burst', 'train'), labelled(2, 'burst', 'other')]
  const allow = await cluster.keepBorrowers()

  /** Exactly one pod of team-b is told that it has to go. */
  const oneNoticed = () =>
    until('a borrower has notice', async () => {
      const pods = await noticed()
      assert.ok(pods.length <= 1, `${pods.map(nameOf)}`)
      return pods.find(pod => !isLeaving(pod))
    })
  const evicted = (pod: JsonObject) =>
    until('it is evicted', async () => (await leaving()).find(one => nameOf(one) === nameOf(pod)))

  await t.test('to the owner of a reserve, who is admitted at once and waits for a node', async () => {
    const owner = await lab.create(TEAM_A, labelled(2, 'reserved'))
    const victim = await oneNoticed()
    await until('its people are told', async () =>
      (await reasons(victim)).includes('ReclaimNotice') ? true : undefined,
    )
    assert.equal(await isAdmitted(TEAM_B, labelled(2, 'burst')), false)

    const leavingPod = await evicted(victim)
    assert.ok(
      Date.parse(textAt(leavingPod, 'metadata', 'deletionTimestamp') ?? '') > Date.parse(noticeOf(victim) ?? ''),
    )
    assert.deepEqual(await endLeaving(api, TEAM_B), [nameOf(victim)])
    await until('its room is in the ledger', async () =>
      (await lab.held())['team-b/burst h100'] === 10_000 ? true : undefined,
    )
    assert.equal(await isAdmitted(TEAM_B, labelled(2, 'burst')), false, 'the victim, created again')
    await runOn(api, owner, textAt(victim, 'spec', 'nodeName') ?? '')
    assert.deepEqual(await noticed(), [])
  })

  await t.test('to whom was refused below its share, across the ends of two leaders, and to nobody else', async () => {
    assert.equal(await isAdmitted(TEAM_A, train), false)
    const victim = await oneNoticed()
    assert.deepEqual(
      (await claims()).map(({ tenant, tier, heldFor }) => [tenant, tier, heldFor.kind]),
      [['team-a', 'burst', 'owner']],
    )

    await cluster.killLeader()
    const leavingPod = await evicted(victim)
    assert.equal(noticeOf(leavingPod), noticeOf(victim), 'the next leader goes by the notice that was given')
    assert.equal((await reasons(victim)).filter(reason => reason === 'ReclaimNotice').length, 1)
    await cluster.killLeader()

    assert.deepEqual(await endLeaving(api, TEAM_B), [nameOf(victim)])
    await until('its room is in the ledger', async () =>
      (await lab.held())['team-b/burst h100'] === 8_000 ? true : undefined,
    )
    assert.equal(await isAdmitted(TEAM_B, labelled(2, 'burst')), false, 'the victim, created again')
    assert.equal(await isAdmitted(TEAM_B, labelled(2, 'burst', 'train')), false, 'an owner of that name elsewhere')
    // Whose demand is the next need: from here on it is in the way.
    await allow(0)
    assert.equal(await isAdmitted(TEAM_A, other), false, 'another owner of the tenant')
    assert.equal(await isAdmitted(TEAM_A, train), true)
    assert.deepEqual(await claims(), [])
    assert.equal(await isAdmitted(TEAM_B, labelled(2, 'burst')), false, 'the room is used now')
  })

  await t.test('but not from those whom a PodDisruptionBudget keeps, until it lets one go', async () => {
    await until('nothing can be done', async () =>
      (await (await lab.sluice.leader()).metric('sluice_rebalance_unmet_needs{tree="lab",because="protected"}')) === 1
        ? true
        : undefined,
    )
    assert.deepEqual([await noticed(), await claims()], [[], []])

    await allow(1)
    const victim = await oneNoticed()
    await evicted(victim)
    await endLeaving(api, TEAM_B)
    await until('the owner is admitted', async () => ((await isAdmitted(TEAM_A, other)) ? true : undefined))
  })

  await t.test('and what a tenant borrows becomes its own when its reserve is free again', async () => {
    const promoted = async () =>
      (await cluster.ofB()).filter(pod => textAt(pod, 'metadata', 'annotations', 'sluice.dev/former-tier') === 'burst')
    await api.must('DELETE', `${pathOf(anchor)}?gracePeriodSeconds=0`)
    await until('its pods are moved', async () => ((await promoted()).length === 2 ? true : undefined))
    await until('their charges are moved', async () => {
      const { 'team-b/reserved h100': reserved, 'team-b/burst h100': burst } = await lab.held()
      return reserved === 4_000 && burst === 2_000 ? true : undefined
    })
    const pods = await promoted()
    assert.deepEqual(pods.map(tierOf), ['reserved', 'reserved'])
    assert.deepEqual([await claims(), await noticed()], [[], []])
    for (const pod of pods) assert.ok((await reasons(pod)).includes('Promoted'))
    // The pods of team-a that were admitted have never been given a node.
    assert.deepEqual(await lab.held(), await lab.heldByPods())
    const [pod] = pods
    const moved = await api.call('PATCH', pathOf(pod ?? {}), { metadata: { labels: { 'sluice.dev/tier': 'burst' } } })
    assert.match(textAt(moved.body, 'message') ?? '', /SLU-E120/)
  })

  await t.test('and nobody but Sluice gives or takes a notice', async () => {
    const [pod] = await cluster.ofB()
    const forged = await api.call('PATCH', pathOf(pod ?? {}), {
      metadata: { annotations: { [DEADLINE]: '2099-01-01T00:00:00Z' } },
    })
    assert.match(textAt(forged.body, 'message') ?? '', /SLU-E122/)
    const saved = { 'sluice.dev/last-checkpoint': new Date().toISOString() }
    assert.equal((await api.call('PATCH', pathOf(pod ?? {}), { metadata: { annotations: saved } })).status, 200)
  })
})
