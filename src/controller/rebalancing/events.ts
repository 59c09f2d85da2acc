/** Events of the rebalancer: what `kubectl describe` shows of a pod that has to go, and of a cohort whose plans are wrong. */
import { hash } from 'node:crypto'
import type { Clock, Log } from '../../admission/endpoint.ts'
import { textAt } from '../../admission/objects.ts'
import { truncate } from '../../admission/text.ts'
import type { ApiServer } from '../api-server.ts'

export interface Told {
  readonly regarding: {
    readonly apiVersion: string
    readonly kind: string
    /** Empty for what belongs to the cluster. */
    readonly namespace: string
    readonly name: string
    readonly uid: string
  }
  readonly type: 'Normal' | 'Warning'
  readonly reason: EventReason
  /** What was done: `Notify`. */
  readonly action: string
  readonly note: string
  /** Tells this occasion from others of its reason: an event that is told twice is there once. */
  readonly occasion: string
}

export type EventReason =
  | 'ReclaimNotice'
  | 'ReclaimRescinded'
  | 'Reclaimed'
  /** As `Reclaimed`, of a pod that went for fairness: these count against what a tenant may lose within an hour. */
  | 'ReclaimedForFairness'
  | 'Promoted'
  | 'PlanRejected'

/** Tells an event, and answers whether it is there now. Never rejects: what was done is done, whether or not it can be told. */
export type Tell = (told: Told) => Promise<boolean>

export const CONTROLLER = 'sluice.dev/rebalancer'
const EVENTS = 'events.k8s.io/v1'
/** The API takes 1,024 bytes of a note. */
const MAX_NOTE = 1_000
/** Of what belongs to the cluster, as Kubernetes' own controllers have it. */
const NAMESPACE_OF_THE_CLUSTER = 'default'
const CALL_MS = 5_000

export interface EventDeps {
  readonly api: ApiServer
  readonly clock: Clock
  /** The replica that tells. */
  readonly identity: string
  readonly log: Log
}

export function eventTeller({ api, clock, identity, log }: EventDeps): Tell {
  return async told => {
    const { regarding, type, reason, action, note } = told
    const namespace = regarding.namespace || NAMESPACE_OF_THE_CLUSTER
    const body = {
      apiVersion: EVENTS,
      kind: 'Event',
      metadata: { name: nameOf(told), namespace },
      eventTime: microTime(clock.now()),
      reportingController: CONTROLLER,
      reportingInstance: truncate(identity, 128),
      regarding: { ...regarding },
      type,
      reason,
      action,
      note: truncate(note, MAX_NOTE),
    }
    const path = `/apis/${EVENTS}/namespaces/${namespace}/events`
    const context = { namespace, object: `${regarding.kind} ${regarding.name}` }
    try {
      const answer = await api.call({ method: 'POST', path, body, isMetadataEnough: true, timeoutMs: CALL_MS })
      // Told before: by this leader, or by the one before it.
      if (answer.status < 300 || answer.status === 409) return true
      const why = { status: answer.status, reason: textAt(answer.body, 'message') ?? '' }
      log.problem('an event was refused', undefined, { ...context, ...why })
    } catch (cause) {
      log.problem('an event cannot be told', cause, context)
    }
    return false
  }
}

/** Whether the event of a pod has a name as they are given here. */
export function isOurName(name: string, ofPod: string): boolean {
  const stem = stemOf(ofPod)
  return name.startsWith(`${stem}.`) && /^[0-9a-f]{16}$/.test(name.slice(stem.length + 1))
}

function nameOf({ regarding, reason, occasion }: Told): string {
  const digest = hash('sha256', `${regarding.uid} ${reason} ${occasion}`, 'hex').slice(0, 16)
  return `${stemOf(regarding.name)}.${digest}`
}

// A name may have 253 characters, which the name of a pod may take by itself. What is cut off may leave it with an end that no part of
// a name may have.
function stemOf(name: string): string {
  return name.slice(0, 200).replace(/[-.]+$/, '')
}

// The API reads this type of time with six digits and no others.
function microTime(atMs: number): string {
  return new Date(atMs).toISOString().replace('Z', '000Z')
}
