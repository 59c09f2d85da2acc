/**
 * The least that a webhook can be, as the peer to measure against: a process of its own that reads each review and says yes. It
 * stands behind the same kind of address as Sluice and is registered for the same pods.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { textAt } from '../../src/admission/objects.ts'
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

export interface AlwaysYesOptions {
  /** What it is called, where there are several. */
  readonly name?: string
  /** Asked about pods of this namespace alone. */
  readonly namespace?: string
  /** JSON Patch in base 64, with which it answers mutations. */
  readonly patch?: string
  /** Webhooks whose match conditions, timeouts and policies it is registered with, instead of none. */
  readonly like?: { readonly mutating: readonly JsonObject[]; readonly validating: readonly JsonObject[] }
}

const PLAIN = {
  mutating: [{ clientConfig: { url: '/mutate/pods' }, failurePolicy: 'Ignore' }],
  validating: [{ clientConfig: { url: '/validate/pods' }, failurePolicy: 'Fail' }],
} as const

/** Resolves when the API server is known to ask it, which it does a moment after it was registered. */
export async function startAlwaysYes(cluster: ControlPlane, options: AlwaysYesOptions = {}): Promise<AlwaysYes> {
  const { name = NAME, namespace, patch, like = PLAIN } = options
  const { ca, sign } = await newAuthority(`CN=${name} authority`)
  const { cert, key } = await sign({ name: `CN=${name}`, names: [HOST], uses: ['server'] })
  const files = [writeIn(cluster.folder, `${name}.crt`, cert), writeIn(cluster.folder, `${name}.key`, key)]
  const port = await freePort()
  const isReady = () => isListening(port)
  const server = await startServer({
    name,
    path: process.execPath,
    args: [PROGRAM, String(port), ...files, ...(patch === undefined ? [] : [patch])],
    env: { NODE_TEST_CONTEXT: '' },
    logFile: join(cluster.folder, `${name}.log`),
    isReady,
  })
  const balancer = await startBalancer()
  await balancer.add({ port, isReady })
  const url = `https://${HOST}:${balancer.port}`
  const kinds = [
    ['Mutating', like.mutating],
    ['Validating', like.validating],
  ] as const
  const pathOf = (kind: string) => `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase()}webhookconfigurations`
  for (const [kind, models] of kinds) {
    const webhooks = models.map((model, at) => {
      const path = new URL(textAt(model, 'clientConfig', 'url') ?? '', 'https://x').pathname
      const clientConfig = { url: `${url}${path}`, caBundle: Buffer.from(ca).toString('base64') }
      // The first has the name by which its calls are counted.
      return {
        ...PODS,
        ...model,
        ...selectorOf(namespace),
        clientConfig,
        name: `${at === 0 ? '' : `n${at}.`}${name}.sluice.dev`,
      }
    })
    await cluster.api.must('POST', pathOf(kind), {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: `${kind}WebhookConfiguration`,
      metadata: { name },
      webhooks,
    })
  }
  const calls = () => callsTo(cluster, name)
  await eventually(`the API server calls ${name}`, async () => {
    await cluster.api.must('POST', `/api/v1/namespaces/${namespace ?? 'default'}/pods?dryRun=All`, podFor(1))
    return (await calls()) > 0 ? true : undefined
  })
  return {
    calls,
    async stop() {
      for (const [kind] of kinds) await cluster.api.must('DELETE', `${pathOf(kind)}/${name}`)
      await server.stop()
      balancer.close()
    },
  }
}

const PODS = {
  admissionReviewVersions: ['v1'],
  sideEffects: 'None',
  timeoutSeconds: 10,
  rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
} as const

async function callsTo({ kubectl }: ControlPlane, name: string): Promise<number> {
  const { stdout } = await kubectl(['get', '--raw', '/metrics'])
  const line = stdout
    .split('\n')
    .find(text => METRIC.test(text) && text.includes(`name="${name}.sluice.dev"`) && text.includes('type="validating"'))
  return Number((line ?? '0').split(' ').at(-1))
}

const METRIC = /^apiserver_admission_webhook_request_total\{/

function selectorOf(namespace: string | undefined): JsonObject {
  if (namespace === undefined) return {}
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }
}

function writeIn(folder: string, name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text, { mode: 0o600 })
  return file
}
