import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { JsonObject } from '../../src/schema/parts.ts'
import { send } from '../support/https.ts'
import { gpuPod, QUOTAS, reviewOf, startWebhooks, type WebhookService } from '../support/webhook-service.ts'

const SECRET = 'merger-with-acme'

const WARNED = `
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: team-w}
spec:
  namespaces: [team-w]
  cohort: lab
  enforcement: Warn
  classes:
  - {class: h100}
`

let service: WebhookService
before(async () => {
  service = await startWebhooks(`${QUOTAS}---\n${WARNED}`)
  // team-b holds its four reserved and borrows six; team-a holds two of its own.
  for (const [namespace, gpus, tier] of [
    ['team-b', 4, 'reserved'],
    ['team-b', 6, 'burst'],
    ['team-a', 2, 'reserved'],
  ] as const) {
    const metadata = { name: `${SECRET}-${tier}`, labels: { 'sluice.dev/tier': tier } }
    const { response } = await service.create(gpuPod(gpus, { metadata }), { namespace })
    assert.equal(response.allowed, true, JSON.stringify(response.status))
  }
})
after(() => service.close())

async function explained(manifest: JsonObject, query = ''): Promise<Readonly<Record<string, unknown>>[]> {
  const { status, text } = await ask(manifest, query)
  assert.equal(status, 200, text)
  return JSON.parse(text).explained
}

function ask(manifest: unknown, query = '') {
  const body = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
  return send(service, { path: `/explain${query}`, body })
}

function usage(query: string, method = 'GET') {
  return send(service, { method, path: `/usage${query}` })
}

interface Quota {
  readonly tiers: readonly {
    readonly tier: string
    readonly fits: boolean
    readonly classes: readonly { readonly limits: readonly unknown[]; readonly borrowers: readonly unknown[] }[]
  }[]
  readonly largest: readonly unknown[]
}

function deploymentOf(pods: number): JsonObject {
  const { spec = {} } = gpuPod(2)
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'serve', namespace: 'team-a' },
    spec: { replicas: pods, template: { spec } },
  }
}

function jobSetOf(jobs: number): JsonObject {
  const { spec = {} } = gpuPod(1)
  const replicatedJobs = Array.from({ length: jobs }, (_, index) => {
    return { name: `j${index}`, replicas: 1, template: { spec: { template: { spec } } } }
  })
  return {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata: { name: 's', namespace: 'team-a' },
    spec: { replicatedJobs },
  }
}

describe('POST /explain', () => {
  test('answers what would become of a pod on the live ledger, with every limit it would meet', async () => {
    const [one] = await explained(gpuPod(4))
    const { verdict, tenant, tier, quota } = one as { verdict: string; tenant: string; tier: string; quota: Quota }
    assert.deepEqual([verdict, tenant, tier], ['allowed', 'team-a', 'shared'])
    const [reserved] = quota.tiers
    assert.deepEqual([reserved?.tier, reserved?.fits], ['reserved', false])
    assert.deepEqual(reserved?.classes[0]?.limits[0], {
      code: 'reserved',
      limit: 'its size',
      usedMilliGpus: 2_000,
      limitMilliGpus: 4_000,
      roomMilliGpus: 2_000,
    })
    assert.deepEqual(quota.largest, [
      { class: 'h100', reservedMilliGpus: 2_000, sharedMilliGpus: 4_000, burstMilliGpus: 2_000 },
    ])
  })

  test('judges the pods of a workload one after the other, as its controller would create them', async () => {
    const [one] = await explained(deploymentOf(3))
    assert.deepEqual(one?.pods, { wanted: 3, admitted: 3 })
    assert.deepEqual(one?.tiers, { reserved: 1, shared: 2 })
    const [refused] = await explained(deploymentOf(9))
    assert.deepEqual([refused?.verdict, refused?.pods], ['denied', { wanted: 9, admitted: 3 }])
  })

  test('charges nothing, however often it is asked', async () => {
    const former = service.usage()
    for (let times = 0; times < 3; times += 1) await explained(deploymentOf(3))
    assert.deepEqual(service.usage(), former)
  })

  test('takes the namespace of the query over that of the manifest', async () => {
    const [one] = await explained(gpuPod(1), '?namespace=team-b')
    assert.deepEqual([one?.namespace, one?.tenant], ['team-b', 'team-b'])
  })

  test('names tenants and amounts, and no pod of anybody', async () => {
    const [one] = await explained(gpuPod(9))
    const { verdict, quota } = one as { verdict: string; quota: Quota }
    assert.equal(verdict, 'denied')
    const borrowers = quota.tiers.flatMap(({ classes }) => classes.flatMap(answer => answer.borrowers))
    assert.deepEqual(borrowers[0], { tenant: 'team-b', tier: 'burst', amountMilliGpus: 6_000 })
    assert.doesNotMatch(JSON.stringify(one), new RegExp(SECRET))
  })

  test('does not tell whose UID it is that a question brings', async () => {
    const uid = 'c7d0e2f4-5a6b-4c7d-8e9f-0a1b2c3d4e5f'
    const owned = gpuPod(1, { metadata: { name: `${SECRET}-uid`, uid, labels: { 'sluice.dev/tier': 'burst' } } })
    const response = await service.validate(reviewOf(owned, { namespace: 'team-b' }))
    assert.equal(response.allowed, true)
    const [one] = await explained(gpuPod(2, { metadata: { uid } }))
    assert.equal(one?.verdict, 'allowed')
    assert.doesNotMatch(JSON.stringify(one), /already charged/)
  })

  test('answers a list of manifests one by one, and a manifest without pods with none', async () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [deploymentOf(3), gpuPod(1)] }
    assert.deepEqual(
      (await explained(list)).map(({ kind, file }) => [kind, file]),
      [
        ['Deployment', 'body items[0]'],
        ['Pod', 'body items[1]'],
      ],
    )
    assert.deepEqual(await explained({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }), [])
  })

  test('judges no more pods of a million than a question is worth', async () => {
    // Nothing is refused in a tenant that is only warned, so nothing else would end it.
    const { spec = {} } = gpuPod(1)
    const metadata = { name: 'd', namespace: 'team-w' }
    const many = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { replicas: 1_000_000, template: { spec } },
    }
    const [one] = await explained(many)
    assert.deepEqual([one?.verdict, one?.pods], ['allowed', { wanted: 1_000_000, admitted: 32 }])
  })

  const refused = [
    { name: 'a number', body: '42', says: /body: is no object/ },
    { name: 'a list', body: '[]', says: /body: is no object/ },
    { name: 'an object without kind', body: '{"spec": {}}', says: /body: has no apiVersion and kind/ },
    { name: 'no JSON', body: '{', says: /ends too early/ },
    {
      name: 'more manifests than are explained at once',
      body: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: Array.from({ length: 17 }, () => gpuPod(1)) }),
      says: /has more than 16 manifests/,
    },
    {
      name: 'a hundred thousand manifests',
      body: JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMapList',
        items: Array.from({ length: 100_000 }, () => ({})),
      }),
      says: /has more than 16 manifests/,
    },
    {
      name: 'a manifest of more templates than are explained at once',
      body: JSON.stringify(jobSetOf(17)),
      says: /has more than 16 pod templates/,
    },
  ]
  for (const { name, body, says } of refused) {
    test(`refuses ${name} with 400 and what is wrong`, async () => {
      const { status, text } = await ask(body)
      assert.equal(status, 400)
      assert.match(JSON.parse(text).message, says)
    })
  }

  test('refuses what is no namespace', async () => {
    for (const name of ['', 'a%2Fb', 'A', '-a', 'x'.repeat(64), '%1b%5B31m']) {
      const { status, text } = await ask(gpuPod(1), `?namespace=${name}`)
      assert.equal(status, 400, name)
      assert.match(text, /namespace: is not the name of a namespace/)
    }
  })

  test('tells of a pod that cannot be read as admission would', async () => {
    const [one] = await explained({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'team-a' },
      spec: { containers: [{ name: 1 }] },
    })
    assert.equal(one?.verdict, 'denied')
    assert.match(JSON.stringify(one?.denials), /SLU-E101/)
  })

  test('survives nesting without end, and serves on', async () => {
    const deep = `{"apiVersion":"v1","kind":"Pod","metadata":{"a":${'['.repeat(9_000)}${']'.repeat(9_000)}},"spec":{"containers":[{"name":"a"}]}}`
    assert.ok([200, 400, 500].includes((await ask(deep)).status))
    const [one] = await explained(gpuPod(1))
    assert.equal(one?.verdict, 'allowed')
  })

  test('is asked by POST alone', async () => {
    const { status, headers } = await send(service, { method: 'GET', path: '/explain' })
    assert.deepEqual([status, headers.allow], [405, 'POST'])
  })
})

describe('GET /usage', () => {
  test('is what the tenant uses, may use and has borrowed, by its name or by one of its namespaces', async () => {
    const { status, text } = await usage('?tenant=team-a')
    assert.equal(status, 200)
    assert.equal((await usage('?namespace=team-a-dev')).text, text)
    const { tenants } = JSON.parse(text)
    assert.deepEqual(tenants[0].usage[0], {
      class: 'h100',
      tier: 'reserved',
      usedMilliGpus: 2_000,
      claimedMilliGpus: 0,
      limitMilliGpus: 4_000,
      availableMilliGpus: 2_000,
      overMilliGpus: 0,
      atRiskMilliGpus: 0,
      borrowedFrom: [],
    })
  })

  test('names no pod', async () => {
    const { text } = await usage('?tenant=team-b')
    assert.match(text, /"atRiskMilliGpus":[67]000/)
    assert.doesNotMatch(text, new RegExp(SECRET))
  })

  for (const { name, query, status, says } of [
    { name: 'nobody', query: '', status: 400, says: /says neither or both of tenant and namespace/ },
    { name: 'two at once', query: '?tenant=team-a&namespace=team-a', status: 400, says: /neither or both/ },
    { name: 'an unknown tenant', query: '?tenant=x', status: 404, says: /no TenantQuota is named .*x/ },
    { name: 'what every object has', query: '?tenant=__proto__', status: 404, says: /no TenantQuota/ },
    { name: 'a namespace of no tenant', query: '?namespace=%1b%5b31m', status: 404, says: /belongs to no tenant/ },
  ]) {
    test(`of ${name} is ${status} with what is wrong`, async () => {
      const answer = await usage(query)
      assert.equal(answer.status, status)
      const { message } = JSON.parse(answer.text)
      assert.match(message, says)
      assert.match(message, /^[\x20-\x7e]+$/)
    })
  }

  test('is asked by GET alone', async () => {
    const { status, headers } = await usage('?tenant=team-a', 'POST')
    assert.deepEqual([status, headers.allow], [405, 'GET'])
  })
})

test('no question was a problem', () => assert.deepEqual(service.log.problems, []))
