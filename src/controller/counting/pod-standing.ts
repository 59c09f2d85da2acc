/** What is kept of a pod for those who may have to take it away: what changes while it runs, and who it is. */

import { isTierChosen } from '../../admission/injected-note.ts'
import { objectAt, textAt, textsAt } from '../../admission/objects.ts'
import {
  CHECKPOINT_ANNOTATION,
  DEADLINE_ANNOTATION,
  INJECTED_ANNOTATION,
  NEED_ANNOTATION,
  TIER_LABEL,
} from '../../policy/owned-keys.ts'
import type { Notice } from '../../rebalance/snapshot.ts'
import { isList, type JsonObject } from '../../schema/parts.ts'

export interface PodStanding {
  readonly name: string
  readonly priority: number
  readonly node: string | null
  readonly startedAtMs: number | null
  readonly savedAtMs: number | null
  /** As its annotations have it, believable or not. */
  readonly notice: Notice | null
  /** Whoever created it named its tier. */
  readonly isTierNamed: boolean
  /** When it has to be gone: it is being deleted, with as long a grace as whoever deletes it likes. */
  readonly goneByMs: number | null
  /** Its own: how long it may take to end when it is told to. */
  readonly graceSeconds: number
  /** Its labels as one text, a line for each: a hundred thousand small objects would take twice the memory. */
  readonly labels: string
}

/** Reads it. `shared` gives back a former text that is equal, so that the names of a thousand nodes are kept once. */
export function podStanding(object: JsonObject, shared: (text: string) => string): PodStanding {
  const priority = objectAt(object, 'spec')?.priority
  const node = textAt(object, 'spec', 'nodeName')
  return {
    name: textAt(object, 'metadata', 'name') ?? '',
    priority: typeof priority === 'number' ? priority : 0,
    node: node === undefined || node === '' ? null : shared(node),
    startedAtMs: startOf(object),
    savedAtMs: timeAt(object, 'metadata', 'annotations', CHECKPOINT_ANNOTATION),
    notice: noticeOf(object),
    isTierNamed: isTierNamed(object),
    goneByMs: timeAt(object, 'metadata', 'deletionTimestamp'),
    graceSeconds: graceOf(object),
    labels: labelsText(textsAt(object, 'metadata', 'labels')),
  }
}

// RFC 3339, as Kubernetes writes times: `Date.parse` alone would read `7` as a July.
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/

function timeAt(object: JsonObject, ...path: readonly string[]): number | null {
  const text = textAt(object, ...path) ?? ''
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? null : time
}

/** What Kubernetes gives a pod that says nothing. */
const USUAL_GRACE_SECONDS = 30

function graceOf(object: JsonObject): number {
  const seconds = objectAt(object, 'spec')?.terminationGracePeriodSeconds
  return typeof seconds === 'number' ? seconds : USUAL_GRACE_SECONDS
}

function isTierNamed(object: JsonObject): boolean {
  const note = textAt(object, 'metadata', 'annotations', INJECTED_ANNOTATION) ?? ''
  return textAt(object, 'metadata', 'labels', TIER_LABEL) !== undefined && !isTierChosen(note)
}

function noticeOf(object: JsonObject): Notice | null {
  const deadlineMs = timeAt(object, 'metadata', 'annotations', DEADLINE_ANNOTATION)
  const need = textAt(object, 'metadata', 'annotations', NEED_ANNOTATION)
  return deadlineMs === null || need === undefined ? null : { deadlineMs, need }
}

/** When the first of its containers that run was started; where nobody tells of containers, when the kubelet took the pod. */
function startOf(object: JsonObject): number | null {
  if (textAt(object, 'status', 'phase') !== 'Running') return null
  const containers = objectAt(object, 'status')?.containerStatuses
  const starts = (isList(containers) ? containers : []).flatMap(container => {
    const startedAtMs = timeAt({ container }, 'container', 'state', 'running', 'startedAt')
    return startedAtMs === null ? [] : [startedAtMs]
  })
  return starts.length === 0 ? timeAt(object, 'status', 'startTime') : Math.min(...starts)
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')
}

/** The labels again. Neither a key nor a value of a label has an equals sign or a line break in it. */
export function labelsOf({ labels }: PodStanding): Readonly<Record<string, string>> {
  if (labels === '') return {}
  return Object.fromEntries(
    labels.split('\n').map(line => {
      const at = line.indexOf('=')
      return [line.slice(0, at), line.slice(at + 1)] as const
    }),
  )
}
