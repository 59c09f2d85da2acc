import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MemoryLog } from '../../test/support/https.ts'
import { apiServer } from './api-server.ts'
import { passingTime, REAL_TIME } from './follow.testing.ts'
import { following } from './follow.ts'
import { type LedgerObjects, ledgerObjects } from './ledger-objects.ts'
import { status } from './objects.testing.ts'
import { answer, startApi, type TestApi } from './testing.ts'

const LEDGERS = '/apis/sluice.dev/v1alpha1/quotaledgers'
const ledger = (charges: string, format = 1) => ({ spec: { format, charges } })

function storeOn(t: TestContext, api: TestApi, onNewer: (tree: string) => void = () => {}): LedgerObjects {
  const server = apiServer(api.line)
  const follow = following({ api: server, line: api.line, random: () => 0.5, log: new MemoryLog(), ...passingTime() })
  const store = ledgerObjects({ api: server, follow, onNewer, ...REAL_TIME })
  t.after(() => store.stop())
  return store
}

async function startWith(t: TestContext): Promise<TestApi> {
  const api = await startApi(t)
  api.objects.serve(LEDGERS)
  return api
}

test('a ledger is created by its first write and replaced by the next, answered with metadata alone', async t => {
  const api = await startWith(t)
  const store = storeOn(t, api)
  const none = await store.read('c')
  assert.deepEqual(none, { version: '', value: '' })
  const first = await store.replace('c', none.version, 'one')
  assert.ok(first !== 'conflict')
  const second = await store.replace('c', first.version, 'two')
  assert.ok(second !== 'conflict')
  assert.deepEqual(await store.read('c'), { version: second.version, value: 'two' })
  assert.deepEqual(
    api.requests.filter(asked => !asked.startsWith('GET')),
    [`POST ${LEDGERS}?fieldManager=sluice`, `PUT ${LEDGERS}/c?fieldManager=sluice`],
  )
})

test('who is second meets a conflict: to create, to replace, or to replace what was deleted', async t => {
  const api = await startWith(t)
  const [one, other] = [storeOn(t, api), storeOn(t, api)]
  assert.notEqual(await one.replace('c', '', 'one'), 'conflict')
  assert.equal(await other.replace('c', '', 'other'), 'conflict')
  const { version } = await other.read('c')
  assert.notEqual(await one.replace('c', version, 'again'), 'conflict')
  assert.equal(await other.replace('c', version, 'late'), 'conflict')
  const last = await other.read('c')
  assert.equal(last.value, 'again')
  api.objects.remove(LEDGERS, 'c')
  assert.equal(await other.replace('c', last.version, 'to nothing'), 'conflict')
  assert.deepEqual(await other.read('c'), { version: '', value: '' })
})

test('after a conflict the winner is heard of before the loser goes on, and nobody reads', async t => {
  const api = await startWith(t)
  const newer: string[] = []
  const [winner, loser] = [storeOn(t, api), storeOn(t, api, tree => newer.push(tree))]
  await loser.listed
  await api.asked('watch=true', 2)
  const first = await loser.replace('c', '', 'one')
  assert.ok(first !== 'conflict')
  const won = await winner.replace('c', first.version, 'two')
  assert.equal(await loser.replace('c', first.version, 'too late'), 'conflict')
  assert.deepEqual(loser.newest('c'), won)
  assert.deepEqual(newer, ['c'])
  assert.equal(api.requests.filter(asked => asked.startsWith(`GET ${LEDGERS}/c`)).length, 0)
})

test('what is heard is never older than what was read or written', async t => {
  const api = await startWith(t)
  const store = storeOn(t, api)
  await api.asked('watch=true')
  api.objects.mute()
  api.objects.put(LEDGERS, 'c', ledger('silent'))
  const read = await store.read('c')
  assert.deepEqual(store.newest('c'), read)
  const written = await store.replace('c', read.version, 'mine')
  assert.deepEqual(store.newest('c'), written)
  api.objects.unmute()
  api.objects.end(LEDGERS, 'cut')
  api.objects.put(LEDGERS, 'other', ledger('x'))
  await api.asked('watch=true', 2)
  assert.deepEqual(store.newest('c'), written)
})

test('a read asks even when the watch knows a version: only an answer was current after the question', async t => {
  const api = await startWith(t)
  api.objects.put(LEDGERS, 'c', ledger('old'))
  const store = storeOn(t, api)
  await store.listed
  await api.asked('watch=true')
  api.objects.mute()
  api.objects.put(LEDGERS, 'c', ledger('new'))
  assert.equal(store.newest('c')?.value, 'old')
  assert.equal((await store.read('c')).value, 'new')
})

test('a ledger that was deleted is heard of as none', async t => {
  const api = await startWith(t)
  api.objects.put(LEDGERS, 'c', ledger('old'))
  const gone = Promise.withResolvers<void>()
  const store = storeOn(t, api, () => store.newest('c')?.version === '' && gone.resolve())
  await store.listed
  api.objects.remove(LEDGERS, 'c')
  await gone.promise
  assert.deepEqual(store.newest('c'), { version: '', value: '' })
})

const refusals = [
  {
    name: 'a format it does not know',
    set: (api: TestApi) => api.objects.put(LEDGERS, 'c', ledger('x', 2)),
    want: /unknown format: 2/,
  },
  {
    name: 'a refusal',
    set: (api: TestApi) => api.once(`${LEDGERS}/c`, (_req, res) => answer(res, 403, status(403, 'Forbidden'))),
    want: /would not read the ledger of c: 403 Forbidden/,
  },
  {
    name: 'a missing CRD',
    set: (api: TestApi) => api.once(`${LEDGERS}/c`, (_req, res) => answer(res, 404, '404 page not found')),
    want: /404 page not found \(install the CRD quotaledgers.sluice.dev\)/,
  },
]
for (const { name, set, want } of refusals) {
  test(`nothing is read from ${name}`, async t => {
    const api = await startWith(t)
    set(api)
    await assert.rejects(storeOn(t, api).read('c'), want)
  })
}

test('a write that is refused, or not answered, is no conflict', async t => {
  const api = await startWith(t)
  const store = storeOn(t, api)
  api.once('POST', (_req, res) => answer(res, 413, status(413, 'RequestEntityTooLarge')))
  await assert.rejects(store.replace('c', '', 'much'), /would not write the ledger of c: 413/)
  api.once('POST', (_req, res) => res.destroy())
  await assert.rejects(store.replace('c', '', 'lost'), /POST .*quotaledgers failed/)
})
