import assert from 'node:assert/strict'
import { test } from 'node:test'
import { objectAt, textAt } from '../../admission/objects.ts'
import { manualClock } from '../../quota/testing.ts'
import { failed, type Parsed, parsed } from '../../schema/parsed.ts'
import { isList, isObject, type JsonObject } from '../../schema/parts.ts'
import type { ApiAnswer, ApiCall, Audience } from '../api-server.ts'
import { registration } from './registration.ts'
import { unregister } from './unregister.ts'
import { MUTATING_PATH, VALIDATING_PATH } from './webhook-configuration.ts'

const MUTATING = `${MUTATING_PATH}/sluice`
const VALIDATING = `${VALIDATING_PATH}/sluice`

function wantedWith(expression: string, clientConfig: JsonObject = {}): readonly JsonObject[] {
  const webhooks = [{ name: 'pods.sluice.dev', clientConfig, objectSelector: {}, expression }]
  return ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'].map(kind => ({
    kind,
    metadata: { name: 'sluice', labels: { app: 'sluice' } },
    webhooks,
  }))
}

/** The API server's part: an apply merges webhooks by name and leaves fields of others, a replacement is the whole. */
function apiWith(objects: Map<string, JsonObject>) {
  const audiences = new Map<string, Audience<JsonObject>>()
  const calls: string[] = []
  let version = 0n
  let refusal: ApiAnswer | undefined

  function store(path: string, object: JsonObject | undefined): JsonObject {
    version++
    const before = objects.get(path)
    const stored = { ...object, metadata: { ...objectAt(object, 'metadata'), resourceVersion: String(version) } }
    const one = { uid: 'u', namespace: '', name: 'sluice', resourceVersion: version }
    const audience = audiences.get(path.slice(0, path.lastIndexOf('/')))
    if (object === undefined) objects.delete(path)
    else objects.set(path, stored)
    // The watch tells it later than the answer does.
    queueMicrotask(() => {
      if (object === undefined) audience?.removed({ ...one, kept: before })
      else audience?.changed({ ...one, kept: stored })
    })
    return stored
  }

  return {
    calls,
    store,
    refuse(answer: ApiAnswer | undefined) {
      refusal = answer
    },
    async call({ method, path, body }: ApiCall): Promise<ApiAnswer> {
      calls.push(`${method} ${path === MUTATING ? 'mutating' : 'validating'}`)
      if (refusal !== undefined) return refusal
      if (method === 'DELETE') {
        if (!objects.has(path)) return { status: 404, body: {} }
        store(path, undefined)
        return { status: 200, body: {} }
      }
      assert.ok(isObject(body))
      return { status: 200, body: store(path, method === 'PUT' ? body : merged(objects.get(path), body)) }
    },
    follow<T>({
      path,
      keep,
      audience,
    }: {
      path: string
      keep: (o: JsonObject) => T | undefined
      audience: Audience<T>
    }) {
      // Everything is kept here, so that the audience of T is one of objects.
      audiences.set(path, audience as unknown as Audience<JsonObject>)
      const object = objects.get(`${path}/sluice`)
      const kept = object === undefined ? undefined : keep(object)
      const all =
        kept === undefined ? [] : [{ uid: 'u', namespace: '', name: 'sluice', resourceVersion: version, kept }]
      queueMicrotask(() => audience.replaced(all, version))
      return { listed: Promise.resolve(), problem: () => undefined, stop: () => void audiences.delete(path) }
    },
  }
}

function merged(live: JsonObject | undefined, applied: JsonObject): JsonObject {
  const before = new Map(webhooksIn(live).map(webhook => [textAt(webhook, 'name'), webhook]))
  const webhooks = webhooksIn(applied).map(webhook => {
    const theirs = before.get(textAt(webhook, 'name'))
    const selector = { ...objectAt(theirs, 'objectSelector'), ...objectAt(webhook, 'objectSelector') }
    const clientConfig = { ...objectAt(theirs, 'clientConfig'), ...objectAt(webhook, 'clientConfig') }
    return { ...webhook, objectSelector: selector, clientConfig }
  })
  return { ...applied, metadata: { ...objectAt(live, 'metadata'), ...objectAt(applied, 'metadata') }, webhooks }
}

function webhooksIn(configuration: JsonObject | undefined): readonly JsonObject[] {
  const { webhooks = [] } = configuration ?? {}
  return isList(webhooks) ? webhooks.filter(isObject) : []
}

/** Everything that was started has been done, as long as no time has to pass. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
}

interface Start {
  readonly there?: readonly (readonly [string, JsonObject])[]
  readonly answers?: Parsed<void>
}

async function started(options: Start = {}) {
  const objects = new Map<string, JsonObject>(options.there ?? [])
  const api = apiWith(objects)
  const clock = manualClock()
  const told: boolean[] = []
  const problems: string[] = []
  const state: { wanted: readonly JsonObject[]; answers: Parsed<void>; tests: number } = {
    wanted: wantedWith('one'),
    answers: options.answers ?? parsed(undefined),
    tests: 0,
  }
  const registering = registration({
    api,
    follow: api.follow,
    wanted: () => parsed(state.wanted),
    selfTest: async () => {
      state.tests++
      return state.answers
    },
    observer: { registered: ok => void told.push(ok) },
    clock,
    timer: clock,
    log: { event() {}, problem: (_, cause) => void problems.push(String(cause)) },
  })
  await settled()
  const pass = async (ms = 5_000) => {
    clock.advance(ms)
    await settled()
  }
  return { objects, api, told, problems, state, registering, pass }
}

function expressionAt(object: JsonObject | undefined): string | undefined {
  return textAt(webhooksIn(object)[0], 'expression')
}

test('the webhooks are registered once the service answers, and not before', async () => {
  const { api, objects, told, problems, state, pass } = await started({
    answers: failed({ at: 'service', problem: 'refuses connections' }),
  })
  assert.deepEqual(api.calls, [])
  assert.deepEqual(told, [false])
  assert.match(problems.join(), /refuses connections/)

  state.answers = parsed(undefined)
  await pass()
  assert.deepEqual([...objects.keys()], [MUTATING, VALIDATING])
  assert.deepEqual(told.at(-1), true)
  assert.equal(state.tests, 2)
  await pass()
  assert.deepEqual(api.calls, ['PATCH mutating', 'PATCH validating'], 'what is equal is not written')
  assert.equal(state.tests, 2)
})

test('what is wanted now is written, and only where it differs', async () => {
  const { api, objects, state, registering, pass } = await started()
  api.calls.length = 0
  const [mutating, validating] = wantedWith('two')
  assert.ok(mutating !== undefined && validating !== undefined)
  state.wanted = [...wantedWith('one').slice(0, 1), validating]
  registering.refresh()
  await pass()
  assert.deepEqual(api.calls, ['PATCH validating'])
  assert.equal(expressionAt(objects.get(VALIDATING)), 'two')
})

test('an edit and a deletion are undone, also where an apply would leave what somebody added', async () => {
  const { api, objects, pass } = await started()
  api.calls.length = 0
  const [webhook] = webhooksIn(objects.get(VALIDATING))
  const bypass = { matchLabels: { 'nobody-has': 'this' } }
  api.store(VALIDATING, { ...objects.get(VALIDATING), webhooks: [{ ...webhook, objectSelector: bypass }] })
  await pass()
  assert.deepEqual(api.calls, ['PATCH validating', 'PUT validating'])
  assert.deepEqual(objectAt(webhooksIn(objects.get(VALIDATING))[0], 'objectSelector'), {})

  api.store(MUTATING, undefined)
  await pass()
  assert.ok(objects.has(MUTATING))
})

test('whoever fights over it does so at a pace', async () => {
  const { api, objects, pass } = await started()
  api.calls.length = 0
  for (let edit = 0; edit < 20; edit++) {
    api.store(VALIDATING, { ...objects.get(VALIDATING), webhooks: [] })
    await pass(1_000)
  }
  assert.ok(api.calls.length <= 5, `${api.calls.length} writes in 20 s`)
})

test('a configuration that is marked unmanaged is left alone', async () => {
  const annotations = { 'sluice.dev/unmanaged': 'true' }
  const there = { kind: 'ValidatingWebhookConfiguration', metadata: { name: 'sluice', annotations }, webhooks: [] }
  const { api, told } = await started({ there: [[VALIDATING, there]] })
  assert.deepEqual(api.calls, ['PATCH mutating'])
  assert.deepEqual(told, [true])
})

test('a CA that somebody else writes in stays, and ours is kept as it is wanted', async () => {
  const { api, objects, state, registering, pass } = await started()
  api.calls.length = 0
  const [webhook] = webhooksIn(objects.get(VALIDATING))
  const injected = { ...webhook, clientConfig: { caBundle: 'injected' } }
  api.store(VALIDATING, { ...objects.get(VALIDATING), webhooks: [injected] })
  await pass()
  assert.deepEqual(api.calls, [])

  api.store(VALIDATING, { ...objects.get(VALIDATING), webhooks: [{ ...injected, objectSelector: { a: 'b' } }] })
  await pass()
  assert.equal(textAt(webhooksIn(objects.get(VALIDATING))[0], 'clientConfig', 'caBundle'), 'injected')

  state.wanted = wantedWith('one', { caBundle: 'ours' })
  registering.refresh()
  await pass()
  assert.equal(textAt(webhooksIn(objects.get(VALIDATING))[0], 'clientConfig', 'caBundle'), 'ours')
})

test('a refusal is told and tried again', async () => {
  const { api, told, problems, pass, state, registering } = await started()
  api.refuse({ status: 403, body: { message: 'not allowed' } })
  state.wanted = wantedWith('two')
  registering.refresh()
  await pass()
  assert.equal(told.at(-1), false)
  assert.match(problems.join(), /403: not allowed/)
  api.refuse(undefined)
  await pass()
  assert.equal(told.at(-1), true)
})

test('who has stopped writes nothing', async () => {
  const { api, objects, registering, pass } = await started()
  api.calls.length = 0
  registering.stop()
  objects.clear()
  registering.refresh()
  await pass()
  assert.deepEqual(api.calls, [])
})

test('unregistering deletes both, and what is gone already is no error', async () => {
  const { api, objects } = await started()
  assert.deepEqual(await unregister(api), parsed([VALIDATING, MUTATING]))
  assert.equal(objects.size, 0)
  assert.deepEqual(await unregister(api), parsed([]))
  api.refuse({ status: 403, body: { message: 'not allowed' } })
  assert.equal((await unregister(api)).ok, false)
})
