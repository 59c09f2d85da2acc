/** The flags of each component. */
import { writeFileSync } from 'node:fs'
import { get } from 'node:http'
import https from 'node:https'
import { join } from 'node:path'
import { assetOf, assetOrInstalled } from './binaries.ts'
import type { ClusterKeys } from './certificates.ts'
import { freePort, HOST } from './free-port.ts'
import { type ServerProcess, startServer } from './server-process.ts'

export async function startEtcd(folder: string): Promise<{ readonly server: ServerProcess; readonly url: string }> {
  const [clients, peers] = [await freePort(), await freePort()]
  const url = `http://${HOST}:${clients}`
  const peerUrl = `http://${HOST}:${peers}`
  const server = await startServer({
    name: 'etcd',
    path: assetOrInstalled('etcd'),
    args: [
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
    ],
    logFile: join(folder, 'etcd.log'),
    isReady: () => isHealthy(`${url}/health`),
  })
  return { server, url }
}

export interface ApiServerSettings {
  readonly folder: string
  readonly keys: ClusterKeys
  readonly port: number
  readonly etcdUrl: string
  readonly controllers?: boolean
  readonly apiServerFlags?: readonly string[]
  readonly isReady: () => Promise<boolean>
}

export function startApiServer(settings: ApiServerSettings): Promise<ServerProcess> {
  const { folder, keys, port, etcdUrl, controllers = false, apiServerFlags = [], isReady } = settings
  const file = (name: string, text: string) => written(folder, name, text)
  return startServer({
    name: 'kube-apiserver',
    path: assetOf('kube-apiserver'),
    args: [
      `--etcd-servers=${etcdUrl}`,
      `--bind-address=${HOST}`,
      `--secure-port=${port}`,
      `--external-hostname=${HOST}`,
      // A loopback address is refused as the endpoint of the service `kubernetes`, and nobody here uses that service.
      '--endpoint-reconciler-type=none',
      '--service-cluster-ip-range=10.0.0.0/24',
      `--tls-cert-file=${file('apiserver.crt', keys.server.cert)}`,
      `--tls-private-key-file=${file('apiserver.key', keys.server.key)}`,
      `--client-ca-file=${file('ca.crt', keys.ca)}`,
      '--authorization-mode=RBAC',
      '--enable-aggregator-routing=true',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${file('service-accounts.pub', keys.serviceAccounts.public)}`,
      `--service-account-signing-key-file=${file('service-accounts.key', keys.serviceAccounts.private)}`,
      '--allow-privileged=true',
      '--profiling=false',
      // It demands an account of every pod, and accounts are made by a controller.
      ...(controllers ? [] : ['--disable-admission-plugins=ServiceAccount']),
      ...apiServerFlags,
    ],
    logFile: join(folder, 'kube-apiserver.log'),
    isReady,
  })
}

interface ClientSettings {
  readonly folder: string
  readonly kubeconfig: string
}

export async function startControllers({ folder, kubeconfig }: ClientSettings): Promise<ServerProcess> {
  return startClient('kube-controller-manager', folder, [
    `--kubeconfig=${kubeconfig}`,
    // Each controller speaks as its own service account, as in real clusters.
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${join(folder, 'service-accounts.key')}`,
    `--root-ca-file=${join(folder, 'ca.crt')}`,
    // Nodes without a kubelet send no heartbeat, and pods would be evicted from them.
    '--controllers=*,-node-lifecycle-controller,-node-ipam-controller,-node-route-controller,-service-lb-controller',
  ])
}

export async function startScheduler({ folder, kubeconfig }: ClientSettings): Promise<ServerProcess> {
  return startClient('kube-scheduler', folder, [`--kubeconfig=${kubeconfig}`])
}

async function startClient(name: string, folder: string, flags: readonly string[]): Promise<ServerProcess> {
  const port = await freePort()
  return startServer({
    name,
    path: assetOf(name),
    args: [
      ...flags,
      '--leader-elect=false',
      `--bind-address=${HOST}`,
      `--secure-port=${port}`,
      `--cert-dir=${join(folder, `${name}-certs`)}`,
      '--authentication-skip-lookup=true',
    ],
    logFile: join(folder, `${name}.log`),
    isReady: () => isHealthy(`https://${HOST}:${port}/healthz`),
  })
}

function isHealthy(url: string): Promise<boolean> {
  return new Promise(resolve => {
    const answered = (response: { readonly statusCode?: number | undefined; resume(): void }) => {
      response.resume()
      resolve(response.statusCode === 200)
    }
    // Its certificate is made by itself, and a probe tells it nothing.
    const request = url.startsWith('https:')
      ? https.get(url, { rejectUnauthorized: false, agent: false }, answered)
      : get(url, { agent: false }, answered)
    request.on('error', () => resolve(false))
  })
}

function written(folder: string, name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}
