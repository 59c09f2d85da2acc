import type { Pod } from '../schema/pod.ts'
import { annotationAt, type Place, textAt } from './workload-places.ts'
import { QUEUES } from './workload-queues.ts'
import type { GangRule, Sign, SizeSource, WordSource, WorkloadRule } from './workload-rule.ts'
import { BARE_POD, COMMON_ROLES, COMMUNICATING_ROLES, DECLARED_GANG, WORKLOAD_RULES } from './workload-rules.ts'

/** What a pod belongs to, as far as the pod itself tells. Names come from the tenant: quote and cut them before showing them. */
export interface Workload {
  /** The kind that people created (`Deployment`, not its ReplicaSet), `Pod` when nobody owns it. */
  readonly kind: string
  readonly name: string
  /** `worker`, `launcher`, `head`, `leader`, `prefill`, …; empty where the controller knows no roles. */
  readonly role: string
  readonly gang: Gang | undefined
  /** The system that has queued and counted this pod already: `kueue`, `kai`, `volcano`, `yunikorn`. */
  readonly queuedBy: string | undefined
  /** True: one of several pods that communicate. False: known to work alone. Undefined: the pod does not tell. */
  readonly multiPod: boolean | undefined
}

interface Gang {
  /** `namespace/controller/…`, the same for all members and at both webhooks. */
  readonly id: string
  /** Pods in the gang. An MPI launcher, which only starts the others, is not counted; a Ray head is. */
  readonly size: number | undefined
  /** A label that every member carries, for affinity. */
  readonly label: { readonly key: string; readonly value: string } | undefined
}

/** What the caller has read from the controller's object, which knows better than its pods. */
export interface KnownWorkload {
  readonly gangSize?: number | undefined
}

const GANG_SIZE_ANNOTATION = 'sluice.dev/gang-size'
const MAX_GANG_SIZE = 100_000
// A task-groups annotation holds one small object per group; the cap bounds what a hostile one can cost.
const MAX_TASK_GROUPS_TEXT = 16_384

/** Recognises the workload and the gang of a pod. The namespace is the request's: the object's own may be empty. */
export function workloadOf(pod: Pod, namespace: string, known: KnownWorkload = {}): Workload {
  const rules = WORKLOAD_RULES.filter(rule => rule.when.every(sign => isShown(pod, sign)))
  const identity = rules.find(rule => rule.kind !== undefined) ?? BARE_POD
  const role = firstWord(pod, identity.role ?? []) ?? firstWord(pod, COMMON_ROLES) ?? ''
  const gangRule = rules.find(rule => settlesGang(pod, rule)) ?? BARE_POD
  const gang = gangOf(pod, namespace, gangRule.gang, known)

  return {
    kind: firstWord(pod, identity.kind ?? []) ?? 'Pod',
    name: firstText(pod, identity.name ?? []) ?? '',
    role,
    gang,
    queuedBy: QUEUES.find(({ anyOf }) => anyOf.some(sign => isShown(pod, sign)))?.system,
    multiPod: COMMUNICATING_ROLES.has(role) ? true : severalPods(pod, gang, gang === undefined ? identity : gangRule),
  }
}

function severalPods(pod: Pod, gang: Gang | undefined, rule: WorkloadRule): boolean | undefined {
  if (gang?.size !== undefined) return gang.size > 1
  if (rule.severalWhen?.some(sign => isShown(pod, sign))) return true
  return rule.multiPod
}

function gangOf(
  pod: Pod,
  namespace: string,
  rule: GangRule | 'none' | undefined,
  known: KnownWorkload,
): Gang | undefined {
  const declared =
    known.gangSize === undefined ? countOf(annotationAt(pod, GANG_SIZE_ANNOTATION)) : countOf(known.gangSize)
  if (rule === undefined || rule === 'none') {
    return declared === undefined ? undefined : identified(pod, namespace, DECLARED_GANG, declared)
  }
  const size = (known.gangSize === undefined ? undefined : declared) ?? sizeFrom(pod, rule.size ?? []) ?? declared
  return rule.onlySized && (size ?? 1) === 1 ? undefined : identified(pod, namespace, rule, size)
}

// A mark without the name that belongs to it settles nothing: the next row may know.
function settlesGang(pod: Pod, { gang }: WorkloadRule): boolean {
  return gang === 'none' || (gang !== undefined && idTexts(pod, gang) !== undefined)
}

function identified(pod: Pod, namespace: string, rule: GangRule, size: number | undefined): Gang | undefined {
  const texts = idTexts(pod, rule)
  if (texts === undefined) return undefined
  return { id: [namespace, rule.scope, ...texts.map(escaped)].join('/'), size, label: sharedLabel(pod, rule) }
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

function sizeFrom(pod: Pod, sources: readonly SizeSource[]): number | undefined {
  for (const source of sources) {
    const size = sizeAt(pod, source)
    if (size !== undefined) return size
  }
  return undefined
}

function sizeAt(pod: Pod, source: SizeSource): number | undefined {
  if ('count' in source) return countOf(textAt(pod, source.count))
  if ('taskGroups' in source) return taskGroupSize(annotationAt(pod, source.taskGroups))
  const processes = countOf(textAt(pod, source.processes))
  // The operator multiplies by a number only, and counts one process per pod for "auto", "gpu" and the like.
  const perPod = countOf(textAt(pod, source.perPod)) ?? 1
  return processes !== undefined && processes % perPod === 0 ? processes / perPod : undefined
}

function taskGroupSize(text: string | undefined): number | undefined {
  if (text === undefined || text.length > MAX_TASK_GROUPS_TEXT) return undefined
  const members = parsedList(text).map(group => countOf(Object(group)?.minMember))
  const total = members.reduce<number>((sum, count) => sum + (count ?? Number.NaN), 0)
  return countOf(total)
}

function parsedList(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    // The tenant's annotation is not JSON: no size can be read from it, and that is not ours to punish.
    return []
  }
}

/** A whole number of pods; junk, zero and absurd numbers are no count. */
function countOf(value: unknown): number | undefined {
  const count = typeof value === 'string' && /^[1-9]\d{0,5}$/.test(value) ? Number(value) : value
  return typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= MAX_GANG_SIZE
    ? count
    : undefined
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
