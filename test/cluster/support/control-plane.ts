/**
 * A control plane of one's own: etcd and kube-apiserver on the loopback address, with controllers and a scheduler where they are
 * asked for. There is no kubelet: pods are created, counted and bound, and never run.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ApiAddress, type ApiClient, apiClient } from './api-client.ts'
import { newClusterKeys } from './certificates.ts'
import { startApiServer, startControllers, startEtcd, startScheduler } from './components.ts'
import { freePort, HOST } from './free-port.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { type Kubectl, kubectlOf } from './kubectl.ts'
import type { ServerProcess } from './server-process.ts'
import { serviceAccountToken } from './service-accounts.ts'
import { whenWeEnd } from './when-we-end.ts'

export interface ControlPlaneOptions {
  /** kube-controller-manager: without it no Deployment or Job has pods, and no pod needs a service account. */
  readonly controllers?: boolean
  readonly scheduler?: boolean
  /** More flags of kube-apiserver. */
  readonly apiServerFlags?: readonly string[]
}

export interface ControlPlane {
  readonly url: string
  /** The authority of the API server, as PEM. */
  readonly ca: string
  /** Gone after `stop`. */
  readonly folder: string
  /** A file: the administrator's. */
  readonly kubeconfig: string
  readonly admin: ApiAddress
  readonly api: ApiClient
  readonly kubectl: Kubectl
  /**
   * A file, with a token of this service account, written as `namespace/name`; the account is created if need be. With another
   * address where something stands before the API server.
   */
  kubeconfigFor(account: string, at?: string): Promise<string>
  stopApiServer(): Promise<void>
  /** Also starts one that was stopped. */
  restartApiServer(): Promise<void>
  /** It keeps its connections and answers nothing, as one whose disk hangs. */
  pauseEtcd(): void
  resumeEtcd(): void
  stop(): Promise<void>
}

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-'))
  // After those who write there have been killed, each by a leash of its own.
  const leash = whenWeEnd('sleep 1; rm -rf "$0"', folder)
  // In the order of their start; they are stopped in the opposite one.
  const running: ServerProcess[] = []
  const stopAll = async () => {
    for (const server of running.toReversed()) await server.stop()
    rmSync(folder, { recursive: true, force: true })
    leash.letGo()
  }
  try {
    return await start(options, folder, running, stopAll)
  } catch (cause) {
    await stopAll()
    throw cause
  }
}

async function start(
  options: ControlPlaneOptions,
  folder: string,
  running: ServerProcess[],
  stopAll: () => Promise<void>,
): Promise<ControlPlane> {
  const keys = await newClusterKeys()
  const etcd = await startEtcd(folder)
  running.push(etcd.server)

  const port = await freePort()
  const url = `https://${HOST}:${port}`
  const admin: ApiAddress = { url, ca: keys.ca, credentials: { kind: 'certificate', ...keys.admin } }
  const api = apiClient(admin)
  const isReady = () =>
    api.call('GET', '/readyz').then(
      answer => answer.status === 200,
      () => false,
    )
  const newApiServer = () => startApiServer({ ...options, folder, keys, port, etcdUrl: etcd.url, isReady })
  let apiServer = await newApiServer()
  running.push(apiServer)

  const kubeconfig = writeKubeconfig(join(folder, 'admin.kubeconfig'), admin)
  if (options.controllers === true) running.push(await startControllers({ folder, kubeconfig }))
  if (options.scheduler === true) running.push(await startScheduler({ folder, kubeconfig }))

  return {
    url,
    ca: keys.ca,
    folder,
    kubeconfig,
    admin,
    api,
    kubectl: kubectlOf(folder, kubeconfig),
    async kubeconfigFor(account, at = url) {
      const token = await serviceAccountToken(api, account)
      const file = join(folder, `${account.replace('/', '.')}.${new URL(at).port}.kubeconfig`)
      return writeKubeconfig(file, { ...admin, url: at, credentials: { kind: 'token', token } })
    },
    stopApiServer: () => apiServer.stop(),
    async restartApiServer() {
      await apiServer.stop()
      const next = await newApiServer()
      running.splice(running.indexOf(apiServer), 1, next)
      apiServer = next
    },
    pauseEtcd: () => etcd.server.signal('SIGSTOP'),
    resumeEtcd: () => etcd.server.signal('SIGCONT'),
    async stop() {
      api.close()
      // A stopped process does not end when it is asked to.
      etcd.server.signal('SIGCONT')
      await stopAll()
    },
  }
}
