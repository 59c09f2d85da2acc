import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../../test/support/https.ts'
import { fieldAt, objectAt, textAt } from '../../admission/objects.ts'
import { assembleSound, identityInCluster, type SoundCluster } from '../../admission/sound-cluster.ts'
import { openBooks } from '../../quota/books.ts'
import { manualClock } from '../../quota/testing.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { parsedValue, written } from '../../schema/testing.ts'
import type { ApiServer, Audience, Collection, Follow, Sighting } from '../api-server.ts'
import { reportConditions } from './condition-report.ts'

const PLURALS: ReadonlyMap<string, string> = new Map([
  ['AcceleratorClass', 'acceleratorclasses'],
  ['Cohort', 'cohorts'],
  ['GpuPolicy', 'gpupolicies'],
  ['TenantQuota', 'tenantquotas'],
])

/** As much of an API server as reports meet: objects, watches that are told at once, and statuses that are merged. */
function documentsApi() {
  const objects = new Map<string, JsonObject>()
  const watches: { readonly path: string; tell(object: JsonObject): void }[] = []
  const answers = new Map<string, number>()
  const patched: string[] = []
  let version = 0
  let isWatched = true

  function put(path: string, object: JsonObject): void {
    version += 1
    const metadata = { ...objectAt(object, 'metadata'), resourceVersion: String(version) }
    objects.set(path, { ...object, metadata })
    if (isWatched) tell(path)
  }
  function tell(path: string): void {
    const object = objects.get(path)
    if (object === undefined) return
    for (const watch of watches) if (path.startsWith(`${watch.path}/`)) watch.tell(object)
  }

  const server: ApiServer = {
    async call({ path, body = {} }) {
      patched.push(path)
      const answer = answers.get(path)
      const at = path.replace(/\/status$/, '')
      const object = objects.get(at)
      if (answer !== undefined) return { status: answer, body: { message: `status ${answer}` } }
      if (object === undefined) return { status: 404, body: {} }
      const patch = body as JsonObject
      if (textAt(patch, 'metadata', 'resourceVersion') !== textAt(object, 'metadata', 'resourceVersion')) {
        return { status: 409, body: {} }
      }
      put(at, { ...object, status: { ...objectAt(object, 'status'), ...objectAt(patch, 'status') } })
      return { status: 200, body: {} }
    },
  }
  const follow: Follow = <T>({ path, keep, audience }: Collection<T>) => {
    watches.push({ path, tell: object => audience.changed(sightingOf(object, keep)) })
    const all = [...objects].filter(([at]) => at.startsWith(`${path}/`)).map(([, object]) => sightingOf(object, keep))
    audience.replaced(all.flatMap(known), BigInt(version))
    return { listed: Promise.resolve(), problem: () => undefined, stop: () => void watches.splice(0) }
  }
  return {
    server,
    follow,
    patched,
    answers,
    watched: (is: boolean) => {
      isWatched = is
      if (is) for (const path of objects.keys()) tell(path)
    },
    apply(document: JsonObject, generation = 1): void {
      const path = pathOf(document)
      const status = fieldAt(objects.get(path), 'status')
      const metadata = { ...objectAt(document, 'metadata'), generation, uid: path }
      put(path, { ...document, metadata, ...(status === undefined ? {} : { status }) })
    },
    edit: (document: JsonObject, status: JsonObject) =>
      put(pathOf(document), { ...objects.get(pathOf(document)), status }),
    all: () => [...objects.values()],
    condition(document: JsonObject, type: string): JsonObject | undefined {
      const conditions = fieldAt(objects.get(pathOf(document)), 'status', 'conditions')
      return Array.isArray(conditions) ? conditions.find(one => textAt(one, 'type') === type) : undefined
    },
  }
}

function pathOf(document: JsonObject): string {
  return `/apis/sluice.dev/v1alpha1/${PLURALS.get(String(document.kind))}/${textAt(document, 'metadata', 'name')}`
}

function sightingOf<T>(object: JsonObject, keep: (object: JsonObject) => T | undefined): Sighting<T | undefined> {
  const { name = '', uid = '', resourceVersion = '0' } = objectAt(object, 'metadata') ?? {}
  return {
    uid: String(uid),
    namespace: '',
    name: String(name),
    resourceVersion: BigInt(String(resourceVersion)),
    kept: keep(object),
  }
}

function known<T>(one: Parameters<Audience<T>['changed']>[0]): readonly Sighting<T>[] {
  return one.kept === undefined ? [] : [{ ...one, kept: one.kept }]
}

/** Reports of what is compiled from the objects of the API server, on a clock that stands still. */
function reporting(api: ReturnType<typeof documentsApi>) {
  const clock = manualClock()
  const log = new MemoryLog()
  let sound: SoundCluster | undefined
  const deps = {
    server: api.server,
    follow: api.follow,
    sound: () => sound,
    ledger: {
      book: (tree: string) => (sound === undefined ? undefined : openBooks(sound.cluster.quotas, []).get(tree)),
    },
    clock,
    timer: clock,
    log,
  }
  const rounds = reportConditions(deps)
  return {
    log,
    clock,
    rounds,
    compile(): void {
      const objects = api.all().map(value => ({ at: identityInCluster({ value }), value }))
      sound = parsedValue(assembleSound([], objects, sound?.objects))
      rounds.hasten()
    },
    /** Lets so many rounds come, one after the other. */
    async rest(times = 1): Promise<void> {
      for (let round = 0; round < times; round += 1) {
        clock.advance(5_000)
        await new Promise(resolve => setImmediate(resolve))
      }
    },
  }
}

const cohort = written('Cohort', 'lab', { classes: [] })
const policy = (expression: string) => written('GpuPolicy', 'p', { validate: [{ expression }] })

test('every document is told what became of it, once, and nothing is written that is equal', async () => {
  const api = documentsApi()
  const reports = reporting(api)
  api.apply(cohort)
  api.apply(policy('!'))
  reports.compile()
  await reports.rest()
  assert.equal(api.condition(cohort, 'Ready')?.status, 'True')
  assert.deepEqual(
    ['Ready', 'Accepted', 'Compiled'].map(type => api.condition(policy(''), type)?.status),
    ['False', 'False', 'False'],
  )
  assert.equal(api.patched.length, 2)
  await reports.rest(3)
  assert.equal(api.patched.length, 2)
})

test('a change is told under its own generation, and not before it was compiled', async () => {
  const api = documentsApi()
  const reports = reporting(api)
  api.apply(policy('!'))
  reports.compile()
  await reports.rest()
  api.apply(policy('true'), 2)
  await reports.rest(2)
  assert.equal(api.condition(policy(''), 'Ready')?.observedGeneration, 1)
  reports.compile()
  await reports.rest()
  const ready = api.condition(policy(''), 'Ready')
  assert.deepEqual([ready?.status, ready?.observedGeneration], ['True', 2])
})

test('a status that somebody edits is told anew, and conditions of others stay', async () => {
  const api = documentsApi()
  const reports = reporting(api)
  api.apply(cohort)
  reports.compile()
  await reports.rest()
  const foreign = {
    type: 'Healthy',
    status: 'True',
    reason: 'Seen',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  api.edit(cohort, { conditions: [foreign] })
  await reports.rest()
  assert.deepEqual(
    ['Ready', 'Healthy'].map(type => api.condition(cohort, type)?.status),
    ['True', 'True'],
  )
})

test('what was outrun waits until the change is told', async () => {
  const api = documentsApi()
  const reports = reporting(api)
  api.apply(cohort)
  reports.compile()
  api.watched(false)
  api.edit(cohort, {})
  await reports.rest(3)
  assert.equal(api.patched.length, 1)
  assert.equal(api.condition(cohort, 'Ready'), undefined)
  api.watched(true)
  await reports.rest()
  assert.equal(api.condition(cohort, 'Ready')?.status, 'True')
  assert.deepEqual(reports.log.problems, [])
})

test('a document that is gone is no problem; a refusal is told, keeps nobody waiting, and is tried again a minute later', async () => {
  const api = documentsApi()
  const reports = reporting(api)
  api.apply(cohort)
  api.apply(policy('true'))
  reports.compile()
  const path = `${pathOf(cohort)}/status`
  api.answers.set(path, 403)
  await reports.rest(3)
  assert.deepEqual(
    reports.log.problems.map(({ context }) => context),
    [{ path, status: 403 }],
  )
  assert.equal(api.condition(policy(''), 'Ready')?.status, 'True')
  api.answers.delete(path)
  await reports.rest(12)
  assert.equal(api.condition(cohort, 'Ready')?.status, 'True')
})

test('thousands are written at a bounded pace, and all in the end', async () => {
  const api = documentsApi()
  const reports = reporting(api)
  const many = Array.from({ length: 180 }, (_, index) => written('Cohort', `c${index}`, { classes: [] }))
  for (const one of many) api.apply(one)
  reports.compile()
  await reports.rest()
  assert.equal(api.patched.length, 50)
  await reports.rest(3)
  assert.equal(api.patched.length, 180)
  assert.ok(many.every(one => api.condition(one, 'Ready')?.status === 'True'))
})

test('whoever is no leader any longer tells nothing', async () => {
  const api = documentsApi()
  const reports = reporting(api)
  api.apply(cohort)
  reports.compile()
  reports.rounds.stop()
  await reports.rest(3)
  assert.deepEqual(api.patched, [])
})
