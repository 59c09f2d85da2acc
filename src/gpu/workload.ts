import type { QueueSystem } from '../schema/parts.ts'
import type { Pod } from '../schema/pod.ts'
import { countOf, sizeFrom } from './gang-size.ts'
import { annotationAt, type Place, textAt } from './workload-places.ts'
import { QUEUES } from './workload-queues.ts'
import type { GangRule, ObjectSource, Sign, WordSource, WorkloadRule } from './workload-rule.ts'
import { BARE_POD, COMMON_ROLES, COMMUNICATING_ROLES, DECLARED_GANG, WORKLOAD_RULES } from './workload-rules.ts'

/** What a pod belongs to, as far as the pod itself tells. Names come from the tenant: quote and cut them before showing them. */
export interface Workload {
  /** The kind that people created (`Deployment`, not its ReplicaSet), `Pod` when nobody owns it. */
  readonly kind: string
  readonly name: string
  /** `worker`, `launcher`, `head`, `leader`, `prefill`, …; empty where the controller knows no roles. */
  readonly role: string
  readonly gang: Gang | undefined
  /** The system that says it has queued and counted this pod already. */
  readonly queuedBy: QueueSystem | undefined
  /** True: one of several pods that communicate. False: known to work alone. Undefined: the pod does not tell. */
  readonly multiPod: boolean | undefined
}

export interface Gang {
  /** `namespace/controller/…`, the same for all members and at both webhooks. */
  readonly id: string
  /** Pods in the gang. An MPI launcher, which only starts the others, is not counted; a Ray head is. */
  readonly size: number | undefined
  /** A label that every member carries, for affinity. */
  readonly label: { readonly key: string; readonly value: string } | undefined
  /** Objects of the pod's namespace that know more of the gang, the best informed first. Whether they exist is not known. */
  readonly objects: readonly ObjectReference[]
}

/** An object by what a pod says of it. */
export interface ObjectReference {
  /** The API group without a version; empty for the core. */
  readonly group: string
  readonly kind: string
  readonly name: string
  /** The object's UID where the pod carries it: one of another UID is another object. */
  readonly uid: string | undefined
}

/** What the caller has read from the controller's object, which knows better than its pods. */
export interface KnownWorkload {
  readonly gangSize?: number | undefined
}

const GANG_SIZE_ANNOTATION = 'sluice.dev/gang-size'

/** Recognises the workload and the gang of a pod. The namespace is the request's: the object's own may be empty. */
export function workloadOf(pod: Pod, namespace: string, known: KnownWorkload = {}): Workload {
  const rules = WORKLOAD_RULES.filter(rule => rule.when.every(sign => isShown(pod, sign)))
  const identity = rules.find(rule => rule.kind !== undefined) ?? BARE_POD
  const role = firstWord(pod, identity.role ?? []) ?? firstWord(pod, COMMON_ROLES) ?? ''
  const gangRule = rules.find(rule => settlesGang(pod, rule)) ?? BARE_POD
  const gang = gangOf(pod, namespace, [gangRule, identity], known)

  return {
    kind: firstWord(pod, identity.kind ?? []) ?? 'Pod',
    name: firstText(pod, identity.name ?? []) ?? '',
    role,
    gang,
    queuedBy: QUEUES.find(({ anyOf }) => anyOf.some(sign => isShown(pod, sign)))?.system,
    multiPod: COMMUNICATING_ROLES.has(role) ? true : severalPods(pod, gang, gang === undefined ? identity : gangRule),
  }
}

/** The workload with the number of pods that its objects know of. */
export function withGangSize(workload: Workload, size: number): Workload {
  const { gang, role } = workload
  if (gang === undefined) return workload
  return { ...workload, gang: { ...gang, size }, multiPod: COMMUNICATING_ROLES.has(role) || size > 1 }
}

function severalPods(pod: Pod, gang: Gang | undefined, rule: WorkloadRule): boolean | undefined {
  if (gang?.size !== undefined) return gang.size > 1
  if (rule.severalWhen?.some(sign => isShown(pod, sign))) return true
  return rule.multiPod
}

function gangOf(
  pod: Pod,
  namespace: string,
  [gangRule, identity]: readonly [WorkloadRule, WorkloadRule],
  known: KnownWorkload,
): Gang | undefined {
  const { gang: rule } = gangRule
  const declared =
    known.gangSize === undefined ? countOf(annotationAt(pod, GANG_SIZE_ANNOTATION)) : countOf(known.gangSize)
  if (rule === undefined || rule === 'none') {
    return declared === undefined ? undefined : identified(pod, namespace, DECLARED_GANG, declared, [])
  }
  const size = (known.gangSize === undefined ? undefined : declared) ?? sizeFrom(pod, rule.size ?? []) ?? declared
  if (rule.onlySized && (size ?? 1) === 1) return undefined
  // A scheduler's group knows how many must run, and the controller behind it what they are.
  return identified(pod, namespace, rule, size, objectsOf(pod, new Set([gangRule, identity])))
}

// A mark without the name that belongs to it settles nothing: the next row may know.
function settlesGang(pod: Pod, { gang }: WorkloadRule): boolean {
  return gang === 'none' || (gang !== undefined && idTexts(pod, gang) !== undefined)
}

function identified(
  pod: Pod,
  namespace: string,
  rule: GangRule,
  size: number | undefined,
  objects: readonly ObjectReference[],
): Gang | undefined {
  const texts = idTexts(pod, rule)
  if (texts === undefined) return undefined
  return { id: [namespace, rule.scope, ...texts.map(escaped)].join('/'), size, label: sharedLabel(pod, rule), objects }
}

function objectsOf(pod: Pod, rules: ReadonlySet<WorkloadRule>): readonly ObjectReference[] {
  return [...rules].flatMap(({ objects = [] }) => objects.flatMap(source => objectAt(pod, source) ?? []))
}

function objectAt(pod: Pod, { group, kind, name, uid }: ObjectSource): ObjectReference | undefined {
  const found = { kind: firstWord(pod, kind), name: firstText(pod, name) }
  if (found.kind === undefined || found.name === undefined) return undefined
  return {
    group: firstWord(pod, [group]) ?? '',
    kind: found.kind,
    name: found.name,
    uid: uid === undefined ? undefined : textAt(pod, uid),
  }
}

function idTexts(pod: Pod, rule: GangRule): readonly string[] | undefined {
  for (const places of rule.id) {
    const texts = places.flatMap(place => textAt(pod, place) ?? [])
    if (texts.length === places.length) return texts
  }
  return undefined
}

// Annotations may hold anything: a slash in one must not make it look like another gang's id.
function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('/', '%2F')
}

function sharedLabel(pod: Pod, rule: GangRule): Gang['label'] {
  for (const key of rule.labels ?? []) {
    const value = textAt(pod, { from: 'label', key })
    if (value !== undefined) return { key, value }
  }
  return undefined
}

function isShown(pod: Pod, sign: Sign): boolean {
  const text = textAt(pod, sign.at)
  if (text === undefined) return false
  if (sign.is !== undefined && !sign.is.includes(text)) return false
  return sign.min === undefined || (countOf(text) ?? 0) >= sign.min
}

function firstText(pod: Pod, places: readonly Place[]): string | undefined {
  for (const place of places) {
    const text = textAt(pod, place)
    if (text !== undefined) return text
  }
  return undefined
}

function firstWord(pod: Pod, sources: readonly WordSource[]): string | undefined {
  for (const source of sources) {
    const word = typeof source === 'string' ? source : wordAt(pod, source)
    if (word !== undefined) return word
  }
  return undefined
}

function wordAt(pod: Pod, { at, as }: { readonly at: Place; readonly as?: ReadonlyMap<string, string> }) {
  const text = textAt(pod, at)
  return text === undefined || as === undefined ? text : as.get(text)
}
