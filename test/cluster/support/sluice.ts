/** Sluice in a cluster: replicas, the address that stands before them, and what it takes until the API server calls them. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startBalancer } from './balancer.ts'
import { newAuthority, type Subject } from './certificates.ts'
import type { ControlPlane } from './control-plane.ts'
import { installCrds } from './crds.ts'
import { eventually } from './eventually.ts'
import { HOST } from './free-port.ts'
import { type Replica, startReplica } from './replica.ts'

export const NAMESPACE = 'sluice-system'
export const ACCOUNT = 'sluice'

export interface SluiceOptions {
  readonly replicas?: number
  /** Instead of so many that are alike. */
  readonly apart?: readonly Apart[]
  /** More flags of `sluice serve`. */
  readonly flags?: readonly string[]
  /** Gives the service account its rights, instead of all that there are. */
  readonly grant?: (cluster: ControlPlane) => Promise<void>
  /** Mounted as cert-manager's secret is, unless the leader makes them. */
  readonly certificates?: Certificates
  /** The address of the API server as replicas know it, where something stands between. */
  readonly reach?: (cluster: ControlPlane) => Promise<string>
}

/** Three flags name the files that are there already. */
type Certificates = 'mounted' | 'self-signed' | { readonly flags: readonly string[] }

/** What one replica has unlike the others. */
export interface Apart {
  /** Where it reaches the API server. */
  readonly reach?: string
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export const TLS_SECRET = 'sluice-tls'

export interface Sluice {
  /** Where the API server calls it. */
  readonly url: string
  /** Those that run, the oldest first. */
  replicas(): readonly Replica[]
  leader(): Promise<Replica>
  /** Starts one more; resolves when it is ready. */
  add(apart?: Apart): Promise<Replica>
  /** The API server does not reach it any more, nor is it told so; everybody else does. */
  withdraw(replica: Replica): void
  /** Ends it: `SIGTERM` as a rolling update does, `SIGKILL` as a node does that goes away. */
  end(replica: Replica, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  stop(): Promise<void>
}

/** Resolves when the replicas are ready and the webhooks are registered. */
export async function startSluice(cluster: ControlPlane, options: SluiceOptions = {}): Promise<Sluice> {
  await installCrds(cluster)
  const reach = await options.reach?.(cluster)
  // Rights are given to an account, in a namespace: both are there by then.
  await cluster.kubeconfigFor(`${NAMESPACE}/${ACCOUNT}`)
  await (options.grant ?? everything)(cluster)
  const balancer = await startBalancer()
  const url = `https://${HOST}:${balancer.port}`
  const flags = [
    ...['--namespace', NAMESPACE, '--webhook-url', url],
    ...(await certificateFlags(options.certificates, cluster)),
    ...['--drain-seconds', '2'],
    ...(options.flags ?? []),
  ]
  const running: Replica[] = []
  let started = 0

  async function add({ reach: own = reach, flags: more = [], env = {} }: Apart = {}): Promise<Replica> {
    started += 1
    const name = `sluice-${started}`
    const kubeconfig = await cluster.kubeconfigFor(`${NAMESPACE}/${ACCOUNT}`, own)
    const replica = await startReplica({
      name,
      folder: cluster.folder,
      flags: ['--kubeconfig', kubeconfig, ...flags, ...more],
      env,
    })
    running.push(replica)
    await balancer.add(replica)
    return replica
  }
  const sluice: Sluice = {
    url,
    replicas: () => [...running],
    leader: () => eventually('one of the replicas leads', () => firstLeader(running)),
    add,
    withdraw(replica) {
      balancer.remove(replica)
      balancer.cut(replica)
    },
    async end(replica, signal) {
      running.splice(running.indexOf(replica), 1)
      await replica.process.stop(signal)
      balancer.remove(replica)
    },
    async stop() {
      await Promise.all(running.map(replica => replica.process.stop()))
      balancer.close()
    },
  }
  try {
    const starts = await Promise.allSettled((options.apart ?? Array(options.replicas ?? 1).fill({})).map(add))
    for (const start of starts) if (start.status === 'rejected') throw start.reason
    await registered(cluster)
    return sluice
  } catch (cause) {
    await sluice.stop()
    throw cause
  }
}

async function firstLeader(replicas: readonly Replica[]): Promise<Replica | undefined> {
  for (const replica of replicas) if ((await replica.metric('sluice_leader')) === 1) return replica
  return undefined
}

async function everything({ kubectl }: ControlPlane): Promise<void> {
  const binding = [
    'clusterrolebinding',
    ACCOUNT,
    '--clusterrole=cluster-admin',
    `--serviceaccount=${NAMESPACE}:${ACCOUNT}`,
  ]
  const { code, stderr } = await kubectl(['create', ...binding])
  if (code !== 0) throw new Error(stderr)
}

function certificateFlags(
  certificates: Certificates | undefined,
  { folder }: ControlPlane,
): readonly string[] | Promise<readonly string[]> {
  if (certificates === 'self-signed') return ['--self-signed-secret', TLS_SECRET]
  return certificates === undefined || certificates === 'mounted' ? mounted(folder) : certificates.flags
}

/** What a certificate of Sluice is for. */
export const SUBJECT: Subject = {
  name: 'CN=sluice',
  names: [HOST, 'localhost', `sluice.${NAMESPACE}.svc`],
  uses: ['server', 'client'],
}

/** Files as those of cert-manager's secret, and the flags that name them. */
async function mounted(folder: string): Promise<readonly string[]> {
  const { ca, sign } = await newAuthority('CN=Sluice test authority')
  const { cert, key } = await sign(SUBJECT)
  return Object.entries({ cert, key, ca }).flatMap(([name, text]) => {
    const file = join(folder, `sluice-tls.${name}`)
    writeFileSync(file, text, { mode: 0o600 })
    return [`--tls-${name}`, file]
  })
}

const CONFIGURATIONS = ['mutatingwebhookconfigurations', 'validatingwebhookconfigurations'] as const

async function registered({ api }: ControlPlane): Promise<void> {
  for (const kind of CONFIGURATIONS) {
    await eventually(`${kind}/sluice is there`, async () => {
      const { status } = await api.call('GET', `/apis/admissionregistration.k8s.io/v1/${kind}/sluice`)
      return status === 200 ? true : undefined
    })
  }
}
