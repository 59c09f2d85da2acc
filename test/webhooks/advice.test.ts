import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assembleCluster } from '../../src/admission/cluster.ts'
import { exemptNamespaces } from '../../src/admission/exempt.ts'
import type { AdmissionResponse } from '../../src/admission/response.ts'
import { readClusterFolder } from '../../src/config/cluster-folder.ts'
import { shippedLibrary } from '../../src/config/root.ts'
import { readObjects } from '../../src/config/yaml-objects.ts'
import { openBooks } from '../../src/quota/books.ts'
import { amounts, STAMP } from '../../src/quota/testing.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { parsedValue } from '../../src/schema/testing.ts'
import { adviseWorkloads } from '../../webhooks/advise-workloads.ts'
import { send, serve, type TestServer } from '../support/https.ts'
import { gpuPod, NAMESPACE, QUOTAS, responseOf, reviewOf } from '../support/webhook-service.ts'

const POLICY = `${QUOTAS}---
apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: images}
spec:
  validate:
  - code: PLAT-010
    expression: object.spec.containers.all(c, c.image.startsWith('registry.example.com/'))
    message: images come from registry.example.com
`

const CLUSTER = parsedValue(
  assembleCluster(parsedValue(readClusterFolder(shippedLibrary())), readObjects(POLICY, 'live').objects),
)

/** team-b holds its four reserved and four of the burst; team-a nothing. */
function advisor(t: Parameters<typeof serve>[0], clock = { now: () => performance.now() }): Promise<TestServer> {
  const books = openBooks(CLUSTER.quotas, [
    { ...STAMP, uid: 'r', tenant: 'team-b', tier: 'reserved', amounts: amounts({ h100: 4_000 }), gang: null },
    { ...STAMP, uid: 'b', tenant: 'team-b', tier: 'burst', amounts: amounts({ h100: 4_000 }), gang: null },
  ])
  const ledger = { book: (tree: string) => books.get(tree) }
  const deps = { cluster: () => CLUSTER, exempt: exemptNamespaces([]), ledger, clock }
  return serve(t, { endpoints: [adviseWorkloads(deps)], clock })
}

function template(gpus: number, image = 'registry.example.com/x:1'): JsonObject {
  const { spec = {} } = gpuPod(gpus)
  const limits = gpus === 0 ? {} : { 'nvidia.com/gpu': String(gpus) }
  return {
    metadata: {},
    spec: { ...(spec as JsonObject), containers: [{ name: 'main', image, resources: { limits } }] },
  }
}

function deployment(replicas: number, podTemplate: JsonObject, metadata: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'serve', ...metadata },
    spec: { replicas, template: podTemplate },
  }
}

function jobSet(jobs: readonly { readonly name: string; readonly template: JsonObject }[]): JsonObject {
  const replicatedJobs = jobs.map(job => ({
    name: job.name,
    replicas: 1,
    template: { spec: { template: job.template } },
  }))
  return {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata: { name: 'train' },
    spec: { replicatedJobs },
  }
}

interface Sent {
  readonly namespace?: string
  readonly oldObject?: JsonObject
}

async function advised(
  server: TestServer,
  object: JsonObject,
  { namespace = NAMESPACE, oldObject }: Sent = {},
): Promise<AdmissionResponse> {
  const [group = '', version = ''] = String(object.apiVersion).split('/')
  const kind = { group, version, kind: String(object.kind) }
  const resource = { group, version, resource: `${String(object.kind).toLowerCase()}s` }
  const operation = oldObject === undefined ? 'CREATE' : 'UPDATE'
  const body = reviewOf(object, { namespace, operation, oldObject: oldObject ?? null, request: { kind, resource } })
  const response = responseOf(await send(server, { path: '/advise/workloads?timeout=3s', body: JSON.stringify(body) }))
  assert.equal(response.allowed, true)
  assert.equal(response.patch, undefined)
  return response
}

async function warned(...question: Parameters<typeof advised>): Promise<readonly string[]> {
  const { warnings = [] } = await advised(...question)
  assert.ok(warnings.length <= 5)
  for (const warning of warnings) assert.match(warning, /^[\x20-\x7e]{1,120}$/)
  return warnings
}

describe('POST /advise/workloads', () => {
  test('tells the author of a workload what its pods will be told, by the same codes', async t => {
    const server = await advisor(t)
    const warnings = await warned(server, deployment(1, template(15, 'evil.example.org/x:1')))
    assert.match(warnings[0] ?? '', /^\[PLAT-010\] would be refused: images come from registry\.example\.com$/)
    assert.match(warnings[1] ?? '', /^\[SLU-Q202\] would be refused: exceeded quota: team-a/)
    const [decision] = server.log.decisions
    assert.deepEqual(
      [decision?.webhook, decision?.verdict, decision?.kind, decision?.codes],
      ['advise', 'allowed', 'Deployment', ['PLAT-010', 'SLU-Q202']],
    )
  })

  test('judges the pods one after the other, as the controller will create them', async t => {
    const warnings = await warned(await advisor(t), deployment(9, template(2)))
    assert.match(warnings[0] ?? '', /^\[SLU-Q20[12]\] would be refused: exceeded quota/)
    assert.ok(warnings.includes('4 of 9 pods fit'), warnings.join('\n'))
  })

  test('charges nothing, however often it is asked', async t => {
    const server = await advisor(t)
    const first = await warned(server, deployment(9, template(2)))
    for (let times = 0; times < 3; times += 1) assert.deepEqual(await warned(server, deployment(9, template(2))), first)
  })

  test('names the template where others of the workload are well', async t => {
    const bad = template(1, 'evil.example.org/x:1')
    const server = await advisor(t)
    assert.deepEqual(
      await warned(
        server,
        jobSet([
          { name: 'driver', template: template(1) },
          { name: 'worker', template: bad },
        ]),
      ),
      ['[PLAT-010] worker would be refused: images come from registry.example.com'],
    )
    assert.deepEqual(
      await warned(
        server,
        jobSet([
          { name: 'driver', template: bad },
          { name: 'worker', template: bad },
        ]),
      ),
      ['[PLAT-010] would be refused: images come from registry.example.com'],
    )
  })

  test('says nothing where all is well, nor of what has no accelerators, nor in a namespace that is exempt', async t => {
    const server = await advisor(t)
    assert.deepEqual(await warned(server, deployment(2, template(1))), [])
    assert.deepEqual(await warned(server, deployment(2, template(0, 'nginx'))), [])
    assert.deepEqual(await warned(server, deployment(1, template(99)), { namespace: 'kube-system' }), [])
    assert.deepEqual(
      server.log.decisions.map(({ verdict }) => verdict),
      ['allowed', 'not-gpu', 'exempt'],
    )
  })

  test('knows the pods of kinds that nobody has told it of', async t => {
    const object = {
      apiVersion: 'example.com/v1',
      kind: 'Trainer',
      metadata: { name: 'x' },
      spec: { pods: { spec: template(99).spec ?? {} } },
    }
    assert.match((await warned(await advisor(t), object)).join(), /SLU-Q202/)
  })

  test('finds no pods where there are none', async t => {
    const server = await advisor(t)
    const objects = [
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' } },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'x' },
        spec: { template: { spec: { containers: 'many' } } },
      },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } },
    ]
    for (const object of objects) assert.deepEqual(await warned(server, object), [])
  })

  test('leaves alone what a controller has made: it would not read it', async t => {
    const ownerReferences = [
      { apiVersion: 'serving.kserve.io/v1beta1', kind: 'InferenceService', name: 'i', uid: 'u', controller: true },
    ]
    assert.deepEqual(await warned(await advisor(t), deployment(1, template(99), { ownerReferences })), [])
  })
})

describe('an update', () => {
  const bad = template(1, 'evil.example.org/x:1')

  test('that does not change a template says nothing', async t => {
    const server = await advisor(t)
    assert.deepEqual(
      await warned(server, deployment(50, bad, { labels: { a: 'b' } }), { oldObject: deployment(1, bad) }),
      [],
    )
  })

  test('that does is judged anew', async t => {
    const warnings = await warned(await advisor(t), deployment(1, bad), { oldObject: deployment(1, template(1)) })
    assert.deepEqual(warnings, ['[PLAT-010] would be refused: images come from registry.example.com'])
  })

  test('is not told that its own former pods are in its way, but is what will never fit', async t => {
    const server = await advisor(t)
    // team-b could have 12 if nobody else had anything, and has eight already.
    const to = (gpus: number) =>
      warned(server, deployment(1, template(gpus)), { namespace: 'team-b', oldObject: deployment(1, template(8)) })
    assert.doesNotMatch((await to(4)).join(), /SLU-Q/)
    assert.match((await to(99)).join(), /SLU-Q202/)
  })
})

describe('what is more than advice is worth', () => {
  test('a million replicas are judged by their first', async t => {
    assert.match((await warned(await advisor(t), deployment(1_000_000, template(1)))).join(), /of 1000000 pods fit/)
  })

  test('a workload of more templates than are read is sent to the command line', async t => {
    const jobs = Array.from({ length: 17 }, (_, index) => ({ name: `j${index}`, template: template(99) }))
    assert.deepEqual(await warned(await advisor(t), jobSet(jobs)), [
      'has more than 16 pod templates: ask sluice review about it',
    ])
  })

  test('where time is up, nothing is made up', async t => {
    let now = 0
    const server = await advisor(t, { now: () => (now += 500) })
    for (const warning of await warned(server, deployment(9, template(2))))
      assert.doesNotMatch(warning, /SLU-Q230|pods fit/)
  })

  test('what is no review of an object is answered with 400', async t => {
    const server = await advisor(t)
    const bodies = [
      '[]',
      JSON.stringify(reviewOf(null)),
      JSON.stringify(reviewOf({ kind: 'Other', metadata: { name: 'x' } })),
    ]
    for (const body of bodies) {
      const { status, text } = await send(server, { path: '/advise/workloads', body })
      assert.equal(status, 400)
      assert.match(JSON.parse(text).message, /no?t? .*AdmissionReview of a workload/)
    }
  })

  test('the names of a workload do not reach a terminal raw', async t => {
    const job = { name: 'a\u001b[2J\nb', template: template(1, 'evil.example.org/x:1') }
    const warnings = await warned(await advisor(t), jobSet([job, { name: 'ok', template: template(1) }]))
    assert.equal(warnings.length, 1)
  })
})
