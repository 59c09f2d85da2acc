/** What a real API server says of what the rebalancer asks of it. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import { STEADY_CLOCK, SYSTEM_CLOCK } from '../../src/cli/time.ts'
import { eventTeller } from '../../src/controller/rebalancing/events.ts'
import { pastEvictions } from '../../src/controller/rebalancing/past-evictions.ts'
import { type EndingPod, evictPod, patchPod } from '../../src/controller/rebalancing/pod-calls.ts'
import { apiServer } from '../../src/kubernetes/api-server.ts'
import { connect } from '../../src/kubernetes/connect.ts'
import { openLine } from '../../src/kubernetes/line.ts'
import { parsedValue } from '../../src/schema/testing.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { eventually } from './support/eventually.ts'
import { isLeaving, nameOf, pathOf, runOn } from './support/kubelet.ts'
import { podFor } from './support/pods.ts'

const NAMESPACE = 'team-a'

async function callsOf(t: TestContext, { kubeconfig }: ControlPlane) {
  const access = parsedValue(await connect(kubeconfig, { env: {}, clock: STEADY_CLOCK }))
  const line = openLine(access, { connections: 1 })
  t.after(() => line.close())
  return apiServer(line)
}

test('evictions, patches and events', { skip: skipWithoutCluster }, async t => {
  const plane = await startControlPlane()
  t.after(() => plane.stop())
  const { api } = plane
  await api.must('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } })
  const server = await callsOf(t, plane)
  const pod = await api.must(
    'POST',
    `/api/v1/namespaces/${NAMESPACE}/pods`,
    podFor(1, { metadata: { labels: { app: 'x' } } }),
  )
  await runOn(api, pod, 'node')
  const uid = textAt(pod, 'metadata', 'uid') ?? ''
  const named: EndingPod = { namespace: NAMESPACE, name: nameOf(pod), uid, graceSeconds: 30 }
  const another = { ...named, uid: '11111111-1111-1111-1111-111111111111' }
  const nobody = { ...named, name: 'nobody' }
  const outcomesOf = async (act: (one: EndingPod) => Promise<{ readonly kind: string }>) => [
    (await act(named)).kind,
    (await act(another)).kind,
    (await act(nobody)).kind,
  ]
  const isGoing = async () => isLeaving(await api.must('GET', pathOf(pod)))

  await t.test('a patch is for one pod, not for its name', async () => {
    const patch = async (one: EndingPod) => (await patchPod(server, one, { annotations: { told: 'so' } })).outcome
    assert.deepEqual(await outcomesOf(patch), ['done', 'stale', 'stale'])
    const { version } = await patchPod(server, named, { annotations: { told: null } })
    const now = await api.must('GET', pathOf(pod))
    assert.equal(`${version}`, textAt(now, 'metadata', 'resourceVersion'))
    assert.equal(textAt(now, 'metadata', 'annotations', 'told'), undefined)
  })

  await t.test('annotations that are full are told apart from a pod that is another', async () => {
    const fill = async (length: number) =>
      api.must('PATCH', pathOf(pod), { metadata: { annotations: { fill: length === 0 ? null : 'x'.repeat(length) } } })
    await fill(262_144 - 'fill'.length)
    const patch = (one: EndingPod) => patchPod(server, one, { annotations: { told: 'so' } })
    assert.equal((await patch(named)).isFull, true)
    assert.equal((await patch(another)).isFull, undefined)
    await fill(0)
  })

  await t.test('a budget that is spent is in the way, of a rehearsal too', async () => {
    const budgets = `/apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets`
    const spec = { minAvailable: 1, selector: { matchLabels: { app: 'x' } } }
    await api.must('POST', budgets, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b' },
      spec,
    })
    const status = {
      disruptionsAllowed: 0,
      currentHealthy: 1,
      desiredHealthy: 1,
      expectedPods: 1,
      observedGeneration: 1,
    }
    await api.must('PATCH', `${budgets}/b/status`, { status })
    for (const isRehearsal of [true, false]) {
      assert.equal((await evictPod(server, named, isRehearsal)).kind, 'blocked')
    }
    assert.equal(await isGoing(), false)
    await api.must('DELETE', `${budgets}/b`)
  })

  await t.test('a rehearsal changes nothing, and an eviction is for one pod', async () => {
    assert.deepEqual(await outcomesOf(one => evictPod(server, one, true)), ['done', 'stale', 'stale'])
    assert.equal(await isGoing(), false)
    assert.deepEqual(await outcomesOf(one => evictPod(server, one)), ['done', 'stale', 'stale'])
    assert.equal(await isGoing(), true)
    assert.equal((await evictPod(server, named)).kind, 'done', 'again')
  })

  await t.test('an eviction shortens the grace of a deletion that is under way', async () => {
    const slow = await api.must('POST', `/api/v1/namespaces/${NAMESPACE}/pods`, podFor(1))
    await runOn(api, slow, 'node')
    await api.must('DELETE', `${pathOf(slow)}?gracePeriodSeconds=31536000`)
    const graceOf = async () => fieldAt(await api.must('GET', pathOf(slow)), 'metadata', 'deletionGracePeriodSeconds')
    assert.equal(await graceOf(), 31_536_000)
    const one = { ...named, name: nameOf(slow), uid: textAt(slow, 'metadata', 'uid') ?? '' }
    assert.equal((await evictPod(server, { ...one, graceSeconds: 31_536_000 })).kind, 'done')
    assert.equal(await graceOf(), 600)
  })

  await t.test('the next leader reads from events who was evicted for fairness', async () => {
    const problems: string[] = []
    const log = { decision() {}, event() {}, problem: (message: string) => void problems.push(message) }
    const tell = eventTeller({ api: server, clock: SYSTEM_CLOCK, identity: 'leader', log })
    const regarding = { apiVersion: 'v1', kind: 'Pod', ...named }
    const told = { regarding, type: 'Warning', action: 'Evict', note: 'why', occasion: 'need' } as const
    await tell({ ...told, reason: 'ReclaimedForFairness' })
    await tell({ ...told, reason: 'ReclaimedForFairness' })
    await tell({ ...told, reason: 'Reclaimed', regarding: { ...regarding, uid: 'another' } })
    assert.deepEqual(problems, [])
    const past = pastEvictions({ api: server, clock: SYSTEM_CLOCK, log })
    past.begin()
    await eventually('events were read', () => past.isRead() || undefined)
    assert.deepEqual([...past.withinTheHour(() => 'a')], [['a', 1]])
  })
})
