/** A webhook of somebody else that takes its time: creates of pods with its label wait, after Sluice has judged them. */
import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { textAt } from '../../../src/admission/objects.ts'
import type { JsonValue } from '../../../src/schema/parts.ts'
import { newAuthority } from './certificates.ts'
import type { ControlPlane } from './control-plane.ts'
import { HOST } from './free-port.ts'

export interface HoldingWebhook {
  /** Of the pods that wait. */
  readonly labels: Readonly<Record<string, string>>
  /** Lets all of them pass, now and later. */
  release(): void
  close(): void
}

const LABEL = 'lab.example.com/wait'
/** The longest there is. When it is over the pod passes all the same. */
const TIMEOUT_SECONDS = 30

export async function startHoldingWebhook({ api }: ControlPlane): Promise<HoldingWebhook> {
  const { ca, sign } = await newAuthority('CN=holding')
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const pair = await sign({ name: 'CN=holding', names: [HOST], uses: ['server'] })
  const server = https.createServer(pair, async (request, response) => {
    const review = (await json(request)) as JsonValue
    await released
    const answer = { uid: textAt(review, 'request', 'uid'), allowed: true }
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }))
  })
  server.listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await api.must('POST', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'holding' },
    webhooks: [
      {
        name: 'holding.lab.example.com',
        clientConfig: { url: `https://${HOST}:${port}/`, caBundle: Buffer.from(ca).toString('base64') },
        failurePolicy: 'Ignore',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: TIMEOUT_SECONDS,
        objectSelector: { matchExpressions: [{ key: LABEL, operator: 'Exists' }] },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
      },
    ],
  })
  return {
    labels: { [LABEL]: '' },
    release: () => release(),
    close() {
      release()
      server.close()
      server.closeAllConnections()
    },
  }
}
