import type { LabelSelector } from '../schema/parts.ts'
import type { Finding } from './finding.ts'
import { type ClusterQueue, identityOf, type LocalQueue } from './setup.ts'

/** The namespaces of a tenant to be: by name, or by label where only the queue's selector tells. */
export interface Members {
  readonly namespaces: readonly string[]
  readonly selector?: LabelSelector
}

/** By the name of their ClusterQueue, for the queues that become tenants. */
export function membersOf(
  queues: readonly ClusterQueue[],
  localQueues: readonly LocalQueue[],
  findings: Finding[],
): ReadonlyMap<string, Members> {
  const claims = queues.map(queue => claimOf(queue, localQueues))
  const owners = ownersOf(claims, findings)
  return new Map(
    claims.map(claim => {
      const { queue, selector } = claim
      findings.push(...selectorFindings(claim))
      const namespaces = claim.namespaces.filter(name => owners.get(name) === queue)
      return [queue.document.metadata.name, { namespaces, ...(selector === undefined ? {} : { selector }) }]
    }),
  )
}

interface Claim {
  readonly queue: ClusterQueue
  readonly namespaces: readonly string[]
  /** The namespaces whose LocalQueue is the one that a job gets which names none. */
  readonly usual: ReadonlySet<string>
  readonly selector?: LabelSelector
  readonly source: 'LocalQueues' | 'selector' | 'nothing'
}

/** Who submits to a queue needs a LocalQueue in the namespace; the selector only says who may have one. */
function claimOf(queue: ClusterQueue, localQueues: readonly LocalQueue[]): Claim {
  const own = localQueues.filter(({ document }) => document.spec.clusterQueue === queue.document.metadata.name)
  const namespaces = [...new Set(own.map(({ document }) => document.metadata.namespace))]
  const usual = new Set(
    own
      .filter(({ document }) => document.metadata.name === USUAL_QUEUE)
      .map(({ document }) => document.metadata.namespace),
  )
  if (namespaces.length > 0) return { queue, namespaces, usual, source: 'LocalQueues' }

  const selector = queue.document.spec?.namespaceSelector
  const named = selector === undefined ? undefined : namesIn(selector)
  if (named !== undefined) return { queue, namespaces: named, usual, source: 'selector' }
  if (selector === undefined || selectsAll(selector)) return { queue, namespaces, usual, source: 'nothing' }
  return { queue, namespaces, usual, selector, source: 'selector' }
}

/** A LocalQueue may be written before its ClusterQueue, and files may be forgotten. */
export function danglingQueues(
  queues: readonly ClusterQueue[],
  localQueues: readonly LocalQueue[],
): readonly Finding[] {
  const known = new Set(queues.map(({ document }) => document.metadata.name))
  return localQueues
    .filter(({ document }) => !known.has(document.spec.clusterQueue))
    .map(queue => ({
      kind: 'check',
      at: queue.at,
      object: identityOf(queue),
      field: `spec.clusterQueue: ${queue.document.spec.clusterQueue}`,
      meaning: 'no file holds that ClusterQueue: the namespace is in no tenant',
    }))
}

/** Kueue's LocalQueueDefaulting: a job that names no queue gets the one of this name. */
const USUAL_QUEUE = 'default'
const NAME_LABEL = 'kubernetes.io/metadata.name'

function selectsAll({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0
}

/** The namespaces that a selector names one by one, which is how most are written; undefined where it selects by other labels. */
function namesIn({ matchLabels = {}, matchExpressions = [] }: LabelSelector): readonly string[] | undefined {
  const [label, ...otherLabels] = Object.entries(matchLabels)
  const [expression, ...otherExpressions] = matchExpressions
  if (otherLabels.length > 0 || otherExpressions.length > 0) return undefined
  if (label !== undefined) return label[0] === NAME_LABEL && expression === undefined ? [label[1]] : undefined
  const isList = expression?.key === NAME_LABEL && expression.operator === 'In'
  return isList ? [...new Set(expression.values ?? [])] : undefined
}

/** A namespace is of one tenant here: of the queue that its jobs get without asking, else of the first. */
function ownersOf(claims: readonly Claim[], findings: Finding[]): ReadonlyMap<string, ClusterQueue> {
  const claimants = Map.groupBy(
    claims.flatMap(claim => claim.namespaces.map(namespace => ({ namespace, claim }))),
    ({ namespace }) => namespace,
  )
  const owners = new Map<string, ClusterQueue>()
  for (const [namespace, entries] of claimants) {
    const all = entries.map(({ claim }) => claim)
    const owner = all.find(({ usual }) => usual.has(namespace)) ?? all[0]
    if (owner === undefined) continue
    owners.set(namespace, owner.queue)
    findings.push(...all.filter(claim => claim !== owner).map(claim => sharedNamespace(namespace, claim, owner)))
  }
  return owners
}

function sharedNamespace(namespace: string, { queue }: Claim, owner: Claim): Finding {
  const other = owner.queue.document.metadata.name
  return {
    kind: 'check',
    at: queue.at,
    object: identityOf(queue),
    field: `namespace ${namespace}`,
    meaning: `a namespace has one tenant, and this one uses ClusterQueue ${other} as well: it went to ${other}; split the namespace, or move it`,
  }
}

function selectorFindings({ queue, source, namespaces, selector }: Claim): readonly Finding[] {
  const own = queue.document.spec?.namespaceSelector
  const found = (kind: Finding['kind'], field: string, meaning: string): readonly Finding[] => {
    return [{ kind, at: queue.at, object: identityOf(queue), field, meaning }]
  }
  switch (source) {
    case 'nothing':
      return found(
        'check',
        'spec.namespaceSelector',
        'no LocalQueue names a namespace, and the selector names none in particular: nobody uses the quota until spec.namespaces of the tenant is filled',
      )
    case 'selector':
      return selector === undefined
        ? found(
            'changed',
            'spec.namespaceSelector',
            `without LocalQueues, the tenant has the namespaces that it names: ${namespaces.join(', ')}`,
          )
        : found(
            'changed',
            'spec.namespaceSelector',
            'without LocalQueues, the tenant has all namespaces that it selects; none of them may be of another tenant',
          )
    case 'LocalQueues':
      if (own === undefined)
        return found(
          'changed',
          'spec.namespaceSelector',
          'without a selector Kueue admits nothing; the tenant has the namespaces of the LocalQueues all the same',
        )
      if (selectsAll(own)) return []
      return found(
        'changed',
        'spec.namespaceSelector',
        'the selector is not carried over: the tenant has the namespaces of the LocalQueues, whether or not they are selected',
      )
  }
}
