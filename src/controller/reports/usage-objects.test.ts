import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { fieldAt, textAt } from '../../admission/objects.ts'
import type { PastDenial } from '../../admission/recent-denials.ts'
import { clusterWith } from '../../admission/testing.ts'
import { openBooks } from '../../quota/books.ts'
import type { Charge } from '../../quota/ledger.ts'
import { amounts, booked, manualClock } from '../../quota/testing.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { written } from '../../schema/testing.ts'
import type { ApiCall, Collection, Sighting } from '../api-server.ts'
import { usageObjects } from './usage-objects.ts'

const QUIET_MS = 5_000

/** An API server of GpuUsages. Objects are told to those who follow them as often as they change, in an order of its own. */
function usageServer(namespaces: readonly string[]) {
  const objects = new Map<string, JsonObject>()
  const calls: ApiCall[] = []
  const told = new Set<(kind: 'changed' | 'removed', object: JsonObject) => void>()
  const pathOf = (namespace: string, name = 'usage') =>
    `/apis/sluice.dev/v1alpha1/namespaces/${namespace}/gpuusages/${name}`

  function put(path: string, object: JsonObject): void {
    objects.set(path, object)
    for (const tell of told) tell('changed', object)
  }

  function patched(path: string, body: JsonObject): number {
    const [, base = '', subresource] = /^(.*\/gpuusages\/[^/]+)(\/status)?$/.exec(path) ?? []
    const former = objects.get(base)
    if (!namespaces.some(namespace => base === pathOf(namespace))) return 404
    if (subresource !== undefined && former === undefined) return 404
    put(base, subresource === undefined ? { ...former, ...body } : { ...former, status: shuffled(body.status) })
    return 200
  }

  return {
    objects,
    calls,
    put: (namespace: string, object: JsonObject, name?: string) => put(pathOf(namespace, name), object),
    status: (namespace: string) => fieldAt(objects.get(pathOf(namespace)), 'status'),
    tenant: (namespace: string) => textAt(objects.get(pathOf(namespace)), 'spec', 'tenant'),
    writes: () => calls.filter(({ method }) => method !== 'GET').length,
    api: {
      async call(request: ApiCall) {
        calls.push(request)
        if (request.method === 'DELETE') {
          const former = objects.get(request.path)
          objects.delete(request.path)
          if (former !== undefined) for (const tell of told) tell('removed', former)
          return { status: former === undefined ? 404 : 200, body: {} }
        }
        return { status: patched(request.path, request.body as JsonObject), body: {} }
      },
    },
    follow<T>({ keep, audience }: Collection<T>) {
      const sighting = (object: JsonObject): Sighting<T | undefined> => ({
        uid: '',
        namespace: textAt(object, 'metadata', 'namespace') ?? '',
        name: textAt(object, 'metadata', 'name') ?? '',
        resourceVersion: 1n,
        kept: keep(object),
      })
      const all = [...objects.values()].map(sighting).filter((one): one is Sighting<T> => one.kept !== undefined)
      audience.replaced(all, 1n)
      told.add((kind, object) => audience[kind](sighting(object)))
      return { listed: Promise.resolve(), problem: () => undefined, stop() {} }
    },
  }
}

function shuffled(status: JsonObject[string] | undefined): JsonObject {
  return Object.fromEntries(Object.entries(status ?? {}).toReversed())
}

function charged(uid: string, tier: Charge['tier'], gpus: number, tenant = 'a'): Charge {
  return booked(uid, { tenant, tier, amounts: amounts({ h100: gpus * 1000 }) })
}

function world(namespaces: readonly string[] = ['team-a', 'team-b'], server = usageServer(namespaces)) {
  const clock = manualClock()
  const problems: string[] = []
  const denials: PastDenial[] = []
  let cluster = clusterWith()
  let charges: readonly Charge[] = []
  const begin = () => {
    return usageObjects({
      cluster: () => cluster,
      book: tree => openBooks(cluster.quotas, charges).get(tree),
      denials: tenant => denials.filter(denial => denial.tenant === tenant),
      api: server.api,
      follow: collection => server.follow(collection),
      clock,
      timer: clock,
      log: { decision() {}, event() {}, problem: message => void problems.push(message) },
    })
  }
  return {
    server,
    problems,
    denials,
    begin,
    charge(...next: readonly Charge[]): void {
      charges = next
    },
    change(...objects: readonly JsonObject[]): void {
      cluster = clusterWith(...objects)
    },
    async round(): Promise<void> {
      clock.advance(QUIET_MS)
      // A round gives way to others several times.
      for (let turns = 0; turns < 20; turns += 1) await new Promise(resolve => setImmediate(resolve))
    },
  }
}

test('each namespace of a tenant says what the tenant uses, may use, borrows and may lose', async () => {
  const { server, begin, charge, round, denials, problems } = world()
  charge(charged('1', 'reserved', 6), charged('2', 'burst', 8))
  denials.push({ tenant: 'a', code: 'SLU-Q201', message: 'exceeded quota', atMs: 0 })
  begin()
  await round()
  assert.deepEqual(server.status('team-a'), {
    noticeSeconds: 90,
    classes: [
      { class: 'h100', tier: 'reserved', used: 6, limit: 8, available: 2 },
      { class: 'h100', tier: 'shared', used: 0, limit: 4, available: 4 },
      { class: 'h100', tier: 'burst', used: 8, limit: 20, available: 6, borrowed: 4, atRisk: 8 },
    ],
    oversubscribed: [],
    recentDenials: [{ code: 'SLU-Q201', message: 'exceeded quota', time: '1970-01-01T00:00:00.000Z' }],
  })
  assert.deepEqual([server.tenant('team-a'), server.tenant('team-b')], ['a', 'b'])
  assert.deepEqual(problems, [])
})

test('what is held beyond the limits since a cut is over, and the cohort says what can be taken back', async () => {
  const { server, begin, charge, change, round } = world()
  change(
    written('Cohort', 'research', { classes: [{ class: 'h100', capacity: { gpus: 12 }, shared: 4 }] }),
    written('TenantQuota', 'a', {
      cohort: 'research',
      namespaces: ['team-a'],
      classes: [{ class: 'h100', reserved: 4, shared: {}, burst: {} }],
    }),
  )
  charge(charged('1', 'reserved', 6), charged('2', 'burst', 10))
  begin()
  await round()
  const over = [...(fieldAt(server.status('team-a'), 'classes') as readonly JsonObject[])].map(row => row.over)
  assert.deepEqual(over, [2, undefined, 4])
  assert.deepEqual(fieldAt(server.status('team-a'), 'oversubscribed'), [
    { kind: 'cohort', cohort: 'research', class: 'h100', used: 16, limit: 12, reclaimable: 4, stuck: 0 },
  ])
})

test('nothing is written while nothing changes, by a new leader neither', async () => {
  const { server, begin, charge, round } = world()
  charge(charged('1', 'reserved', 1))
  const first = begin()
  await round()
  assert.equal(server.writes(), 4)
  await round()
  first.stop()
  begin()
  await round()
  assert.equal(server.writes(), 4)
  charge(charged('1', 'reserved', 1), charged('2', 'shared', 1))
  await round()
  assert.equal(server.writes(), 5, 'one status of one namespace')
})

test('what somebody else wrote over it is written again', async () => {
  const { server, begin, round } = world()
  begin()
  await round()
  const before = server.status('team-a')
  server.put('team-a', {
    metadata: { name: 'usage', namespace: 'team-a' },
    spec: { tenant: 'a' },
    status: { classes: [] },
  })
  await round()
  assert.ok(isDeepStrictEqual(server.status('team-a'), before))
})

test('a namespace that leaves its tenant loses its window, one that changes tenants gets the other', async () => {
  const { server, begin, change, round } = world(['team-a', 'team-b', 'team-x'])
  server.put('team-a', { metadata: { name: 'mine', namespace: 'team-a' }, spec: { tenant: 'a' } }, 'mine')
  begin()
  await round()
  const spec = { cohort: 'research', classes: [{ class: 'h100', reserved: 4 }] }
  change(
    written('TenantQuota', 'a', { ...spec, namespaces: ['team-b'] }),
    written('TenantQuota', 'b', { ...spec, namespaces: ['team-x'] }),
  )
  await round()
  assert.deepEqual([server.tenant('team-a'), server.tenant('team-b'), server.tenant('team-x')], [undefined, 'a', 'b'])
  assert.equal(server.objects.size, 3, "one of another name is somebody else's")
})

test('a namespace that does not exist is not tried again at once, and keeps nobody else waiting', async () => {
  const { server, begin, round, problems } = world(['team-b'])
  begin()
  for (let rounds = 0; rounds < 5; rounds += 1) await round()
  assert.equal(server.tenant('team-b'), 'b')
  assert.equal(server.calls.filter(({ path }) => path.includes('team-a')).length, 1)
  for (let rounds = 0; rounds < 12; rounds += 1) await round()
  assert.equal(server.calls.filter(({ path }) => path.includes('team-a')).length, 2)
  assert.deepEqual(problems, [])
})

test('only so many are written in a round, and in the end all are', async () => {
  const namespaces = Array.from({ length: 50 }, (_, index) => `n-${index}`)
  const { server, begin, change, round } = world(namespaces)
  change(
    written('TenantQuota', 'a', { cohort: 'research', namespaces, classes: [{ class: 'h100', reserved: 8 }] }),
    written('TenantQuota', 'b', { cohort: 'research', namespaces: [], classes: [{ class: 'h100', reserved: 4 }] }),
  )
  begin()
  await round()
  assert.equal(server.objects.size, 20)
  await round()
  assert.equal(server.objects.size, 40)
  await round()
  assert.equal(server.objects.size, 50)
})

test('a leader that is stopped writes nothing more', async () => {
  const { server, begin, round } = world()
  begin().stop()
  await round()
  assert.equal(server.writes(), 0)
})
