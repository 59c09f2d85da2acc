import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASSES, placed, QUOTAS } from '../../admission/testing.ts'
import { manualClock } from '../../quota/testing.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { written } from '../../schema/testing.ts'
import type { ApiServer, Audience, Follow, Sighting } from '../api-server.ts'
import { clusterState } from './cluster-state.ts'

/** An API server that serves these kinds, with one collection each, of which a test tells. */
function apiServer(groups: Readonly<Record<string, readonly string[]>>) {
  const audiences = new Map<string, { tell: (tell: (audience: Audience<unknown>, keep: Keep) => void) => void }>()
  const lists = new Map<string, readonly JsonObject[]>()
  const asked: string[] = []
  const server: ApiServer = {
    async call({ path }) {
      asked.push(path)
      if (path === '/apis') {
        const named = Object.keys(groups).filter(group => group !== 'v1')
        return {
          status: 200,
          body: {
            groups: named.map(groupVersion => ({
              name: groupVersion.split('/')[0] ?? '',
              preferredVersion: { groupVersion },
              versions: [{ groupVersion }],
            })),
          },
        }
      }
      const kinds = groups[path.replace(/^\/apis?\//, '')]
      if (kinds === undefined) return { status: 503, body: { message: 'away' } }
      const resources = kinds.map(kind => ({ kind, name: `${kind.toLowerCase()}s` }))
      return {
        status: 200,
        body: { resources: [...resources, ...resources.map(one => ({ ...one, name: `${one.name}/status` }))] },
      }
    },
  }
  const follow: Follow = ({ path, keep, audience }) => {
    audiences.set(path, { tell: tell => tell(audience as Audience<unknown>, keep) })
    const kept = (lists.get(path) ?? []).map(object => sighting(object, keep)).filter(one => one.kept !== undefined)
    audience.replaced(kept as Sighting<never>[], 1n)
    return { listed: Promise.resolve(), problem: () => stale.get(path), stop: () => void stopped.push(path) }
  }
  const stale = new Map<string, string>()
  const stopped: string[] = []
  return { server, follow, lists, audiences, stale, stopped, asked }
}

type Keep = (object: JsonObject) => unknown

function sighting(object: JsonObject, keep: Keep): Sighting<unknown> {
  const { name = '', namespace = '', uid = name } = object.metadata as Record<string, string>
  return { uid, namespace, name, resourceVersion: 1n, kept: keep(object) }
}

const GROUPS = {
  v1: ['Namespace', 'Node', 'Pod'],
  'sluice.dev/v1alpha1': ['AcceleratorClass', 'Cohort', 'TenantQuota', 'GpuPolicy', 'FabricProfile'],
  'scheduling.k8s.io/v1': ['PriorityClass'],
  'batch/v1': ['Job'],
  'resource.k8s.io/v1': ['ResourceClaim', 'ResourceClaimTemplate'],
}
const DOCUMENTS = '/apis/sluice.dev/v1alpha1'

async function started(
  groups: Readonly<Record<string, readonly string[]>> = GROUPS,
  prepare: (api: ReturnType<typeof apiServer>) => void = () => {},
) {
  const api = apiServer(groups)
  api.lists.set(
    `${DOCUMENTS}/cohorts`,
    QUOTAS.filter(({ kind }) => kind === 'Cohort'),
  )
  api.lists.set(
    `${DOCUMENTS}/tenantquotas`,
    QUOTAS.filter(({ kind }) => kind === 'TenantQuota'),
  )
  prepare(api)
  const clock = manualClock()
  const problems: string[] = []
  const gone: string[] = []
  const state = clusterState({
    server: api.server,
    follow: api.follow,
    library: placed(CLASSES),
    onOwnerGone: (namespace, uid) => void gone.push(`${namespace}/${uid}`),
    clock,
    timer: { at: clock.at },
    log: {
      decision() {},
      event() {},
      problem: (message, cause) => void problems.push(`${message} ${String(cause ?? '')}`),
    },
  })
  const change = (path: string, object: JsonObject, event: 'changed' | 'removed' = 'changed') => {
    api.audiences.get(path)?.tell((audience, keep) => audience[event](sighting(object, keep)))
  }
  return { ...api, state, clock, problems, gone, change }
}

const uncompiled = 'the cluster has not been compiled yet'

test('quotas, namespaces and priority classes of the cluster are in force after the first lists', async () => {
  const { state } = await started(GROUPS, ({ lists }) => {
    lists.set('/api/v1/namespaces', [{ metadata: { name: 'team-a', labels: { stage: 'test' } } }])
    lists.set('/apis/scheduling.k8s.io/v1/priorityclasss', [
      { metadata: { name: 'gpu' }, value: 7, globalDefault: true },
    ])
  })
  assert.throws(() => state.cluster(), new RegExp(uncompiled))
  await state.ready
  const cluster = state.cluster()
  assert.equal(cluster.quotas.tenantOfNamespace.get('team-a'), 'a')
  assert.deepEqual(cluster.labelsOfNamespace('team-a'), { stage: 'test', 'kubernetes.io/metadata.name': 'team-a' })
  assert.equal(cluster.surroundings.defaultPriorityClass, 'gpu')
  assert.equal(state.problem(), undefined)
})

test('a change is in force a moment later, many at once are compiled once', async () => {
  const { state, clock, change } = await started()
  await state.ready
  let compilations = 0
  state.onChange(() => {
    compilations += 1
  })
  for (const name of ['x', 'y', 'z']) {
    change(
      `${DOCUMENTS}/tenantquotas`,
      written('TenantQuota', name, { cohort: 'research', namespaces: [name], classes: [] }),
    )
  }
  assert.equal(state.cluster().quotas.tenantOfNamespace.get('x'), undefined)
  clock.advance(1_000_000)
  assert.equal(state.cluster().quotas.tenantOfNamespace.get('z'), 'z')
  assert.equal(compilations, 1)
})

test('what a kubelet reports every minute compiles nothing', async () => {
  const { state, clock, change } = await started()
  await state.ready
  let compilations = 0
  state.onChange(() => {
    compilations += 1
  })
  const node = (memory: string, gpus: string, heartbeat: string) => ({
    metadata: { name: 'n', annotations: { heartbeat } },
    status: { allocatable: { memory, 'nvidia.com/gpu': gpus }, conditions: [heartbeat] },
  })
  change('/api/v1/nodes', node('10Gi', '8', '1'))
  clock.advance(1_000_000)
  change('/api/v1/nodes', node('9Gi', '8', '2'))
  clock.advance(1_000_000)
  assert.equal(compilations, 1)
  change('/api/v1/nodes', node('9Gi', '7', '3'))
  clock.advance(1_000_000)
  assert.equal(compilations, 2)
})

test('a policy that breaks stays in force as it was, is told once, and is gone when it is deleted', async () => {
  const { state, clock, change, problems } = await started()
  await state.ready
  const rule = (expression: string) => written('GpuPolicy', 'rule', { validate: [{ expression }] })
  const path = `${DOCUMENTS}/gpupolicys`
  change(path, rule('true'))
  clock.advance(1_000_000)
  change(path, rule('!'))
  clock.advance(1_000_000)
  change('/api/v1/namespaces', { metadata: { name: 'other' } })
  clock.advance(1_000_000)
  assert.deepEqual([...state.cluster().policies.names], ['rule'])
  assert.equal(problems.filter(problem => problem.includes('GpuPolicy rule cannot be used')).length, 1)
  change(path, rule('!'), 'removed')
  clock.advance(1_000_000)
  assert.deepEqual([...state.cluster().policies.names], [])
})

test('claims, controllers and labels of namespaces are looked up as they were told last', async () => {
  const { state, change } = await started()
  await state.ready
  const { claims, owners, labelsOfNamespace } = state.cluster()
  const template = { metadata: { name: 't', namespace: 'team-a', uid: '1' }, spec: { spec: { devices: {} } } }
  const job = (done: boolean) => ({
    metadata: { name: 'j', namespace: 'team-a', uid: '2' },
    spec: { parallelism: 4 },
    status: { conditions: done ? [{ type: 'Complete', status: 'True' }] : [] },
  })
  const reference = { group: 'batch', kind: 'Job', name: 'j', uid: '2' }
  change('/apis/resource.k8s.io/v1/resourceclaimtemplates', template)
  change('/apis/batch/v1/jobs', job(false))
  change('/api/v1/namespaces', { metadata: { name: 'team-a', labels: { a: 'b' } } })
  assert.equal(claims.template('team-a', 't').kind, 'found')
  assert.deepEqual(owners.object('team-a', reference)?.spec, { parallelism: 4 })
  assert.equal(labelsOfNamespace('team-a').a, 'b')

  change('/apis/resource.k8s.io/v1/resourceclaimtemplates', template, 'removed')
  change('/apis/batch/v1/jobs', job(true))
  assert.equal(claims.template('team-a', 't').kind, 'missing')
  assert.equal(owners.object('team-a', reference), undefined)
})

test('a controller that is deleted or over is told of, once, and a claim is none', async () => {
  const { state, change, gone } = await started()
  await state.ready
  const job = (uid: string, conditions: readonly JsonObject[] = []) => ({
    metadata: { name: `j${uid}`, namespace: 'team-a', uid },
    spec: {},
    status: { conditions },
  })
  const path = '/apis/batch/v1/jobs'
  for (const uid of ['1', '2', '3']) change(path, job(uid))
  change('/apis/resource.k8s.io/v1/resourceclaims', { metadata: { name: 'c', namespace: 'team-a', uid: '4' } })
  change(
    '/apis/resource.k8s.io/v1/resourceclaims',
    { metadata: { name: 'c', namespace: 'team-a', uid: '4' } },
    'removed',
  )
  change(path, job('1'))
  assert.deepEqual(gone, [])
  change(path, job('1', [{ type: 'Failed', status: 'True' }]))
  change(path, job('1'), 'removed')
  change(path, job('2'), 'removed')
  assert.deepEqual(gone, ['team-a/1', 'team-a/2'])
})

test('without the CRDs it says so, and goes on when they are there', async () => {
  const groups: Record<string, readonly string[]> = { ...GROUPS }
  delete groups['sluice.dev/v1alpha1']
  const { state, clock, problems } = await started(groups)
  const turn = () => new Promise(resolve => setImmediate(resolve))
  await turn()
  assert.match(problems.join(), /does not serve sluice\.dev\/AcceleratorClass, .*: install the CRDs first/)
  assert.match(state.problem() ?? '', /the cluster has not been listed yet/)
  Object.assign(groups, { 'sluice.dev/v1alpha1': GROUPS['sluice.dev/v1alpha1'] })
  clock.advance(10_000)
  await state.ready
  assert.equal(state.cluster().quotas.trees.size, 1)
})

test('a group that does not answer keeps nobody from the others', async () => {
  const { state, problems, server } = await started({ ...GROUPS, 'ray.io/v1': [] }, api => {
    const { call } = api.server
    Object.assign(api.server, {
      call: async (request: Parameters<ApiServer['call']>[0]) =>
        request.path === '/apis/ray.io/v1' ? { status: 503, body: { message: 'away' } } : call(request),
    })
  })
  await state.ready
  assert.equal((await server.call({ method: 'GET', path: '/apis/ray.io/v1' })).status, 503)
  assert.match(problems.join(), /an API group does not answer .*ray\.io\/v1 was answered with 503: away/)
})

test('documents can be read anew, and one that is as it was is the same object', async () => {
  const { state, server } = await started()
  await state.ready
  const [cohort] = QUOTAS
  const added = written('Cohort', 'added', { classes: [] })
  const { call } = server
  Object.assign(server, {
    call: async (request: Parameters<ApiServer['call']>[0]) => {
      if (!request.path.startsWith(`${DOCUMENTS}/`)) return call(request)
      return { status: 200, body: { items: request.path.endsWith('/cohorts') ? [cohort, added] : [] } }
    },
  })
  const read = await state.reread()
  assert.deepEqual(
    read.map(({ at }) => at),
    ['Cohort research', 'Cohort added'],
  )
  assert.ok(state.objects().includes(read[0] as (typeof read)[number]))
})

test('a watch that went silent makes it out of date, and stop ends them all', async () => {
  const { state, stale, stopped } = await started()
  await state.ready
  stale.set('/api/v1/nodes', 'silent for 100 s')
  assert.equal(state.problem(), '/api/v1/nodes: silent for 100 s')
  state.stop()
  assert.equal(stopped.length, 11)
})
