import assert from 'node:assert/strict'
import { test } from 'node:test'
import { textAt } from '../admission/objects.ts'
import { follow, PODS, recorder } from './follow.testing.ts'
import { status } from './objects.testing.ts'
import { answer, startApi } from './testing.ts'

const WATCH = `${PODS}?watch=true`

test('a list comes in pages, and then every change', async t => {
  const api = await startApi(t)
  api.objects.serve(PODS)
  for (let n = 0; n < 1_001; n++) api.objects.put(PODS, `p${n}`)
  const { audience, following } = follow(t, api, {
    keep: object =>
      textAt(object, 'metadata', 'name')?.endsWith('0') ? textAt(object, 'metadata', 'name') : undefined,
    query: { labelSelector: 'gpu' },
  })
  assert.match(String(following.problem()), /\/api\/v1\/pods has not been listed yet/)
  await following.listed
  const tens = Array.from({ length: 101 }, (_, n) => `p${n * 10}`).join(' ')
  assert.deepEqual(audience.told, [`all ${tens} @1101`])
  assert.equal(following.problem(), undefined)
  await api.asked(WATCH.replace('?', '?labelSelector=gpu&'))
  assert.equal(api.requests.filter(asked => asked.includes('limit=500')).length, 3)

  api.objects.put(PODS, 'new0')
  api.objects.put(PODS, 'p1')
  api.objects.remove(PODS, 'p10')
  api.objects.bookmark(PODS)
  await audience.until('reached 1104')
  assert.deepEqual(audience.told.slice(1), ['changed new0', 'lost interest in p1', 'removed p10 @1104', 'reached 1104'])
})

const interruptions = [
  { name: 'is cut', how: 'cut' },
  { name: 'ends as agreed', how: 'as agreed' },
] as const
for (const { name, how } of interruptions) {
  test(`a watch that ${name} goes on where it was: nothing is missed and nothing told twice`, async t => {
    const api = await startApi(t)
    api.objects.serve(PODS)
    const { audience, following } = follow(t, api)
    await api.asked(WATCH)
    api.objects.put(PODS, 'a')
    await audience.until('changed a')
    api.objects.end(PODS, how)
    api.objects.put(PODS, 'b')
    await audience.until('changed b')
    assert.deepEqual(audience.told, ['all  @100', 'changed a', 'changed b'])
    assert.match(api.requests.at(-1) ?? '', /resourceVersion=101/)
    assert.match(api.requests.at(-1) ?? '', /timeoutSeconds=60/)
    assert.equal(following.problem(), undefined)
  })
}

test('a bookmark moves the place where a watch goes on', async t => {
  const api = await startApi(t)
  api.objects.serve(PODS)
  api.objects.serve('/api/v1/nodes')
  const { audience } = follow(t, api)
  await api.asked(WATCH)
  api.objects.put('/api/v1/nodes', 'n')
  api.objects.bookmark(PODS)
  await audience.until('reached 101')
  api.objects.compact()
  api.objects.end(PODS, 'as agreed')
  api.objects.put(PODS, 'a')
  await audience.until('changed a')
  assert.equal(audience.told.filter(line => line.startsWith('all')).length, 1)
})

test('a quiet watch that ends in its time is made again at once, and is no problem', async t => {
  const api = await startApi(t)
  api.objects.serve(PODS)
  const { following, time } = follow(t, api)
  for (let n = 1; n < 5; n++) {
    await api.asked(WATCH, n)
    await following.listed
    time.advance(60_000)
    api.objects.end(PODS, 'as agreed')
    assert.equal(following.problem(), undefined)
  }
  await api.asked(WATCH, 5)
  assert.deepEqual(time.pauses, [])
  assert.equal(api.requests.filter(asked => asked.includes('limit=500')).length, 1)
})

test('when history is gone all is listed again', async t => {
  const api = await startApi(t)
  api.objects.serve(PODS)
  const { audience, following } = follow(t, api)
  await api.asked(WATCH)
  api.objects.end(PODS, 'cut')
  api.objects.put(PODS, 'a')
  api.objects.compact()
  await audience.until('all a @101')
  assert.equal(following.problem(), undefined)
  await api.asked('resourceVersion=101')
  api.objects.say(PODS, JSON.stringify({ type: 'ERROR', object: status(410, 'Expired') }))
  await audience.until('all a @101', 2)
})

test('pages that expire are read again from the first', async t => {
  const api = await startApi(t)
  api.objects.serve(PODS)
  for (let n = 0; n < 501; n++) api.objects.put(PODS, `p${n}`)
  api.once('continue=', (_req, res) => answer(res, 410, status(410, 'Expired')))
  const { following, audience } = follow(t, api)
  await following.listed
  assert.equal(audience.told[0]?.split(' ').length, 503)
  assert.equal(api.requests.filter(asked => asked.includes('limit=500')).length, 4)
})

const nonsense = [
  { name: 'no JSON', line: '{"type":' },
  { name: 'an error of the API server', line: JSON.stringify({ type: 'ERROR', object: status(500, 'InternalError') }) },
  { name: 'an object without a version', line: '{"type":"ADDED","object":{"metadata":{"name":"x","uid":"u"}}}' },
  { name: 'an unknown type', line: '{"type":"RENAMED","object":{"metadata":{"resourceVersion":"101"}}}' },
]
for (const { name, line } of nonsense) {
  test(`a watch that brings ${name} is made again where it was`, async t => {
    const api = await startApi(t)
    api.objects.serve(PODS)
    const { audience } = follow(t, api)
    await api.asked(WATCH)
    api.objects.say(PODS, line)
    await api.asked(WATCH, 2)
    api.objects.put(PODS, 'a')
    await audience.until('changed a')
    assert.deepEqual(audience.told, ['all  @100', 'changed a'])
  })
}

test('an audience that fails is told everything again, and the failure is told', async t => {
  const api = await startApi(t)
  api.objects.serve(PODS)
  let fails = 2
  const failing = recorder(() => {
    if (fails-- > 0) throw new Error('out of order')
  })
  const { log, following } = follow(t, api, { audience: failing })
  await following.listed
  fails = 1
  await api.asked(WATCH)
  api.objects.put(PODS, 'a')
  await failing.until('all a @101')
  assert.deepEqual(failing.told, ['all  @100', 'all  @100', 'all  @100', 'changed a', 'all a @101'])
  assert.deepEqual(
    log.problems.map(({ context }) => context?.reason),
    ['who was told of the list failed', 'who was told of a change failed'],
  )
  assert.equal(following.problem(), undefined)
})

test('an object that cannot be read blinds nobody to the others', async t => {
  const api = await startApi(t)
  api.objects.serve(PODS)
  api.objects.put(PODS, 'poison')
  api.objects.put(PODS, 'a')
  const { audience, log } = follow(t, api, {
    keep(object) {
      const name = textAt(object, 'metadata', 'name')
      if (name === 'poison') throw new Error('unreadable')
      return name
    },
  })
  await api.asked(WATCH)
  api.objects.put(PODS, 'poison')
  api.objects.put(PODS, 'b')
  await audience.until('changed b')
  assert.deepEqual(audience.told, ['all a @102', 'lost interest in poison', 'changed b'])
  assert.deepEqual(log.problems[0]?.context, { path: PODS, namespace: '', object: 'poison' })
})

test('a watch that tells nothing for long is taken for dead, and all is listed again', async t => {
  const api = await startApi(t)
  api.objects.serve(PODS)
  const { audience, following, time } = follow(t, api)
  await api.asked(WATCH)
  api.objects.put(PODS, 'a')
  await audience.until('changed a')
  api.objects.mute()
  api.objects.put(PODS, 'b')
  time.advance(99_000)
  const gate = Promise.withResolvers<void>()
  api.once('limit=500', async (_req, res) => {
    await gate.promise
    answer(res, 200, api.objects.list(PODS, {}))
  })
  time.advance(1_000)
  await api.asked('limit=500', 2)
  assert.equal(following.problem(), '/api/v1/pods has to be listed again: the watch went silent')
  gate.resolve()
  await audience.until('all a b @102')
  assert.equal(following.problem(), undefined)
})

test('an API that does not exist has no objects, and is looked for again every minute', async t => {
  const api = await startApi(t)
  const { audience, following, time, log } = follow(t, api)
  await following.listed
  assert.deepEqual(audience.told, ['all  @0'])
  assert.equal(following.problem(), undefined)
  api.objects.serve(PODS)
  api.objects.put(PODS, 'a')
  await time.waiting(60_000)
  time.advance(60_000)
  await audience.until('all a @101')
  assert.deepEqual(log.problems, [])
})

test('what the API server refuses is a problem, told once until it allows it', async t => {
  const api = await startApi(t)
  api.objects.serve(PODS)
  const forbidden = { ...status(403, 'Forbidden'), message: 'pods is forbidden' }
  for (let n = 0; n < 4; n++) api.once('limit=500', (_req, res) => answer(res, 403, forbidden))
  const { following, time, log } = follow(t, api)
  await api.asked('limit=500', 3)
  assert.equal(following.problem(), '/api/v1/pods has not been listed yet: 403 pods is forbidden')
  await following.listed
  assert.deepEqual(
    log.problems.map(({ context }) => context),
    [{ path: PODS, reason: '403 pods is forbidden' }],
  )
  assert.equal(following.problem(), undefined)
  assert.deepEqual(time.pauses, [187.5, 375, 750, 1_500], 'each pause is longer')
})

test('a watch that keeps failing is a problem after a grace, and none when it works', async t => {
  const api = await startApi(t)
  api.objects.serve(PODS)
  const failures = 9
  for (let n = 0; n < failures; n++) {
    api.once(WATCH, (_req, res) => answer(res, 503, status(503, 'ServiceUnavailable', { retryAfterSeconds: 5 })))
  }
  const { following, time, audience } = follow(t, api)
  await api.asked(WATCH, 2)
  assert.equal(following.problem(), undefined)
  await api.asked(WATCH, failures)
  assert.match(String(following.problem()), /\/api\/v1\/pods is not followed: 503 ServiceUnavailable/)
  assert.ok(time.pauses.every(ms => ms >= 5_000))
  await api.asked(WATCH, failures + 1)
  api.objects.put(PODS, 'a')
  await audience.until('changed a')
  assert.equal(following.problem(), undefined)
})

test('whoever has stopped is told nothing more', async t => {
  const api = await startApi(t)
  api.objects.serve(PODS)
  const [stopped, other] = [follow(t, api), follow(t, api)]
  await api.asked(WATCH, 2)
  stopped.following.stop()
  api.objects.put(PODS, 'a')
  await other.audience.until('changed a')
  assert.deepEqual(stopped.audience.told, ['all  @100'])
})
