import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import { STEADY_CLOCK, SYSTEM_CLOCK, timerOn } from '../../src/cli/time.ts'
import type { Audience } from '../../src/controller/api-server.ts'
import { connect } from '../../src/kubernetes/connect.ts'
import { type Edge, openEdge } from '../../src/kubernetes/edge.ts'
import { electLeader } from '../../src/kubernetes/lease.ts'
import { ledgerObjects } from '../../src/kubernetes/ledger-objects.ts'
import { charges } from '../../src/quota/ledger.ts'
import { cohort, compiled, request, tenant } from '../../src/quota/testing.ts'
import { textStore } from '../../src/quota/text-store.ts'
import { type LedgerWriter, ledgerWriter } from '../../src/quota/writer.ts'
import { MemoryLog } from '../support/https.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { installCrds } from './support/crds.ts'
import { eventually } from './support/eventually.ts'

const TIME = { clock: STEADY_CLOCK, timer: timerOn(STEADY_CLOCK) }
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'
const PATIENCE_MS = 60_000

async function edgeOf(t: TestContext, { kubeconfig }: ControlPlane): Promise<Edge> {
  const access = await connect(kubeconfig, { env: {}, clock: TIME.clock })
  assert.ok(access.ok)
  const edge = openEdge(access.value, { ...TIME, random: Math.random, log: new MemoryLog() })
  t.after(() => edge.close())
  return edge
}

function namesOf(): Audience<string> & { readonly names: ReadonlySet<string> } {
  const names = new Set<string>()
  return {
    names,
    replaced(all) {
      names.clear()
      for (const { name } of all) names.add(name)
    },
    changed: ({ name }) => void names.add(name),
    removed: ({ name }) => void names.delete(name),
    reached() {},
  }
}

test('the edge to a real API server', { skip: skipWithoutCluster }, async t => {
  const cluster = await startControlPlane()
  t.after(() => cluster.stop())
  await installCrds(cluster)

  await t.test('calls are answered with what was asked for, or the Status that says why not', async t => {
    const { api } = await edgeOf(t, cluster)
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'called' }, data: { a: '1' } }
    assert.equal((await api.call({ method: 'POST', path: CONFIG_MAPS, body })).status, 201)
    const again = await api.call({ method: 'POST', path: CONFIG_MAPS, body })
    assert.deepEqual([again.status, again.body.reason], [409, 'AlreadyExists'])
    const path = `${CONFIG_MAPS}/called`
    const merged = await api.call({ method: 'PATCH', path, patch: 'merge', body: { data: { b: '2' } } })
    assert.deepEqual(merged.body.data, { a: '1', b: '2' })
    const patched = await api.call({ method: 'PATCH', path, patch: 'json', body: [{ op: 'remove', path: '/data/a' }] })
    assert.deepEqual(patched.body.data, { b: '2' })
    const applied = await api.call({
      method: 'PATCH',
      path,
      patch: 'apply',
      query: { fieldManager: 'test', force: 'true' },
      body: { ...body, data: { c: '3' } },
      isMetadataEnough: true,
    })
    assert.deepEqual([applied.status, applied.body.kind], [200, 'PartialObjectMetadata'])
    assert.equal((await api.call({ method: 'GET', path: '/apis/none.example/v1/things' })).status, 404)
  })

  await t.test('what changes while the API server is away is known when it is back', async t => {
    const { api, follow } = await edgeOf(t, cluster)
    const audience = namesOf()
    const followed = follow({ path: CONFIG_MAPS, keep: object => textAt(object, 'metadata', 'name'), audience })
    t.after(() => followed.stop())
    await followed.listed
    assert.ok(audience.names.has('called'))
    await cluster.restartApiServer()
    await api.call({ method: 'DELETE', path: `${CONFIG_MAPS}/called` })
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'later' } }
    await api.call({ method: 'POST', path: CONFIG_MAPS, body })
    const isTold = () => (audience.names.has('later') && !audience.names.has('called') ? true : undefined)
    await eventually('the changes are told', isTold)
    assert.equal(followed.problem(), undefined)
  })

  await t.test('three replicas charge one ledger for 64 creators, and no limit is passed', async t => {
    const gpus = 300
    const quotas = compiled(
      [cohort('root', { a: { burst: 50 } })],
      [
        tenant('t', 'root', { a: { reserved: 200, burstLimit: 50 } }),
        tenant('u', 'root', { a: { reserved: 50, burstLimit: 50 } }),
      ],
    )
    const writers: LedgerWriter[] = []
    for (const id of ['1', '2', '3']) {
      const { ledger, follow } = await edgeOf(t, cluster)
      const store = ledgerObjects({ api: ledger, follow, ...TIME })
      t.after(() => store.stop())
      await store.listed
      writers.push(
        ledgerWriter({
          id,
          store: textStore(store),
          quotas: () => quotas,
          clock: SYSTEM_CLOCK,
          timer: timerOn(SYSTEM_CLOCK),
          pendingMs: PATIENCE_MS,
          gangHoldMs: PATIENCE_MS,
          maxCharges: 10_000,
          retryAfterMs: 500,
        }),
      )
    }
    let asked = 0
    const verdicts: string[] = []
    async function creator(): Promise<void> {
      while (asked < 2 * gpus) {
        const number = asked++
        const tenant = number % 4 === 0 ? 'u' : 't'
        const writer = writers[number % writers.length]
        assert.ok(writer !== undefined)
        const verdict = await writer.charge(request(crypto.randomUUID(), tenant, { a: 1 }), Date.now() + PATIENCE_MS)
        verdicts.push(verdict.kind)
      }
    }
    await Promise.all(Array.from({ length: 64 }, creator))
    const charged = verdicts.filter(kind => kind === 'charged').length
    assert.equal(verdicts.filter(kind => kind === 'refused').length, verdicts.length - charged, verdicts.join())

    const books = await Promise.all(writers.map(writer => writer.refresh('root')))
    for (const { ledger } of books) {
      const held = { t: 0, u: 0, burst: 0 }
      for (const { tenant, tier } of charges(ledger)) {
        if (tier === 'burst') held.burst++
        else if (tenant === 't' || tenant === 'u') held[tenant]++
      }
      assert.deepEqual(held, { t: 200, u: 50, burst: 50 })
    }
    assert.equal(charged, gpus)
    const { body } = await (await edgeOf(t, cluster)).api.call({
      method: 'GET',
      path: '/apis/sluice.dev/v1alpha1/quotaledgers/root',
    })
    assert.equal(fieldAt(body, 'spec', 'format'), 1)
  })

  await t.test('one of two leads, and when it resigns the other does', async t => {
    const { lease } = await edgeOf(t, cluster)
    const elections = ['a', 'b'].map(identity =>
      electLeader({
        api: lease,
        namespace: 'default',
        name: 'sluice',
        self: { identity, address: `${identity}:8443` },
        ...TIME,
        times: { durationMs: 3_000, renewWithinMs: 2_000, retryMs: 200 },
        calendar: SYSTEM_CLOCK,
        random: Math.random,
        log: new MemoryLog(),
        onGained() {},
        onLost() {},
      }),
    )
    t.after(() => Promise.all(elections.map(one => one.resign())))
    const leader = await eventually('somebody leads', () => elections.find(one => one.isLeader()))
    const other = elections.find(one => one !== leader)
    assert.ok(other !== undefined)
    await eventually('the other knows the leader', () => other.leader())
    assert.deepEqual(other.leader(), leader.leader())
    assert.equal(other.isLeader(), false)
    await leader.resign()
    await eventually('the other leads', () => (other.isLeader() ? true : undefined))
    assert.equal(leader.isLeader(), false)
  })
})
