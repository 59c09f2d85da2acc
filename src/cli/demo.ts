import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Cluster } from '../admission/cluster.ts'
import type { Log } from '../admission/endpoint.ts'
import { textAt } from '../admission/objects.ts'
import { manifestFilesBelow, readObjectsOf } from '../config/cluster-folder.ts'
import { packageRoot } from '../config/root.ts'
import { VERSION } from '../config/version.ts'
import { demandOf } from '../gpu/demand.ts'
import { installShutdown } from '../http/drain.ts'
import { INJECTED_ANNOTATION, TIER_LABEL } from '../policy/owned-keys.ts'
import { patchOf } from '../policy/patch.ts'
import { formatGpus, ZERO } from '../quantity/amount.ts'
import type { JsonObject } from '../schema/parts.ts'
import { parsePod } from '../schema/pod.ts'
import { createLog } from '../telemetry/log.ts'
import { podTemplates, type TemplatePod } from '../workload/templates.ts'
import { complain, loadCluster } from './cluster.ts'
import { controllerEvent, kubectlError } from './kubectl-error.ts'
import { quotaRows } from './quota-rows.ts'
import { type Service, startService } from './serve.ts'
import { columns, EXIT, type ExitCode, type Paint, paintFor, type Terminal } from './terminal.ts'
import { type Created, type WebhookClient, webhookClient } from './webhook-client.ts'

export interface DemoOptions {
  /** Ends after the replay instead of serving on. */
  readonly isOnce: boolean
}

// Enough to see a gang or a scaled Deployment fill up; a thousand replicas would say the same.
const MAX_PODS_PER_TEMPLATE = 32
const MAX_PODS_TO_FILL = 64

/** `sluice demo`: the real service over HTTPS, the examples through both webhooks, and what became of each. */
export async function demo({ isOnce }: DemoOptions, terminal: Terminal): Promise<ExitCode | undefined> {
  const examples = join(packageRoot(), 'examples')
  const cluster = loadCluster(join(examples, 'cluster'))
  if (!cluster.ok) {
    complain(cluster.issues, terminal)
    return EXIT.badInput
  }
  const log = createLog({ level: isOnce ? 'silent' : 'error' })
  const service = await startDemoService(cluster.value, log)
  const client = webhookClient(service.port, service.ca ?? '')
  const stage: Stage = { terminal, paint: paintFor(terminal), client, cluster: cluster.value }

  introduce(cluster.value, service, stage)
  for (const file of manifestFilesBelow(join(examples, 'manifests'))) await replay(file, stage)
  await fillUp(cluster.value, stage)
  usageTable(cluster.value, service, stage)

  stage.client.close()
  if (isOnce) {
    service.close()
    return EXIT.yes
  }
  installShutdown(process, service.server, { log, serveMs: 0 })
  terminal.out(`\nServing on https://127.0.0.1:${service.port} until you press Ctrl-C; -- --once ends by itself.`)
  return undefined
}

interface Stage {
  readonly terminal: Terminal
  readonly paint: Paint
  readonly client: WebhookClient
  readonly cluster: Cluster
}

async function startDemoService(cluster: Cluster, log: Log): Promise<Service> {
  const options = { cluster: '', port: 0, host: '127.0.0.1', logLevel: 'silent', exemptNamespaces: [] } as const
  const service = await startService(cluster, options, log)
  if (!service.ok) throw new Error(`a self-signed service cannot be refused: ${service.issues[0]?.problem}`)
  return service.value
}

function introduce(cluster: Cluster, { port }: Service, { terminal, paint }: Stage): void {
  const cohorts = new Set([...cluster.quotas.treeOfTenant].map(([name, tree]) => tree.tenants.get(name)?.spec.cohort))
  terminal.out(paint.strong(`Sluice ${VERSION}, standalone, on https://127.0.0.1:${port}`))
  terminal.out(
    `${cluster.quotas.treeOfTenant.size} tenants in ${cohorts.size} cohorts, ${cluster.policies.names.length} policies. Every pod below goes ` +
      'through /mutate/pods, is patched, and goes through /validate/pods, as the API server would send it.',
  )
}

async function replay(file: string, stage: Stage): Promise<void> {
  const { terminal, paint } = stage
  const title = headOf(file)
  terminal.out(`\n${paint.strong(basename(file))}${title === '' ? '' : `  ${paint.faint(title)}`}`)
  const { objects } = readObjectsOf(file)
  const templates = objects.flatMap(({ value }) => podTemplates(value).map(template => ({ manifest: value, template })))
  if (templates.length === 0) terminal.out('  no pods')
  for (const { manifest, template } of templates) await replayTemplate(manifest, template, stage)
}

/** The first sentence of the comment at the top of a manifest. */
function headOf(file: string): string {
  const comment = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line, index, lines) => lines.slice(0, index + 1).every(isComment) && isComment(line))
  const text = comment.map(line => line.replace(/^#\s?/, '')).join(' ')
  return /^.*?[.:](?=\s|$)/.exec(text)?.[0].replace(/[.:]$/, '') ?? text
}

function isComment(line: string): boolean {
  return line.startsWith('#')
}

async function replayTemplate(manifest: JsonObject, template: TemplatePod, stage: Stage): Promise<void> {
  const namespace = textAt(manifest, 'metadata', 'namespace') ?? 'default'
  const wanted = Math.min(template.replicas ?? 1, MAX_PODS_PER_TEMPLATE)
  const created: Created[] = []
  for (let index = 0; index < wanted; index += 1) {
    const one = await stage.client.create(template.pod, namespace)
    created.push(one)
    if (!one.response.allowed) break
  }
  const title = `${textAt(manifest, 'kind')} ${namespace}/${textAt(manifest, 'metadata', 'name') ?? textAt(manifest, 'metadata', 'generateName')}`
  show(title, template, created, stage)
}

function show(title: string, template: TemplatePod, created: readonly Created[], stage: Stage): void {
  const { terminal, paint } = stage
  const [first] = created
  const refused = created.find(one => !one.response.allowed)
  const admitted = created.filter(one => one.response.allowed)
  terminal.out(`  ${title}  ${paint.faint(template.podTemplate)}`)
  if (first === undefined) {
    terminal.out('    no replicas')
    return
  }
  if (admitted.length > 0) terminal.out(`    ${paint.good('admitted')}  ${admittedLine(admitted, template, stage)}`)
  for (const line of noteLines(first)) terminal.out(`    ${line}`)
  for (const warning of first.response.warnings ?? []) terminal.out(paint.note(`    Warning: ${warning}`))
  if (refused === undefined) return
  terminal.out(`    ${paint.bad('denied')}    pod ${created.length} of ${template.replicas ?? 1}`)
  const [owner] = ownersOf(refused.pod)
  const lines =
    owner === undefined ? kubectlError(refused.response, refused.name) : controllerEvent(refused.response, owner)
  for (const line of lines) terminal.out(`    ${line}`)
}

function ownersOf(pod: JsonObject): readonly string[] {
  const owners = patchOf(pod).get(['metadata', 'ownerReferences'])
  if (!Array.isArray(owners)) return []
  return owners.map(owner => `${String(textAt(owner, 'kind')).toLowerCase()}/${textAt(owner, 'name')}`)
}

/** `2 pods of h100=4: 2 reserved`: how many, what each was charged, and to which tiers. */
function admittedLine(admitted: readonly Created[], template: TemplatePod, stage: Stage): string {
  const tiers = Map.groupBy(admitted, one => tierOf(one.pod))
  const counts = [...tiers].map(([tier, pods]) => (tier === '' ? uncharged(pods) : `${pods.length} ${tier}`))
  const wanted = template.replicas ?? 1
  const pods = `${admitted.length} ${admitted.length === 1 ? 'pod' : 'pods'}${wanted > admitted.length ? ` of ${wanted}` : ''}`
  const [first] = admitted
  const demand = first === undefined ? '' : demandText(first.pod, stage.cluster)
  return `${pods}${demand === '' ? '' : ` with ${demand}${admitted.length === 1 ? '' : ' each'}`}: ${counts.join(', ')}`
}

function demandText(json: JsonObject, { classes, claims, labelsOfNamespace }: Cluster): string {
  const pod = parsePod(json)
  const namespace = textAt(json, 'metadata', 'namespace') ?? ''
  const context = { classes, claims, namespaceLabels: labelsOfNamespace(namespace) }
  const result = pod.ok ? demandOf(pod.value, namespace, context) : undefined
  if (result?.kind !== 'demand') return ''
  return [...result.demand.byClass].map(([name, amount]) => `${name}=${formatGpus(amount)}`).join(', ')
}

function uncharged(pods: readonly Created[]): string {
  return pods.some(pod => pod.operations.length > 0)
    ? 'over quota and not charged, for the tenant is only warned'
    : 'no quota'
}

function tierOf(pod: JsonObject): string {
  return textAt(pod, 'metadata', 'labels', TIER_LABEL) ?? ''
}

/** What was injected, a line for each policy, from the annotation that the pod carries. */
function noteLines({ pod, operations }: Created): readonly string[] {
  if (operations.length === 0) return ['untouched']
  const note = textAt(pod, 'metadata', 'annotations', INJECTED_ANNOTATION) ?? ''
  return columns(
    note.split('; ').map(entry => {
      const [policy = '', what = ''] = entry.split(': ')
      return [`+ ${policy}`, what]
    }),
  )
}

/** Creates pods of one shape in one namespace until one is refused, to show the tiers fill up one after the other. */
async function fillUp(cluster: Cluster, stage: Stage): Promise<void> {
  const { terminal, paint, client } = stage
  terminal.out(
    `\n${paint.strong('Until it is full')}  ${paint.faint('whole-node H100 pods of foundation-models, one after the other, no tier named')}`,
  )
  const created: Created[] = []
  for (let index = 0; index < MAX_PODS_TO_FILL; index += 1) {
    const one = await client.create(workerPod(index), 'foundation-models')
    created.push(one)
    if (!one.response.allowed) break
  }
  for (const [tier, pods] of Map.groupBy(
    created.filter(one => one.response.allowed),
    one => tierOf(one.pod),
  )) {
    const warning = pods.at(-1)?.response.warnings?.[0]
    terminal.out(
      `  ${paint.good(`${pods.length} pods of 8`)} in ${tier}${warning === undefined ? '' : `  ${paint.note(`Warning: ${warning}`)}`}`,
    )
  }
  const last = created.at(-1)
  if (last?.response.allowed === false) {
    for (const line of kubectlError(last.response, last.name)) terminal.out(`  ${line}`)
  }
  if (cluster.quotas.tenantOfNamespace.get('foundation-models') === undefined)
    throw new Error('the example cluster has changed')
}

function workerPod(index: number): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `filler-${index}` },
    spec: {
      nodeSelector: { 'node.kubernetes.io/instance-type': 'p5.48xlarge' },
      containers: [
        {
          name: 'train',
          image: 'registry.example/train:1',
          resources: { limits: { 'nvidia.com/gpu': '8' }, requests: { 'nvidia.com/gpu': '8' } },
        },
      ],
    },
  }
}

function usageTable(cluster: Cluster, { ledger }: Service, { terminal, paint }: Stage): void {
  terminal.out(
    `\n${paint.strong('Usage')}  ${paint.faint('GPUs in use, and the most that would be in use if the tenant took all that fits now')}`,
  )
  const rows = quotaRows(cluster.quotas, ledger)
  const lines = [...Map.groupBy(rows, row => `${row.tenant} ${row.acceleratorClass}`).values()]
    .filter(group => group.some(row => row.usage > ZERO))
    .map(group => {
      const [row] = group
      const cells = group.map(({ usage, limit }) => `${formatGpus(usage)} of ${formatGpus(limit)}`)
      return [row?.cohort ?? '', row?.tenant ?? '', row?.acceleratorClass ?? '', ...cells]
    })
  const table = columns([['cohort', 'tenant', 'class', 'reserved', 'shared', 'burst'], ...lines])
  for (const [index, line] of table.entries()) terminal.out(`  ${index === 0 ? paint.faint(line) : line}`)
}
