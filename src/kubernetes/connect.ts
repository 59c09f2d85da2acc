/**
 * Where the API server is, whom we believe there, and who we are to it.
 *
 * In a cluster that takes two files and two variables. A kubeconfig may ask for much more (exec plugins, OIDC), which is what
 * @kubernetes/client-node is for: it is loaded only then, because loading it takes 1.2 s and 82 MB, more than half of what a replica
 * may use in all. Its config.js alone costs the same, since it imports every generated API.
 */
import { readFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import { join } from 'node:path'
import { failed, type Parsed, parsed } from '../schema/parsed.ts'
import { type Credentials, type CredentialsDeps, refreshing } from './credentials.ts'

export interface Access {
  readonly server: URL
  credentials(): Promise<Credentials>
  /** The API server did not accept these; the next ones are read anew. */
  refused(used: Credentials): void
}

export interface ConnectDeps extends CredentialsDeps {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where the service account is mounted. */
  readonly serviceAccount?: string
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
const IN_POD_REMEDY = 'run in a pod that mounts its service account token, or name a file by --kubeconfig'
const FILE_REMEDY = 'try kubectl --kubeconfig FILE version'

/** The way to the API server of a kubeconfig, or of the cluster this process runs in. Nothing is sent yet. */
export async function connect(kubeconfig: string | undefined, deps: ConnectDeps): Promise<Parsed<Access>> {
  try {
    const access = kubeconfig === undefined ? fromPod(deps) : await fromFile(kubeconfig, deps)
    // What cannot be read at the start is told at the start.
    await access.credentials()
    return parsed(access)
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    const [at, remedy] = kubeconfig === undefined ? ['in-cluster access', IN_POD_REMEDY] : [kubeconfig, FILE_REMEDY]
    return failed({ at, problem, remedy })
  }
}

function fromPod({ env, serviceAccount = SERVICE_ACCOUNT, ...deps }: ConnectDeps): Access {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env
  if (host === undefined) throw new Error('KUBERNETES_SERVICE_HOST is not set')
  const server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`)
  // The kubelet replaces the token long before it expires, and the authority when that is rotated.
  return access(server, deps, async () => {
    const [ca, token] = await Promise.all([mounted(serviceAccount, 'ca.crt'), mounted(serviceAccount, 'token')])
    return { tls: { ca }, headers: { Authorization: `Bearer ${token.trim()}` } }
  })
}

function mounted(folder: string, file: string): Promise<string> {
  return readFile(join(folder, file), 'utf8')
}

async function fromFile(file: string, deps: CredentialsDeps): Promise<Access> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const config = new KubeConfig()
  config.loadFromFile(file)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error('its current context names no cluster')
  const server = new URL(cluster.server)
  if (server.protocol !== 'https:') throw new Error(`${cluster.server} is not https`)
  if (cluster.proxyUrl !== undefined) throw new Error('proxy-url is not supported')

  return access(server, deps, async () => {
    const options: RequestOptions = {}
    await config.applyToHTTPSOptions(options)
    return credentialsIn(options)
  })
}

function access(server: URL, deps: CredentialsDeps, load: () => Promise<Credentials>): Access {
  const credentials = refreshing(load, deps)
  return { server, credentials: credentials.current, refused: credentials.forget }
}

function credentialsIn({ auth, headers, ca, cert, key, servername, rejectUnauthorized }: RequestOptions): Credentials {
  const given = Object.entries({ ca, cert, key, servername, rejectUnauthorized })
  const texts = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)])
  // HTTP basic authentication, `user:password`.
  if (typeof auth === 'string') texts.push(['Authorization', `Basic ${Buffer.from(auth).toString('base64')}`])
  return {
    tls: Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    headers: Object.fromEntries(texts),
  }
}
