/** What became of the pods of one template, as lines. */
import type { Cluster } from '../../admission/cluster.ts'
import { textAt } from '../../admission/objects.ts'
import { demandOf } from '../../gpu/demand.ts'
import { INJECTED_ANNOTATION } from '../../policy/owned-keys.ts'
import { patchOf } from '../../policy/patch.ts'
import { formatGpus } from '../../quantity/amount.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { parsePod } from '../../schema/pod.ts'
import type { TemplatePod } from '../../workload/templates.ts'
import { controllerEvent, kubectlError } from '../kubectl-error.ts'
import { columns } from '../terminal.ts'
import type { Created } from '../webhook-client.ts'
import { tierOf } from './creating.ts'
import type { Stage } from './stage.ts'

/** The pods of one template: how many were admitted, what each was given, and why there are no more. */
export function show(title: string, template: TemplatePod, created: readonly Created[], stage: Stage): void {
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
  const tiers = Map.groupBy(admitted, tierOf)
  const counts = [...tiers].map(([tier, pods]) => (tier === undefined ? uncharged(pods) : `${pods.length} ${tier}`))
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
