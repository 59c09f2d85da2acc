/**
 * The least that a webhook can be, as the peer to measure against: a process of its own that reads each review and says yes. It
 * stands behind the same kind of address as Sluice and is registered for the same pods.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { JsonObject } from '../../src/schema/parts.ts'
import { startBalancer } from './support/balancer.ts'
import { newAuthority } from './support/certificates.ts'
import type { ControlPlane } from './support/control-plane.ts'
import { eventually } from './support/eventually.ts'
import { freePort, HOST } from './support/free-port.ts'
import { isListening } from './support/listening.ts'
import { podFor } from './support/pods.ts'
import { startServer } from './support/server-process.ts'

const PROGRAM = fileURLToPath(new URL('./support/always-yes-server.ts', import.meta.url))
const NAME = 'always-yes'

export interface AlwaysYes {
  /** How often the API server has asked it for validation. */
  calls(): Promise<number>
  /** Takes it out of the API server's way as well. */
  stop(): Promise<void>
}

/**
 * Resolves when the API server is known to ask it, which it does a moment after it was registered. It is asked about pods of one
 * namespace, or of all.
 */
export async function startAlwaysYes(cluster: ControlPlane, namespace?: string): Promise<AlwaysYes> {
  const { ca, sign } = await newAuthority('CN=always yes')
  const { cert, key } = await sign({ name: 'CN=always-yes', names: [HOST], uses: ['server'] })
  const files = [writeIn(cluster.folder, `${NAME}.crt`, cert), writeIn(cluster.folder, `${NAME}.key`, key)]
  const port = await freePort()
  const isReady = () => isListening(port)
  const server = await startServer({
    name: NAME,
    path: process.execPath,
    args: [PROGRAM, String(port), ...files],
    env: { NODE_TEST_CONTEXT: '' },
    logFile: join(cluster.folder, `${NAME}.log`),
    isReady,
  })
  const balancer = await startBalancer()
  await balancer.add({ port, isReady })
  const url = `https://${HOST}:${balancer.port}`
  const configurations = [
    { kind: 'Mutating', path: '/mutate/pods', failurePolicy: 'Ignore' },
    { kind: 'Validating', path: '/validate/pods', failurePolicy: 'Fail' },
  ] as const
  const pathOf = (kind: string) => `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`
  for (const { kind, path, failurePolicy } of configurations) {
    const clientConfig = { url: `${url}${path}`, caBundle: Buffer.from(ca).toString('base64') }
    await cluster.api.must(
      'POST',
      pathOf(kind),
      configuration(kind, { clientConfig, failurePolicy, ...selectorOf(namespace) }),
    )
  }
  const calls = () => callsTo(cluster)
  await eventually('the API server calls always-yes', async () => {
    await cluster.api.must('POST', `/api/v1/namespaces/${namespace ?? 'default'}/pods?dryRun=All`, podFor(1))
    return (await calls()) > 0 ? true : undefined
  })
  return {
    calls,
    async stop() {
      for (const { kind } of configurations) await cluster.api.must('DELETE', `${pathOf(kind)}/${NAME}`)
      await server.stop()
      balancer.close()
    },
  }
}

async function callsTo({ kubectl }: ControlPlane): Promise<number> {
  const { stdout } = await kubectl(['get', '--raw', '/metrics'])
  const line = stdout.split('\n').find(text => METRIC.test(text)) ?? '0'
  return Number(line.split(' ').at(-1))
}

const METRIC = /^apiserver_admission_webhook_request_total\{.*name="always-yes\.sluice\.dev".*type="validating"\}/

function configuration(kind: string, webhook: JsonObject): JsonObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name: NAME },
    webhooks: [
      {
        ...webhook,
        name: `${NAME}.sluice.dev`,
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: 10,
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
      },
    ],
  }
}

function selectorOf(namespace: string | undefined): JsonObject {
  if (namespace === undefined) return {}
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }
}

function writeIn(folder: string, name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text, { mode: 0o600 })
  return file
}
