import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../../quota/testing.ts'
import { admission, clusterOf, ownersApi, type TestOwner } from '../testing.ts'
import { refusedOwners } from './refused.ts'
import { RETRY_ANNOTATION, touch } from './touch.ts'

const OWNER: TestOwner = { tenant: 'a', name: 'web' }

/** An owner that was refused at 0, touched at one minute. */
async function refusedOwner() {
  const clock = manualClock()
  const refused = refusedOwners({ clock, observer: { unwakeable() {}, reached() {} } })
  const { attempt } = admission(clusterOf({ burst: 1, tenants: { a: {} } }), refused, clock)
  await attempt(undefined)
  await attempt(OWNER)
  const [one] = refused.byTenant().get('a') ?? []
  assert.ok(one !== undefined)
  clock.advance(60_000)
  const owners = ownersApi()
  return { ...owners, clock, one, touch: () => touch(one, { api: owners.api, clock }) }
}

test('an owner is touched by an annotation that says when, as it was read, and asked for nothing but metadata', async () => {
  const { add, touch: wake, calls } = await refusedOwner()
  add(OWNER, { annotations: { kept: 'yes' } })
  assert.deepEqual(await wake(), { kind: 'woken' })
  const path = '/apis/apps/v1/namespaces/a/replicasets/web'
  const call = { path, isMetadataEnough: true, timeoutMs: 5_000 }
  const annotations = { [RETRY_ANNOTATION]: '1970-01-01T00:01:00.000Z' }
  const body = { metadata: { resourceVersion: '1', annotations } }
  assert.deepEqual(calls, [
    { ...call, method: 'GET' },
    { ...call, method: 'PATCH', patch: 'merge', body },
  ])
})

test('what another replica did a moment ago is not done again; what is older, or nonsense, is', async () => {
  const cases: readonly (readonly [string, string])[] = [
    ['1970-01-01T00:00:56Z', 'recent'],
    ['1970-01-01T00:01:04Z', 'recent'],
    ['1970-01-01T00:00:55Z', 'woken'],
    ['9999-12-31T23:59:59Z', 'woken'],
    ['now', 'woken'],
  ]
  for (const [value, want] of cases) {
    const { add, touch: wake, patches } = await refusedOwner()
    add(OWNER, { annotations: { [RETRY_ANNOTATION]: value } })
    assert.equal((await wake()).kind, want, value)
    assert.equal(patches().length, want === 'woken' ? 1 : 0, value)
  }
})

test('one that is deleted, being deleted, or has become another is gone, and not written to', async () => {
  for (const metadata of [undefined, { uid: 'another' }, { deletionTimestamp: '1970-01-01T00:00:01Z' }]) {
    const { add, touch: wake, patches } = await refusedOwner()
    if (metadata !== undefined) add(OWNER, metadata)
    assert.deepEqual([await wake(), patches()], [{ kind: 'gone' }, []])
  }
})

test('every other answer is an outcome, and so is none', async () => {
  const cases = [
    ['GET', 403, { kind: 'forbidden', message: '403 status 403' }],
    ['PATCH', 403, { kind: 'forbidden', message: '403 status 403' }],
    ['PATCH', 404, { kind: 'gone' }],
    ['PATCH', 409, { kind: 'conflict' }],
    ['GET', 429, { kind: 'failed', message: '429 status 429' }],
    ['PATCH', 500, { kind: 'failed', message: '500 status 500' }],
    ['GET', new Error('socket hang up'), { kind: 'failed', message: 'socket hang up' }],
  ] as const
  for (const [method, answer, want] of cases) {
    const { add, disturb, touch: wake } = await refusedOwner()
    add(OWNER)
    disturb(method, OWNER, answer)
    assert.deepEqual(await wake(), want)
  }
})
