/** What of an object of the cluster is kept in memory: a cluster has many, and most of each is told to nobody here. */
import { fieldAt, objectAt, textAt } from '../../admission/objects.ts'
import type { JsonObject, JsonValue } from '../../schema/parts.ts'

type Fields = Readonly<Record<string, JsonValue | undefined>>

/** An object with its apiVersion and kind, which the items of a list lack, and without what only others read. */
export function keptObject(apiVersion: string, kind: string, object: JsonObject): JsonObject | undefined {
  switch (kind) {
    case 'Namespace':
      return slim(apiVersion, kind, object, {})
    case 'Node':
      return slim(apiVersion, kind, object, nodeStatus(object))
    case 'PriorityClass':
      return slim(apiVersion, kind, object, { value: object.value, globalDefault: object.globalDefault })
    case 'Job':
      return isOver(object) ? undefined : slim(apiVersion, kind, object, { spec: object.spec })
    default:
      return slim(apiVersion, kind, object, { spec: object.spec })
  }
}

function slim(apiVersion: string, kind: string, object: JsonObject, fields: Fields): JsonObject {
  const { name, namespace, uid, generation, labels } = objectAt(object, 'metadata') ?? {}
  const isAnnotationRead = kind !== 'Node' && kind !== 'Namespace'
  const annotations = isAnnotationRead ? told(objectAt(object, 'metadata', 'annotations')) : undefined
  const metadata = present({ name, namespace, uid, generation, labels, annotations })
  return { apiVersion, kind, metadata, ...present(fields) }
}

// The kubelet writes its node's status every few minutes; of that, only what can be allocated changes a quota.
function nodeStatus(object: JsonObject): Fields {
  const allocatable = objectAt(object, 'status', 'allocatable')
  return {
    ...(allocatable === undefined ? {} : { status: { allocatable: accelerators(allocatable) } }),
    // Nobody has to make room on a node that takes no pods.
    ...(fieldAt(object, 'spec', 'unschedulable') === true ? { spec: { unschedulable: true } } : {}),
  }
}

// Free disk and memory change with every image that is pulled.
const OF_EVERY_NODE = new Set(['cpu', 'memory', 'ephemeral-storage', 'pods'])

function accelerators(allocatable: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(allocatable).filter(([name]) => !OF_EVERY_NODE.has(name)))
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

function told(annotations: JsonObject | undefined): JsonObject | undefined {
  if (annotations === undefined) return undefined
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => key !== LAST_APPLIED))
}

// Its pods are over, and clusters keep thousands of them.
function isOver(job: JsonObject): boolean {
  const conditions = fieldAt(job, 'status', 'conditions')
  if (!Array.isArray(conditions)) return false
  return conditions.some(condition => {
    const type = textAt(condition, 'type')
    return (type === 'Complete' || type === 'Failed') && textAt(condition, 'status') === 'True'
  })
}

function present(fields: Fields): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  )
}
