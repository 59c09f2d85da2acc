/** What people see of the guard, of advice and of conditions, by kubectl and through a real API server. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { exemptNamespaces, SYSTEM_NAMESPACES } from '../../src/admission/exempt.ts'
import { podConditions } from '../../src/admission/pod-conditions.ts'
import { readClusterFolder } from '../../src/config/cluster-folder.ts'
import { shippedLibrary } from '../../src/config/root.ts'
import { clusterState } from '../../src/controller/cluster/cluster-state.ts'
import { reportConditions } from '../../src/controller/reports/condition-report.ts'
import { apiServer } from '../../src/kubernetes/api-server.ts'
import { connect } from '../../src/kubernetes/connect.ts'
import { following } from '../../src/kubernetes/follow.ts'
import { openLine } from '../../src/kubernetes/line.ts'
import { openBooks } from '../../src/quota/books.ts'
import { amounts, STAMP } from '../../src/quota/testing.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { parsedValue, written } from '../../src/schema/testing.ts'
import { adviseWorkloads } from '../../webhooks/advise-workloads.ts'
import { webhookConfigurations } from '../../webhooks/registration.ts'
import { validateObjects } from '../../webhooks/validate-objects.ts'
import { HOST, serve } from '../support/https.ts'
import { gpuPod } from '../support/webhook-service.ts'
import { skipWithoutCluster } from './support/binaries.ts'
import { type ControlPlane, startControlPlane } from './support/control-plane.ts'
import { installCrds } from './support/crds.ts'
import { eventually } from './support/eventually.ts'

const SELF = 'system:serviceaccount:sluice-system:sluice'
const TIME = {
  clock: { now: () => Date.now() },
  timer: {
    at(atMs: number, ring: () => void) {
      const timeout = setTimeout(ring, Math.max(0, atMs - Date.now()))
      return () => clearTimeout(timeout)
    },
  },
}

const COHORT = written('Cohort', 'lab', { classes: [{ class: 'h100', capacity: { gpus: 16 }, burst: 8 }] })
const QUOTA = (reserved: number): JsonObject =>
  written('TenantQuota', 'team-a', { cohort: 'lab', namespaces: ['team-a'], classes: [{ class: 'h100', reserved }] })
const POLICY = (expression: string): JsonObject =>
  written('GpuPolicy', 'images', { validate: [{ code: 'PLAT-010', expression, message: 'no such image' }] })

/** The guard, advice and conditions over what the API server holds; team-a has six of its GPUs in use. */
async function startGuard(t: TestContext, cluster: ControlPlane): Promise<void> {
  const access = parsedValue(await connect(cluster.kubeconfig, { env: {}, clock: TIME.clock }))
  const [calls, watches] = [openLine(access, { connections: 8 }), openLine(access, { connections: 64 })]
  const library = parsedValue(readClusterFolder(shippedLibrary()))
  const log = { decision() {}, event() {}, problem() {} }
  const server = apiServer(calls)
  const follow = following({ api: server, line: watches, random: Math.random, log, ...TIME })
  const state = clusterState({ server, follow, library, log, ...TIME })
  const charge = {
    ...STAMP,
    uid: 'u',
    tenant: 'team-a',
    tier: 'reserved',
    amounts: amounts({ h100: 6_000 }),
    gang: null,
  } as const
  const ledger = { book: (tree: string) => openBooks(state.cluster().quotas, [charge]).get(tree) }
  const reports = reportConditions({ server, follow, sound: () => state.sound(), ledger, log, ...TIME })
  t.after(() => {
    reports.stop()
    state.stop()
    calls.close()
    watches.close()
  })
  state.onChange(() => reports.hasten())
  await state.ready

  const https = await serve(t, {
    endpoints: [
      validateObjects({
        cluster: () => state.cluster(),
        layers: () => [library, state.objects()],
        ledger,
        isSelf: ({ username }) => username === SELF,
      }),
      adviseWorkloads({
        cluster: () => state.cluster(),
        exempt: exemptNamespaces([]),
        ledger,
        clock: { now: () => performance.now() },
      }),
    ],
  })
  await register(cluster, https, podConditions(state.cluster()))
}

async function register(
  { api }: ControlPlane,
  { port, ca }: { readonly port: number; readonly ca: string },
  known: ReturnType<typeof podConditions>,
) {
  const { validating } = webhookConfigurations(
    {
      address: { kind: 'url', base: `https://${HOST}:${port}` },
      trust: { kind: 'bundle', ca },
      exempt: SYSTEM_NAMESPACES,
      match: 'gpu',
      validateFailurePolicy: 'Fail',
      self: SELF,
    },
    known,
  )
  const webhooks = Array.isArray(validating.webhooks) ? validating.webhooks : []
  const ours = webhooks.filter(webhook => !String(Object(webhook).name).includes('pods'))
  assert.equal(ours.length, 3)
  await api.must('POST', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
    ...validating,
    webhooks: ours,
  })
}

test('documents are guarded and told of, in a real API server', { skip: skipWithoutCluster }, async t => {
  const cluster = await startControlPlane()
  t.after(() => cluster.stop())
  await installCrds(cluster)
  await cluster.kubectl(['create', 'namespace', 'team-a'])
  await startGuard(t, cluster)
  const apply = (object: JsonObject) => cluster.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify(object) })
  const wait = (what: string, condition: string) =>
    cluster.kubectl(['wait', what, `--for=condition=${condition}`, '--timeout=60s'])

  await t.test('a policy that does not compile is refused at apply, with line and column', async () => {
    // A webhook is called a moment after it was registered.
    const { stderr } = await eventually('the guard is called', async () => {
      const answer = await cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], {
        stdin: JSON.stringify(POLICY('true &&\n  object.')),
      })
      return answer.code === 0 ? undefined : answer
    })
    assert.match(
      stderr,
      /^The GpuPolicy "images" is invalid: spec\.validate\[0\]\.expression: .*\[SLU-E202\] line 2, column \d+: /,
    )
  })

  await t.test('what fits is taken, and said to be in force', async () => {
    for (const object of [COHORT, POLICY('object.metadata.name != "never"')]) {
      const { code, stderr } = await apply(object)
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
    }
    // It refers to the cohort, which the guard has heard of by now or a moment later.
    await eventually('the quota is taken', async () => ((await apply(QUOTA(8))).code === 0 ? true : undefined))
    for (const what of ['cohort/lab', 'tenantquota/team-a', 'gpupolicy/images']) {
      assert.equal((await wait(what, 'Ready')).code, 0, what)
    }
    assert.equal((await wait('gpupolicy/images', 'Compiled')).code, 0)
    assert.equal((await wait('tenantquota/team-a', 'Oversubscribed=False')).code, 0)
  })

  await t.test('kubectl get shows it', async () => {
    const { stdout } = await cluster.kubectl(['get', 'tenantquotas'])
    const [head = '', row = ''] = stdout.split('\n').map(line => line.replace(/ +/g, ' ').trim())
    assert.match(head, /^NAME COHORT ENFORCEMENT OVERSUBSCRIBED READY AGE$/)
    assert.match(row, /^team-a lab False True \S+$/)
  })

  await t.test('a quota below its use is taken, with a warning, and then told as oversubscribed', async () => {
    const { code, stderr } = await apply(QUOTA(4))
    assert.equal(code, 0)
    assert.match(stderr, /^Warning: team-a has 6 h100 in reserved use, and would be allowed 4: 2 stay until pods end$/m)
    assert.equal((await wait('tenantquota/team-a', 'Oversubscribed')).code, 0)
  })

  await t.test('what is in use is not deleted, and who uses it is said', async () => {
    const { stderr } = await cluster.kubectl(['delete', 'cohort', 'lab'])
    assert.match(
      stderr,
      /Error from server \(Forbidden\): .*deletions\.validate\.sluice\.dev.*\[SLU-E210\] Cohort lab is in use by TenantQuota team-a/s,
    )
  })

  await t.test('a ledger is not written by hand', async () => {
    const ledger = {
      apiVersion: 'sluice.dev/v1alpha1',
      kind: 'QuotaLedger',
      metadata: { name: 'lab' },
      spec: { format: 1, charges: '' },
    }
    // RBAC lets them do anything, and is known a moment after it was written.
    await cluster.kubectl(['create', 'clusterrolebinding', 'someone', '--clusterrole=cluster-admin', '--user=someone'])
    await eventually('the ledger is guarded', async () => {
      const { stderr } = await cluster.kubectl(['apply', '--as=someone', '-f', '-'], { stdin: JSON.stringify(ledger) })
      return /Forbidden.*\[SLU-E220\]/.test(stderr) ? true : undefined
    })
    // The administrator of the tests is in system:masters.
    const { code, stderr } = await apply(ledger)
    assert.equal(code, 0)
    assert.match(stderr, /^Warning: QuotaLedger "lab" is Sluice's own; let through by the group system:masters$/m)
  })

  await t.test('who applies a workload is told what its pods will be told', async () => {
    const { spec = {} } = gpuPod(99)
    const template = { metadata: { labels: { app: 'x' } }, spec: { containers: Object(spec).containers } }
    const metadata = { name: 'serve', namespace: 'team-a' }
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { selector: { matchLabels: { app: 'x' } }, template },
    }
    const { code, stderr } = await apply(deployment)
    assert.equal(code, 0)
    assert.match(stderr, /^Warning: \[SLU-Q202\] would be refused: exceeded quota: team-a/m)
  })
})
