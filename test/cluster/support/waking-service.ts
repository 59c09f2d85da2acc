/** A replica that admits pods and wakes those it refused, and nothing else: its ledger is in the cluster, its quotas are given. */
import type { TestContext } from 'node:test'
import type { Cluster } from '../../../src/admission/cluster.ts'
import { quotaDesk } from '../../../src/admission/desk.ts'
import { exemptNamespaces } from '../../../src/admission/exempt.ts'
import type { Validation } from '../../../src/admission/validate.ts'
import { controllerOf, WAKEABLE } from '../../../src/controller/waking/owner-resource.ts'
import { refusedOwners } from '../../../src/controller/waking/refused.ts'
import { wakeRefused } from '../../../src/controller/waking/wake.ts'
import { selfSignedCertificate } from '../../../src/http/self-signed.ts'
import { createHttpServer } from '../../../src/http/server.ts'
import { apiServer } from '../../../src/kubernetes/api-server.ts'
import { connect } from '../../../src/kubernetes/connect.ts'
import { following } from '../../../src/kubernetes/follow.ts'
import { ledgerObjects } from '../../../src/kubernetes/ledger-objects.ts'
import { openLine } from '../../../src/kubernetes/line.ts'
import { textStore } from '../../../src/quota/text-store.ts'
import { type LedgerWriter, ledgerWriter } from '../../../src/quota/writer.ts'
import type { JsonObject } from '../../../src/schema/parts.ts'
import { parsedValue } from '../../../src/schema/testing.ts'
import { validatePods } from '../../../webhooks/validate-pods.ts'
import { MemoryLog } from '../../support/https.ts'
import type { ControlPlane } from './control-plane.ts'
import { HOST } from './free-port.ts'

export interface WakingService {
  readonly ledger: LedgerWriter
  readonly log: MemoryLog
  /** How often a pod of the owner of this name was refused. */
  denials(owner: string): number
  /** What became of waking owners, and of those who were woken, in the order in which it happened. */
  readonly told: readonly string[]
}

const clock = { now: () => Date.now() }
const timer = {
  at(atMs: number, ring: () => void): () => void {
    const timeout = setTimeout(ring, Math.max(0, atMs - clock.now()))
    return () => clearTimeout(timeout)
  },
}

/** Judges the pods of these namespaces until the test ends. */
export async function startWaking(
  t: TestContext,
  plane: ControlPlane,
  cluster: Cluster,
  namespaces: readonly string[],
) {
  const log = new MemoryLog()
  const told: string[] = []
  const denials = new Map<string, number>()
  const kubeconfig = await allowed(plane)
  const access = parsedValue(await connect(kubeconfig, { env: {}, clock }))
  const lines = [openLine(access, { connections: 4 }), openLine(access, { connections: 1 })] as const
  const api = apiServer(lines[0])
  const follow = following({ api, line: lines[1], random: Math.random, log, clock, timer })
  const texts = ledgerObjects({ api, follow, clock, timer, onNewer: () => waking.newer() })
  const quotas = () => cluster.quotas
  const terms = { pendingMs: 300_000, gangHoldMs: 300_000, maxCharges: 1_000, retryAfterMs: 1_000 }
  const ledger = ledgerWriter({ id: 'waking', store: textStore(texts), quotas, clock, timer, ...terms })

  const refused = refusedOwners({
    clock,
    observer: { unwakeable: reason => void told.push(reason), reached: () => void told.push('reached') },
  })
  const observer = { touched: (result: string) => void told.push(result) }
  const waking = wakeRefused({ refused, quotas, ledger, api, clock, timer, observer, log })

  const refusals = {
    denied(validation: Validation) {
      const { pod, namespace } = validation.examined.subject
      const name = controllerOf(pod, namespace)?.name ?? ''
      denials.set(name, (denials.get(name) ?? 0) + 1)
      refused.denied(validation)
    },
    admitted: refused.admitted,
  }
  const certificate = await selfSignedCertificate({ observer: { serving() {}, reloaded() {} }, nowMs: clock.now() })
  const desk = quotaDesk(ledger, quotas, clock)
  const server = createHttpServer({
    certificate,
    endpoints: [
      validatePods({
        cluster: () => cluster,
        exempt: exemptNamespaces([]),
        desk,
        observer: { policyFailed() {} },
        refusals,
        clock,
      }),
    ],
    checks: [],
    traffic: { contentType: '', exposition: async () => '', answered() {}, watchInFlight() {} },
    clock,
    log,
  })
  t.after(() => {
    waking.stop()
    texts.stop()
    server.closeAll()
    void server.stopAccepting()
    certificate.close()
    for (const line of lines) line.close()
  })
  const port = await server.listen(0, HOST)
  await texts.listed
  await register(plane, `https://${HOST}:${port}/validate/pods`, certificate.ca ?? '', namespaces)
  return { ledger, log, told, denials: (owner: string) => denials.get(owner) ?? 0 } satisfies WakingService
}

/** Its account may do what a replica of Sluice needs for this, and no more. */
async function allowed({ api, kubeconfigFor }: ControlPlane): Promise<string> {
  const kubeconfig = await kubeconfigFor('sluice-system/sluice')
  const resourcesOf = Map.groupBy(WAKEABLE, ([kind]) => kind.slice(0, kind.indexOf('/')))
  const rules: readonly JsonObject[] = [
    { apiGroups: ['sluice.dev'], resources: ['quotaledgers'], verbs: ['get', 'list', 'watch', 'create', 'update'] },
    ...[...resourcesOf].map(([group, kinds]) => {
      return { apiGroups: [group], resources: kinds.map(([, resource]) => resource), verbs: ['get', 'patch'] }
    }),
  ]
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const metadata = { name: 'sluice-waking' }
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'sluice-waking' }
  const subjects = [{ kind: 'ServiceAccount', namespace: 'sluice-system', name: 'sluice' }]
  const path = `/apis/${apiVersion}`
  await api.must('POST', `${path}/clusterroles`, { apiVersion, kind: 'ClusterRole', metadata, rules })
  const binding = { apiVersion, kind: 'ClusterRoleBinding', metadata, roleRef, subjects }
  await api.must('POST', `${path}/clusterrolebindings`, binding)
  return kubeconfig
}

async function register({ api }: ControlPlane, url: string, ca: string, namespaces: readonly string[]): Promise<void> {
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const inThese = { key: 'kubernetes.io/metadata.name', operator: 'In', values: namespaces }
  const webhook = {
    name: 'validate.sluice.dev',
    clientConfig: { url, caBundle: Buffer.from(ca).toString('base64') },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
    namespaceSelector: { matchExpressions: [inThese] },
    admissionReviewVersions: ['v1'],
    sideEffects: 'NoneOnDryRun',
    failurePolicy: 'Fail',
  }
  await api.must('POST', `/apis/${apiVersion}/validatingwebhookconfigurations`, {
    apiVersion,
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'waking' },
    webhooks: [webhook],
  })
}
