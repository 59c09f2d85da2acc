import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { admission, clusterOf, type TestOwner } from '../controller/testing.ts'
import { ownerBits } from '../quota/claim.ts'
import { amounts, manualClock } from '../quota/testing.ts'
import type { RefusedDemand } from '../rebalance/snapshot.ts'
import { parsedValue, written } from '../schema/testing.ts'
import { type DemandNews, type RefusedDemands, refusedDemand } from './refused-demand.ts'
import { demandNewsJson, parseDemandNews } from './refused-demand-json.ts'
import type { Validation } from './validate.ts'

const MINUTE_MS = 60_000
const STRICT = written('GpuPolicy', 'strict', {
  validate: [{ expression: "!('forbidden' in object.metadata.?labels.orValue({}))", code: 'SLU-P900' }],
})
const CLUSTER = clusterOf({ burst: 4, tenants: { a: {}, b: {} } }, STRICT)

const owner = (name: string, more: Partial<TestOwner> = {}): TestOwner => ({ tenant: 'a', name, ...more })

/** A full pool of four, and what is known of demand from then on. */
async function fullPool() {
  const clock = manualClock()
  const demand = refusedDemand(clock)
  const refusals: Validation[] = []
  const listener = {
    denied(validation: Validation) {
      refusals.push(validation)
      demand.denied(validation)
    },
    admitted: demand.admitted,
  }
  const service = admission(CLUSTER, listener, clock)
  const holder = await service.attempt(undefined, { gpus: 4 })
  assert.ok(holder !== undefined)
  return { ...service, demand, refusals, holder, names: () => demand.demands().map(({ name }) => name) }
}

function refusal(name: string, lastMs: number, more: Partial<RefusedDemand> = {}): RefusedDemand {
  const told = {
    tenant: 'a',
    tier: 'auto',
    demand: amounts({ h100: 1_000 }),
    gang: undefined,
    sinceMs: lastMs,
  } as const
  return { ...told, owner: ownerBits('a', name), name, lastMs, ...more }
}

const refused = (demand: RefusedDemand): DemandNews => ({ kind: 'refused', demand })

test('a refused owner is demand: what its last pod asked for, since when, and for whom room is claimed', async () => {
  const { attempt, demand, clock } = await fullPool()
  clock.advance(500)
  await attempt(owner('web'), { gpus: 2 })
  clock.advance(300)
  await attempt(owner('web'), { gpus: 3 })
  assert.deepEqual(demand.demands(), [
    {
      tenant: 'a',
      tier: 'auto',
      demand: amounts({ h100: 3_000 }),
      gang: undefined,
      owner: ownerBits('a', 'uid-a-web'),
      name: 'ReplicaSet a/web',
      sinceMs: 500,
      lastMs: 800,
    },
  ])
})

test('what capacity does not help, and whom nobody creates again, is no demand', async () => {
  const { attempt, names } = await fullPool()
  await attempt(undefined)
  assert.equal(await attempt(owner('hopeless'), { gpus: 5 }), undefined)
  await attempt(owner('wrong'), { metadata: { labels: { forbidden: '' } } })
  await attempt(owner('dry'), { dryRun: true })
  assert.deepEqual(names(), [])
  await attempt(owner('volcano', { apiVersion: 'batch.volcano.sh/v1alpha1', kind: 'Job' }))
  assert.deepEqual(names(), ['Job a/volcano'])
})

test('demand ends when a pod of the owner is admitted, or refused for what no capacity changes', async () => {
  const { attempt, free, holder, names } = await fullPool()
  await attempt(owner('x'))
  await attempt(owner('y'))
  await attempt(owner('y'), { metadata: { labels: { forbidden: '' } } })
  assert.deepEqual(names(), ['ReplicaSet a/x'])
  await free(holder)
  await attempt(owner('x'), { dryRun: true })
  assert.deepEqual(names(), ['ReplicaSet a/x'])
  assert.ok((await attempt(owner('x'))) !== undefined)
  assert.deepEqual(names(), [])
})

test('demand ends with its owner, and not with another of its UID in another namespace', async () => {
  const { attempt, demand, names } = await fullPool()
  await attempt(owner('x'))
  demand.gone('b', 'uid-a-x')
  assert.deepEqual(names(), ['ReplicaSet a/x'])
  const { mark } = demand.after(0, 500)
  demand.gone('a', 'uid-a-x')
  demand.gone('a', 'uid-a-unknown')
  assert.deepEqual(names(), [])
  assert.deepEqual(demand.after(mark, 500).news, [{ kind: 'ended', owner: ownerBits('a', 'uid-a-x'), atMs: 0 }])
})

test('a ledger that was busy says nothing of capacity', async () => {
  const { attempt, demand, refusals, names } = await fullPool()
  await attempt(owner('x'))
  const [validation] = refusals
  assert.ok(validation !== undefined)
  const busy = { ...validation, denials: validation.denials.map(denial => ({ ...denial, code: 'SLU-Q230' })) }
  demand.denied(busy)
  assert.deepEqual(names(), ['ReplicaSet a/x'])
  demand.admitted(validation)
  demand.denied(busy)
  assert.deepEqual(names(), [])
})

test('who has not tried for ten minutes is forgotten', () => {
  const clock = manualClock()
  const demand = refusedDemand(clock)
  demand.heard([refused(refusal('x', 0))])
  clock.advance(5 * MINUTE_MS)
  demand.heard([refused(refusal('y', 0)), refused(refusal('y', clock.now()))])
  clock.advance(5 * MINUTE_MS)
  assert.equal(demand.demands().length, 2)
  clock.advance(1)
  assert.deepEqual(
    demand.demands().map(({ name, sinceMs }) => [name, sinceMs]),
    [['y', 0]],
  )
})

test('of two that tell of one owner, the newer refusal says what it asks for, and the older one since when', () => {
  const older = refusal('x', 5, { sinceMs: 2, demand: amounts({ h100: 1_000 }) })
  const newer = refusal('x', 9, { sinceMs: 7, demand: amounts({ h100: 4_000 }) })
  for (const news of [
    [older, newer],
    [newer, older],
  ]) {
    const demand = refusedDemand(manualClock())
    demand.heard(news.map(refused))
    assert.deepEqual(demand.demands(), [{ ...newer, sinceMs: 2 }])
  }
})

test('a gang whose pods have several owners is one demand, of whom was refused first', () => {
  const demand = refusedDemand(manualClock())
  const gang = { id: 'a/jobset/train', size: 2, demand: amounts({ h100: 2_000 }) }
  demand.heard([
    refused(refusal('second', 0, { gang, sinceMs: -5 })),
    refused(refusal('alone', 0, { sinceMs: -7 })),
    refused(refusal('first', 0, { gang, sinceMs: -6 })),
    refused(refusal('other', 0, { gang, sinceMs: -4, tenant: 'b' })),
  ])
  assert.deepEqual(
    demand.demands().map(({ name }) => name),
    ['alone', 'first', 'other'],
  )
})

test('there are never more than fit, and who floods pushes out its own', () => {
  const demand = refusedDemand(manualClock(), { inAll: 4, ofTenant: 3 })
  const of = (tenant: string, name: string) => refused(refusal(name, 0, { tenant }))
  demand.heard(['a1', 'a2', 'a3', 'a4'].map(name => of('a', name)))
  demand.heard(['b1', 'b2'].map(name => of('b', name)))
  assert.deepEqual(
    demand
      .demands()
      .map(({ name }) => name)
      .toSorted(),
    ['a3', 'a4', 'b1', 'b2'],
  )
})

test('what is told goes on where it ended, so much at a time', () => {
  const demand = refusedDemand(manualClock())
  demand.heard([
    refused(refusal('x', 0)),
    { kind: 'ended', owner: ownerBits('a', 'y'), atMs: 0 },
    refused(refusal('z', 0)),
  ])
  const first = demand.after(0, 2)
  const second = demand.after(first.mark, 2)
  const kinds = [first, second].map(({ news }) => news.map(({ kind }) => kind))
  assert.deepEqual(kinds, [['refused', 'ended'], ['refused']])
  assert.deepEqual(demand.after(second.mark, 2), { news: [], mark: second.mark })
})

/** What happened, a millisecond or more after the one before: an owner was refused by a replica or its demand ended there, or one told another. */
const someEvent = fc.oneof(
  fc.record({
    kind: fc.constantFrom('refused' as const, 'ended' as const),
    replica: fc.nat(2),
    owner: fc.nat(3),
    afterMs: fc.integer({ min: 1, max: 5_000 }),
  }),
  fc.record({ kind: fc.constant('told' as const), replica: fc.nat(2), listener: fc.nat(2) }),
)

test('whoever has heard all of them knows exactly the owners that were refused last, in whatever order it heard', () => {
  fc.assert(
    fc.property(
      fc.array(someEvent, { maxLength: 40, size: 'max' }),
      fc.shuffledSubarray([0, 1, 2], { minLength: 3 }),
      (events, order) => {
        const clock = manualClock()
        const replicas = [0, 1, 2].map(() => refusedDemand(clock))
        const replica = (index: number): RefusedDemands => replicas[index] ?? assert.fail('no such replica')
        const tell = (from: number, to: number): void => {
          const body = demandNewsJson(replica(from).after(0, 500).news, clock.now())
          if (from !== to)
            replica(to).heard(parsedValue(parseDemandNews(JSON.parse(JSON.stringify(body)), clock.now())))
        }
        const last = new Map<number, { readonly kind: string; readonly endedMs: number }>()
        for (const event of events) {
          if (event.kind === 'told') {
            tell(event.replica, event.listener)
            continue
          }
          clock.advance(event.afterMs)
          const atMs = clock.now()
          const { kind, owner: name } = event
          const bits = ownerBits('a', `${name}`)
          replica(event.replica).heard([
            kind === 'refused' ? refused(refusal(`${name}`, atMs)) : { kind, owner: bits, atMs },
          ])
          last.set(name, { kind, endedMs: kind === 'ended' ? atMs : (last.get(name)?.endedMs ?? 0) })
        }
        const [leader = 0, ...others] = order
        for (const other of others) tell(other, leader)

        const known = replica(leader).demands()
        const want = [...last].filter(([, { kind }]) => kind === 'refused').map(([name]) => `${name}`)
        assert.deepEqual(known.map(({ name }) => name).toSorted(), want.toSorted())
        for (const { name, sinceMs, lastMs } of known) {
          assert.ok(
            sinceMs <= lastMs && sinceMs >= (last.get(Number(name))?.endedMs ?? 0),
            'a wait begins after the last one ended',
          )
        }
      },
    ),
  )
})
