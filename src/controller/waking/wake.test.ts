import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Book } from '../../quota/book.ts'
import { manualClock } from '../../quota/testing.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { admission, clusterOf, ownersApi, pathTo, SILENT, type TestOwner } from '../testing.ts'
import { refusedOwners } from './refused.ts'
import { RETRY_ANNOTATION } from './touch.ts'
import { wakeRefused } from './wake.ts'

interface World {
  readonly burst: number
  readonly tenants?: Readonly<Record<string, JsonObject>>
}

/** A service that wakes, an API server of owners, and controllers that try again when they are woken. */
function world({ burst, tenants = { a: {} } }: World) {
  const clock = manualClock()
  const told: string[] = []
  const observer = {
    unwakeable: (reason: string) => void told.push(`unwakeable ${reason}`),
    reached: (afterMs: number) => void told.push(`reached ${afterMs}`),
    touched: (result: string) => void told.push(result),
  }
  const log = { ...SILENT, problem: (message: string) => void told.push(message) }
  const refused = refusedOwners({ clock, observer })
  const service = admission(clusterOf({ burst, tenants }), refused, clock)
  const owners = new Map<string, TestOwner & { readonly gpus: number }>()
  const woken: (TestOwner & { readonly gpus: number })[] = []
  const server = ownersApi(path => {
    const owner = owners.get(path)
    if (owner !== undefined) woken.push(owner)
  })
  let seen: Book | undefined
  const { ledger } = service
  const behind = { ...ledger, book: (tree: string) => seen ?? ledger.book(tree) }
  const waking = wakeRefused({
    ...service,
    ledger: behind,
    refused,
    api: server.api,
    clock,
    timer: clock,
    observer,
    log,
  })

  return {
    ...service,
    ...server,
    refused,
    told,
    waking,
    /** From now on the last version seen is this one, as if others wrote what comes after. */
    fallBehind: () => {
      seen = ledger.book('c')
    },
    /** An owner is created whose first pod is refused; it counts as one that has tried for a while. */
    async refuse(owner: TestOwner, gpus = 1): Promise<void> {
      owners.set(pathTo(owner), { ...owner, gpus })
      server.add(owner)
      assert.equal(await service.attempt(owner, { gpus }), undefined, `${owner.name} has to be refused`)
    },
    /** The controllers that were woken create their next pods. Who got in, and who was woken in vain. */
    async retry(gpusOf: (owner: TestOwner & { readonly gpus: number }) => number = ({ gpus }) => gpus) {
      const admitted: string[] = []
      const inVain: string[] = []
      for (const owner of woken.splice(0)) {
        const uid = await service.attempt(owner, { gpus: gpusOf(owner) })
        const list = uid === undefined ? inVain : admitted
        list.push(owner.name)
      }
      return { admitted, inVain }
    },
    names: () => [...refused.byTenant().values()].flat().map(({ owner }) => owner.name),
  }
}

const of = (name: string, tenant = 'a'): TestOwner => ({ tenant, name })

/** A pool that is full, and who was refused since, a while ago. */
async function waitingWorld(names: readonly string[], burst = 4) {
  const all = world({ burst })
  const holders: string[] = []
  for (let index = 0; index < burst; index += 1) holders.push((await all.attempt(undefined)) ?? '')
  for (const name of names) {
    await all.refuse(of(name))
    all.clock.advance(1)
  }
  all.clock.advance(2_000)
  return { ...all, free: (count: number) => all.free(...holders.splice(0, count)) }
}

test('nobody is woken while there is no room, and as many as fit when there is, the oldest first', async () => {
  const { waking, patches, free, retry, names } = await waitingWorld(['v', 'w', 'x', 'y', 'z'])
  await waking.check()
  assert.deepEqual(patches(), [])
  await free(2)
  await waking.check()
  await waking.check()
  assert.deepEqual(patches(), [pathTo(of('v')), pathTo(of('w'))])
  assert.deepEqual(await retry(), { admitted: ['v', 'w'], inVain: [] })
  await waking.check()
  assert.deepEqual([patches().length, names()], [2, ['x', 'y', 'z']])
})

test('room that somebody else took since the book was last seen wakes nobody', async () => {
  const { waking, attempt, free, fallBehind, calls } = await waitingWorld(['x'])
  await waking.check()
  await free(1)
  fallBehind()
  assert.ok((await attempt(undefined)) !== undefined)
  await waking.check()
  assert.deepEqual(calls, [])
})

test('room in a version that nobody told of is found within ten seconds', async () => {
  const { waking, free, fallBehind, patches, clock } = await waitingWorld(['x'])
  await waking.check()
  fallBehind()
  await free(1)
  clock.advance(9_999)
  await waking.check()
  assert.deepEqual(patches(), [])
  clock.advance(1)
  await waking.check()
  assert.deepEqual(patches(), [pathTo(of('x'))])
})

test('time passes from when there was room, and is told when the pod is there', async () => {
  const { waking, free, retry, told, clock } = await waitingWorld(['x'])
  await free(1)
  await waking.check()
  clock.advance(700)
  await retry()
  assert.deepEqual(told, ['woken', 'reached 700'])
})

test('one that is woken and gets nothing waits for its interval, while others have their turn', async () => {
  const { waking, free, retry, patches, clock } = await waitingWorld(['greedy', 'modest'], 1)
  await free(1)
  await waking.check()
  // Its controller asks for more than it did.
  assert.deepEqual(await retry(() => 2), { admitted: [], inVain: ['greedy'] })
  await waking.check()
  assert.deepEqual(await retry(), { admitted: ['modest'], inVain: [] })
  clock.advance(9_999)
  await waking.check()
  assert.equal(patches().length, 2)
})

test('who does not come leaves its room to others after five seconds, and is forgotten', async () => {
  const { waking, free, patches, clock, names } = await waitingWorld(['silent', 'other'], 1)
  await free(1)
  await waking.check()
  clock.advance(4_999)
  await waking.check()
  assert.equal(patches().length, 1)
  clock.advance(1)
  await waking.check()
  assert.deepEqual([patches().at(-1), names()], [pathTo(of('other')), ['other']])
})

test('an owner that another replica woke a moment ago has its room here too', async () => {
  const { waking, free, add, patches, told, clock, names } = await waitingWorld(['shared', 'other'], 1)
  const annotations = { [RETRY_ANNOTATION]: new Date(clock.now() - 500).toISOString() }
  add(of('shared'), { annotations })
  await free(1)
  await waking.check()
  await waking.check()
  assert.deepEqual([patches(), told, names()], [[], ['recent'], ['shared', 'other']])
})

test('an owner that was refused here after another replica woke it is woken again when its interval is over', async () => {
  const { waking, free, add, attempt, patches, told, clock } = await waitingWorld(['shared'], 1)
  const annotations = { [RETRY_ANNOTATION]: new Date(clock.now() - 500).toISOString() }
  add(of('shared'), { annotations })
  await attempt(of('shared'))
  await free(1)
  await waking.check()
  clock.advance(4_499)
  await waking.check()
  assert.deepEqual([patches(), told], [[], ['recent']])
  clock.advance(1)
  await waking.check()
  assert.deepEqual([patches(), told], [[pathTo(of('shared'))], ['recent', 'woken']])
})

test('owners that are gone are forgotten; those we may not touch are told of once; failures are tried again', async () => {
  const { waking, free, remove, disturb, told, clock, names } = await waitingWorld(['gone', 'closed', 'shut', 'flaky'])
  remove(of('gone'))
  for (const name of ['closed', 'shut']) disturb('GET', of(name), 403)
  disturb('PATCH', of('flaky'), 503)
  await free(4)
  await waking.check()
  assert.deepEqual(told.toSorted(), [
    'an owner could not be woken',
    'failed',
    'forbidden',
    'forbidden',
    'gone',
    'owners of kind ReplicaSet.apps cannot be woken: allow get and patch',
  ])
  assert.deepEqual(names(), ['closed', 'shut', 'flaky'])
  disturb('PATCH', of('flaky'), undefined)
  clock.advance(5_000)
  await waking.check()
  assert.deepEqual(told.slice(6), ['woken'])
})

test('it looks once a second, sooner when a ledger has a newer version, and no more once it is stopped', async () => {
  const { waking, free, patches, clock, ledger, names } = await waitingWorld(['x', 'y', 'z'])
  const turns = () => new Promise(resolve => setImmediate(resolve))
  await turns()
  await free(1)
  clock.advance(1_000)
  await turns()
  assert.deepEqual(patches(), [pathTo(of('x'))])
  await free(1)
  waking.newer()
  waking.newer()
  clock.advance(249)
  await turns()
  assert.equal(patches().length, 1)
  clock.advance(1)
  await turns()
  assert.deepEqual(patches().slice(1), [pathTo(of('y'))])
  await free(1)
  waking.newer()
  waking.stop()
  clock.advance(60_000)
  await turns()
  assert.deepEqual([patches().length, names().length, ledger.book('c') === undefined], [2, 3, false])
})

test('no more than twenty are woken in a second, and nobody is left behind', async () => {
  const names = Array.from({ length: 50 }, (_, index) => `o${index}`)
  const { waking, free, patches, retry, clock } = await waitingWorld(names, 50)
  await free(50)
  const woken: number[] = []
  for (let second = 0; second < 4; second += 1) {
    await waking.check()
    await waking.check()
    woken.push(patches().length)
    assert.deepEqual((await retry()).inVain, [])
    clock.advance(1_000)
  }
  assert.deepEqual(woken, [20, 40, 50, 50])
})

const someTenants = fc.record({
  a: fc.integer({ min: 0, max: 6 }),
  b: fc.integer({ min: 0, max: 6 }),
  c: fc.integer({ min: 0, max: 6 }),
})

type Counts = Readonly<Record<'a' | 'b' | 'c', number>>

/** A full pool, and so many of each tenant who wait for one GPU. */
async function contendedWorld(waiting: Counts) {
  const burst = 12
  const all = world({ burst, tenants: { a: {}, b: {}, c: {}, d: {} } })
  const holders: string[] = []
  for (let index = 0; index < burst; index += 1) holders.push((await all.attempt(of('holder', 'd'))) ?? '')
  for (const [tenant, count] of Object.entries(waiting)) {
    for (let index = 0; index < count; index += 1) await all.refuse(of(`${tenant}${index}`, tenant))
  }
  return {
    ...all,
    /** How much became free. */
    async free(count: number): Promise<number> {
      const freed = holders.splice(0, count)
      await all.free(...freed)
      return freed.length
    },
  }
}

/** Whoever still waits has no less than others but for the one that came last. */
function assertFair(got: Counts, waiting: Counts): void {
  const most = Math.max(...Object.values(got))
  for (const one of ['a', 'b', 'c'] as const) {
    if (got[one] < waiting[one]) assert.ok(most <= got[one] + 1, `${one} waits: ${JSON.stringify(got)}`)
  }
}

test('with room for k pods k owners get in, shared as fairly as they are there, and nobody is woken in vain', async () => {
  await fc.assert(
    fc.asyncProperty(
      someTenants,
      fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 6 }),
      async (waiting, frees) => {
        const { free, clock, waking, retry } = await contendedWorld(waiting)
        const got = { a: 0, b: 0, c: 0 }
        let room = 0
        for (const count of frees) {
          room += await free(count)
          clock.advance(2_000)
          await waking.check()
          const { admitted, inVain } = await retry()
          assert.deepEqual(inVain, [])
          for (const name of admitted) got[name.charAt(0) as 'a' | 'b' | 'c'] += 1
          assert.equal(got.a + got.b + got.c, Math.min(room, waiting.a + waiting.b + waiting.c))
          assertFair(got, waiting)
        }
      },
    ),
    { numRuns: 60 },
  )
})
