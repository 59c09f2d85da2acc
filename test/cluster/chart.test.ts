/** The chart in a real API server: what is rendered is accepted, what was granted suffices, and uninstalling leaves no webhook. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fieldAt, textAt } from '../../src/admission/objects.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { CHART, helm, helmProgram, objectsOf, skipWithoutHelm, VALUE_SETS, valuesOf } from '../chart/support/helm.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { installCrds } from './support/crds.ts'
import { eventually } from './support/eventually.ts'

const SLUICE = 'system:serviceaccount:sluice-system:sluice'
const UNREGISTER = 'system:serviceaccount:sluice-system:sluice-unregister'
const CONFIGURATIONS = ['mutating', 'validating'].map(
  kind => `${kind}webhookconfigurations.admissionregistration.k8s.io`,
)

test('the chart in a real API server', { skip: skipWithoutCluster || skipWithoutHelm }, async t => {
  const cluster = await startControlPlane()
  t.after(() => cluster.stop())
  await installCrds(cluster)
  await cluster.api.must('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'sluice-system' },
  })

  for (const set of VALUE_SETS) {
    await t.test(`with ${set} values every object is accepted`, () => isAccepted(cluster, set))
  }
  const env = { KUBECONFIG: cluster.kubeconfig, HOME: cluster.folder }
  const release = ['sluice', '--namespace', 'sluice-system']
  const installed = helm(['install', ...release, CHART, '--skip-crds', '--values', valuesOf('self-generated')], env)
  assert.equal(installed.exitCode, 0, installed.stderr)

  await t.test('the notes of the installation name the next command', () => {
    assert.match(installed.stdout, /helm test sluice -n sluice-system/)
  })
  await rights(t, cluster)
  await t.test('uninstalling takes the right to register before it unregisters, and leaves nothing behind', () =>
    uninstalls(cluster, release, env),
  )
})

/** Kinds of other projects are not served here. */
function isOurs({ apiVersion }: JsonObject): boolean {
  return !/^(cert-manager\.io|monitoring\.coreos\.com)\//.test(String(apiVersion))
}

async function isAccepted({ kubectl }: ControlPlane, set: string): Promise<void> {
  const items = objectsOf(set).filter(isOurs)
  const { code, stdout, stderr } = await kubectl(
    ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'],
    { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) },
  )
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  assert.equal(stdout.trimEnd().split('\n').length, items.length)
}

interface Right {
  readonly verb: string
  /** `resource.group/name`; every object without a name, the whole cluster without a namespace. */
  readonly on: string
  readonly namespace?: string
}

const GRANTED: readonly Right[] = [
  { verb: 'list', on: 'pods' },
  { verb: 'watch', on: 'cohorts.sluice.dev' },
  { verb: 'update', on: 'quotaledgers.sluice.dev/lab' },
  { verb: 'patch', on: 'gpuusages.sluice.dev/usage', namespace: 'team-a' },
  { verb: 'patch', on: 'replicasets.apps/web', namespace: 'team-a' },
  { verb: 'get', on: 'leaderworkersets.leaderworkerset.x-k8s.io', namespace: 'team-a' },
  { verb: 'create', on: 'leases.coordination.k8s.io', namespace: 'sluice-system' },
  { verb: 'update', on: 'leases.coordination.k8s.io/sluice', namespace: 'sluice-system' },
  { verb: 'update', on: 'secrets/sluice-tls', namespace: 'sluice-system' },
  ...CONFIGURATIONS.map(on => ({ verb: 'create', on })),
  ...CONFIGURATIONS.map(on => ({ verb: 'patch', on: `${on}/sluice` })),
]

const NOT_GRANTED: readonly Right[] = [
  { verb: 'delete', on: 'quotaledgers.sluice.dev/lab' },
  { verb: 'update', on: 'tenantquotas.sluice.dev/team-a' },
  { verb: 'delete', on: 'pods/web', namespace: 'team-a' },
  { verb: 'create', on: 'pods', namespace: 'sluice-system' },
  { verb: 'update', on: 'leases.coordination.k8s.io/other', namespace: 'sluice-system' },
  { verb: 'update', on: 'leases.coordination.k8s.io/sluice', namespace: 'team-a' },
  { verb: 'get', on: 'secrets/sluice-ca', namespace: 'sluice-system' },
  { verb: 'get', on: 'secrets/sluice-tls', namespace: 'team-a' },
  ...CONFIGURATIONS.map(on => ({ verb: 'patch', on: `${on}/other` })),
  ...CONFIGURATIONS.map(on => ({ verb: 'delete', on: `${on}/other` })),
]

async function rights(t: TestContext, cluster: ControlPlane): Promise<void> {
  for (const right of GRANTED) {
    await t.test(`Sluice may ${right.verb} ${right.on}`, async () => {
      assert.equal(await may(cluster, SLUICE, right), true)
    })
  }
  for (const right of NOT_GRANTED) {
    await t.test(`Sluice may not ${right.verb} ${right.on} ${right.namespace ?? ''}`, async () => {
      assert.equal(await may(cluster, SLUICE, right), false)
    })
  }
}

/** Asks the authorizer itself: kubectl would answer no for kinds that it does not know. */
async function may({ api }: ControlPlane, user: string, { verb, on, namespace = '' }: Right): Promise<boolean> {
  const [type = '', name = ''] = on.split('/')
  const [resource = '', ...group] = type.split('.')
  const review = await api.must('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, resourceAttributes: { verb, group: group.join('.'), resource, name, namespace } },
  })
  return fieldAt(review, 'status', 'allowed') === true
}

/** There is no kubelet, so the test says that the job is done. */
async function uninstalls(
  cluster: ControlPlane,
  release: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const uninstall = spawn(helmProgram(), ['uninstall', ...release], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  })
  const ended = once(uninstall, 'close')
  const job = '/apis/batch/v1/namespaces/sluice-system/jobs/sluice-unregister'
  await eventually('the hook is there', async () =>
    (await cluster.api.call('GET', job)).status === 200 ? true : undefined,
  )

  for (const on of CONFIGURATIONS) {
    assert.equal(await may(cluster, SLUICE, { verb: 'create', on }), false)
    assert.equal(await may(cluster, UNREGISTER, { verb: 'delete', on: `${on}/sluice` }), true)
    assert.equal(await may(cluster, UNREGISTER, { verb: 'delete', on: `${on}/other` }), false)
  }
  const { kubectl } = cluster
  const replicas = await kubectl(['--namespace', 'sluice-system', 'get', 'deployment', 'sluice', '-o', 'name'])
  assert.equal(replicas.code, 0, 'the replicas answer until the webhooks are gone')

  await isDone(cluster, job)
  assert.deepEqual(await ended, [0, null])
  const left = await kubectl([
    'get',
    'clusterroles,clusterrolebindings,priorityclasses,flowschemas,validatingadmissionpolicies,deployments,jobs,services,roles,serviceaccounts',
    '--all-namespaces',
    '--selector=app.kubernetes.io/instance=sluice',
    '-o',
    'name',
  ])
  assert.equal(left.stdout, '')
}

async function isDone({ api }: ControlPlane, path: string): Promise<void> {
  const job = await api.must('GET', path)
  const at = textAt(job, 'metadata', 'creationTimestamp') ?? ''
  const condition = (type: string) => ({ type, status: 'True', lastProbeTime: at, lastTransitionTime: at })
  await api.must('PUT', `${path}/status`, {
    ...job,
    status: {
      startTime: at,
      completionTime: at,
      succeeded: 1,
      conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
    },
  })
}
