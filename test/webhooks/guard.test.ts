import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assembleCluster } from '../../src/admission/cluster.ts'
import type { AdmissionResponse } from '../../src/admission/response.ts'
import { placed } from '../../src/admission/testing.ts'
import { readClusterFolder } from '../../src/config/cluster-folder.ts'
import { shippedLibrary } from '../../src/config/root.ts'
import { readObjects } from '../../src/config/yaml-objects.ts'
import { openBooks } from '../../src/quota/books.ts'
import { amounts, STAMP } from '../../src/quota/testing.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { parsedValue, written } from '../../src/schema/testing.ts'
import { type GuardDeps, validateObjects } from '../../webhooks/validate-objects.ts'
import { type Received, send, serve, type TestServer } from '../support/https.ts'
import { QUOTAS, responseOf, reviewOf } from '../support/webhook-service.ts'

const SELF = 'system:serviceaccount:sluice-system:sluice'
const PLURALS: ReadonlyMap<string, string> = new Map([
  ['Cohort', 'cohorts'],
  ['GpuPolicy', 'gpupolicies'],
  ['QuotaLedger', 'quotaledgers'],
  ['TenantQuota', 'tenantquotas'],
])

const LAYERS = [parsedValue(readClusterFolder(shippedLibrary())), readObjects(QUOTAS, 'live').objects]
const CLUSTER = parsedValue(assembleCluster(...LAYERS))

/** The guard of a cluster with the shipped library and two tenants, of which one uses four GPUs. */
function guard(t: Parameters<typeof serve>[0], reread?: GuardDeps['reread']): Promise<TestServer> {
  const charge = {
    ...STAMP,
    uid: 'u',
    tenant: 'team-a',
    tier: 'reserved',
    amounts: amounts({ h100: 4_000 }),
    gang: null,
  } as const
  const books = openBooks(CLUSTER.quotas, [charge])
  const deps = {
    cluster: () => CLUSTER,
    layers: () => LAYERS,
    ledger: { book: (tree: string) => books.get(tree) },
    isSelf: ({ username }: { readonly username?: string }) => username === SELF,
    ...(reread === undefined ? {} : { reread }),
  }
  return serve(t, { endpoints: [validateObjects(deps)] })
}

type Operation = 'CREATE' | 'UPDATE' | 'DELETE'

function review(operation: Operation, kind: string, parts: JsonObject, object: JsonObject | null = null): JsonObject {
  return reviewOf(object, {
    operation,
    request: {
      kind: { group: 'sluice.dev', version: 'v1alpha1', kind },
      resource: { group: 'sluice.dev', version: 'v1alpha1', resource: PLURALS.get(kind) ?? 'others' },
      userInfo: { username: 'platform', groups: ['system:authenticated'] },
      ...parts,
    },
  })
}

async function answered(server: TestServer, body: JsonObject): Promise<AdmissionResponse> {
  return responseOf(await post(server, JSON.stringify(body)))
}

function post(server: TestServer, body: string): Promise<Received> {
  return send(server, { path: '/validate/objects?timeout=10s', body })
}

describe('POST /validate/objects', () => {
  test('refuses nothing for what the watch has not brought yet', async t => {
    const later = written('Cohort', 'later', { classes: [{ class: 'h100', capacity: { gpus: 8 } }] })
    const tenant = written('TenantQuota', 'newcomer', { cohort: 'later', namespaces: ['new'], classes: [] })
    const create = review('CREATE', 'TenantQuota', {}, tenant)
    let reads = 0
    const server = await guard(t, async () => {
      reads += 1
      return [...LAYERS, placed([later], 'API server')]
    })
    assert.equal((await answered(server, create)).allowed, true)
    assert.equal(reads, 1)
    // What is accepted by what was heard is not read again.
    const known = written('TenantQuota', 'other', { cohort: 'lab', namespaces: ['other'], classes: [] })
    assert.equal((await answered(server, review('CREATE', 'TenantQuota', {}, known))).allowed, true)
    assert.equal(reads, 1)
    assert.equal((await answered(await guard(t), create)).allowed, false)
  })

  test('refuses a policy that does not compile as kubectl prints it: a cause with the field, and line and column', async t => {
    const server = await guard(t)
    const policy = written('GpuPolicy', 'images', {
      validate: [{ expression: 'object.spec.containers.all(c,\n  c.image.startsWth("x"))' }],
    })
    const { allowed, status } = await answered(server, review('CREATE', 'GpuPolicy', {}, policy))
    assert.equal(allowed, false)
    assert.deepEqual([status?.code, status?.reason], [422, 'Invalid'])
    assert.deepEqual([status?.details?.kind, status?.details?.name], ['GpuPolicy', 'images'])
    const [cause] = status?.details?.causes ?? []
    assert.equal(cause?.field, 'spec.validate[0].expression')
    assert.match(cause?.message ?? '', /^\[SLU-E202\] line 2, column \d+: /)
    assert.match(status?.message ?? '', /^\[SLU-E202\] spec\.validate\[0\]\.expression: line 2, column/)
    assert.deepEqual(
      server.log.decisions.map(({ webhook, verdict, kind, name, user, codes }) => [
        webhook,
        verdict,
        kind,
        name,
        user,
        codes,
      ]),
      [['guard', 'denied', 'GpuPolicy', 'images', 'platform', ['SLU-E202']]],
    )
  })

  test('lets a document through that fits, and the shipped ones count as there', async t => {
    const server = await guard(t)
    const quota = written('TenantQuota', 'team-c', {
      namespaces: ['team-c'],
      cohort: 'lab',
      classes: [{ class: 'a100-80gb' }],
    })
    assert.deepEqual(
      { ...(await answered(server, review('CREATE', 'TenantQuota', {}, quota))), uid: '' },
      { uid: '', allowed: true },
    )
  })

  test('tells what a smaller quota leaves standing, in lines that kubectl prints', async t => {
    const server = await guard(t)
    const classes = [{ class: 'h100', reserved: 1, shared: {}, burst: {}, lendingLimit: 0 }]
    const quota = written('TenantQuota', 'team-a', { namespaces: ['team-a'], cohort: 'lab', classes })
    const { allowed, warnings = [] } = await answered(server, review('UPDATE', 'TenantQuota', {}, quota))
    assert.equal(allowed, true)
    assert.match(
      warnings[0] ?? '',
      /^team-a has 4 h100 in reserved use, and would be allowed 1: 3 stay until pods end$/,
    )
    for (const warning of warnings) assert.match(warning, /^[\x20-\x7e]{1,120}$/)
  })

  test('refuses the end of what is in use as forbidden: it may go later', async t => {
    const server = await guard(t)
    const oldObject = written('Cohort', 'lab', { classes: [] })
    // A deletecollection names its objects only there.
    const { status } = await answered(server, review('DELETE', 'Cohort', { oldObject }))
    assert.deepEqual([status?.code, status?.reason], [403, 'Forbidden'])
    assert.match(
      status?.message ?? '',
      /^\[SLU-E210\] Cohort lab is in use by TenantQuota team-a, TenantQuota team-b$/m,
    )
  })

  test('looks at no document whose update changes metadata or status alone', async t => {
    const server = await guard(t)
    // Nothing would let this one pass if it were judged.
    const broken = written('GpuPolicy', 'broken', { validate: [{ expression: '!' }] })
    const object = { ...broken, metadata: { name: 'broken', labels: { a: 'b' } }, status: { conditions: [] } }
    const response = await answered(server, review('UPDATE', 'GpuPolicy', { oldObject: broken }, object))
    assert.deepEqual({ ...response, uid: '' }, { uid: '', allowed: true })
  })

  test('lets a document go that is on its way out, whatever it has become', async t => {
    const server = await guard(t)
    const going = { name: 'going', deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [] }
    const object = { ...written('GpuPolicy', 'going', { validate: [{ expression: '!' }] }), metadata: going }
    const oldObject = written('GpuPolicy', 'going', {})
    assert.equal((await answered(server, review('UPDATE', 'GpuPolicy', { oldObject }, object))).allowed, true)
  })

  test('keeps everybody but Sluice from its ledgers', async t => {
    const server = await guard(t)
    const ledger = {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'QuotaLedger',
      metadata: { name: 'lab' },
      spec: { format: 1, charges: '' },
    }
    const oldObject = { ...ledger, spec: { format: 1, charges: 'before' } }
    const by = (username: string) =>
      answered(server, review('UPDATE', 'QuotaLedger', { oldObject, userInfo: { username } }, ledger))
    assert.equal((await by(SELF)).allowed, true)
    const { allowed, status } = await by('platform')
    assert.deepEqual([allowed, status?.code], [false, 403])
    assert.match(status?.message ?? '', /^\[SLU-E220\] /)
    assert.equal((await answered(server, review('DELETE', 'QuotaLedger', { oldObject: ledger }))).allowed, false)
  })
})

describe('hostile input', () => {
  const refusedWith400 = [
    { name: 'no object', body: JSON.stringify(review('CREATE', 'GpuPolicy', {})), says: /request\.object: is missing/ },
    {
      name: 'a delete of nothing',
      body: JSON.stringify(review('DELETE', 'GpuPolicy', {})),
      says: /request\.name: is missing/,
    },
    {
      name: 'a pod',
      body: JSON.stringify(reviewOf({ kind: 'Pod', metadata: { name: 'p' } })),
      says: /reviews sluice\.dev alone/,
    },
    { name: 'a list', body: '[]', says: /object of sluice\.dev/ },
  ]
  for (const { name, body, says } of refusedWith400) {
    test(`${name} is answered with 400 and what is wrong`, async t => {
      const { status, text } = await post(await guard(t), body)
      assert.equal(status, 400)
      assert.match(JSON.parse(text).message, says)
    })
  }

  const invalid = [
    {
      name: 'an unknown kind',
      kind: 'Gpu',
      object: { kind: 'Gpu', apiVersion: 'sluice.dev/v1alpha1', metadata: { name: 'x' } },
      says: /kind "Gpu" is unknown/,
    },
    {
      name: 'a kind that every object has',
      kind: 'constructor',
      object: { kind: 'constructor', apiVersion: 'sluice.dev/v1alpha1', metadata: { name: 'x' } },
      says: /kind "constructor" is unknown/,
    },
    {
      name: 'another version',
      kind: 'GpuPolicy',
      object: { ...written('GpuPolicy', 'x', {}), apiVersion: 'sluice.dev/v9' },
      says: /apiVersion "sluice\.dev\/v9" is not served/,
    },
    {
      name: 'no spec',
      kind: 'GpuPolicy',
      object: { apiVersion: 'sluice.dev/v1alpha1', kind: 'GpuPolicy', metadata: { name: 'x' } },
      says: /"spec" is missing/,
    },
    {
      name: 'ten thousand terms of CEL',
      kind: 'GpuPolicy',
      object: written('GpuPolicy', 'x', {
        validate: [{ expression: Array.from({ length: 10_000 }, () => 'a').join('+') }],
      }),
      says: /must NOT have more than 16384 characters/,
    },
    {
      name: 'as many terms as fit',
      kind: 'GpuPolicy',
      object: written('GpuPolicy', 'x', {
        validate: [{ expression: Array.from({ length: 2_700 }, () => 'true').join('&&') }],
      }),
      says: /Exceeded maxAstNodes/,
    },
    {
      name: 'three megabytes',
      kind: 'GpuPolicy',
      object: written('GpuPolicy', 'x', { description: 'x'.repeat(3 * 1024 * 1024) }),
      says: /must NOT have more than 2048 characters/,
    },
  ]
  for (const { name, kind, object, says } of invalid) {
    test(`${name} is invalid, and said so in few words`, async t => {
      const { allowed, status } = await answered(await guard(t), review('CREATE', kind, {}, object))
      assert.equal(allowed, false)
      assert.equal(status?.code, 422)
      assert.match(status?.message ?? '', says)
      assert.ok((status?.message ?? '').length <= 1_000)
      for (const { message } of status?.details?.causes ?? []) assert.ok(message.length <= 512)
    })
  }

  test('keys that every object inherits are fields like others', async t => {
    const server = await guard(t)
    const spec =
      '{"__proto__":{"suspend":true},"constructor":{"prototype":{"polluted":1}},"validate":[{"expression":"!"}]}'
    const policy = JSON.stringify(written('GpuPolicy', 'x', {})).replace('"spec":{}', `"spec":${spec}`)
    const body = JSON.stringify(review('CREATE', 'GpuPolicy', {}, {})).replace('"object":{}', `"object":${policy}`)
    const { allowed, status } = responseOf(await post(server, body))
    assert.equal(allowed, false)
    assert.match(status?.message ?? '', /unknown field "(__proto__|constructor)"/)
    assert.equal(Reflect.get({}, 'polluted'), undefined)
  })

  test('text of a document does not reach a terminal raw', async t => {
    const { status } = await answered(
      await guard(t),
      review('CREATE', 'TenantQuota', {}, written('TenantQuota', 'x', { cohort: '\u001b[2J\u202e', classes: [] })),
    )
    assert.match(status?.message ?? '', /^[\x20-\x7e\n]+$/)
  })

  test('none of it was a problem of ours', async t => {
    const server = await guard(t)
    for (const { body } of refusedWith400) await post(server, body)
    for (const { kind, object } of invalid) await answered(server, review('CREATE', kind, {}, object))
    assert.deepEqual(server.log.problems, [])
  })
})

test('two documents of one name are the same: an update takes the place of what is there', async t => {
  const server = await guard(t)
  const same = placed(readObjects(QUOTAS, 'live').objects.map(({ value }) => value)).filter(
    ({ value }) => value.kind === 'Cohort',
  )
  for (const { value } of same)
    assert.equal((await answered(server, review('UPDATE', 'Cohort', {}, value))).allowed, true)
})
