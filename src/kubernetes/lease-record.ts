/** The Lease object that says who leads, as client-go writes it. */
import { objectAt, textAt } from '../admission/objects.ts'
import type { JsonObject } from '../schema/parts.ts'

/** Who leads, and where its peers reach it. */
export interface Leader {
  readonly identity: string
  readonly address: string
}

export interface LeaseRecord {
  readonly object: JsonObject
  readonly version: string
  /** Undefined when it was given up. */
  readonly holder: Leader | undefined
  readonly durationMs: number
}

const ADDRESS = 'sluice.dev/address'

export function recordIn(object: JsonObject, usualMs: number): LeaseRecord {
  const spec = objectAt(object, 'spec') ?? {}
  const identity = textAt(spec, 'holderIdentity') ?? ''
  const address = textAt(object, 'metadata', 'annotations', ADDRESS) ?? ''
  const seconds = spec.leaseDurationSeconds
  return {
    object,
    version: textAt(object, 'metadata', 'resourceVersion') ?? '',
    holder: identity === '' ? undefined : { identity, address },
    durationMs: typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : usualMs,
  }
}

export interface Claim {
  readonly name: string
  readonly namespace: string
  readonly leader: Leader
  readonly durationMs: number
  /** For people to read: no decision is made by anybody's clock. */
  readonly nowMs: number
}

/** The object by which we hold it from now on; what others wrote on it stays. */
export function claimed(before: LeaseRecord | undefined, claim: Claim): JsonObject {
  const { name, namespace, leader, durationMs, nowMs } = claim
  const now = microTime(nowMs)
  const isOurs = before?.holder?.identity === leader.identity
  const spec = objectAt(before?.object, 'spec') ?? {}
  const transitions = typeof spec.leaseTransitions === 'number' ? spec.leaseTransitions : 0
  const metadata = objectAt(before?.object, 'metadata') ?? { name, namespace }
  const annotations = { ...objectAt(metadata, 'annotations'), [ADDRESS]: leader.address }
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { ...metadata, annotations },
    spec: {
      ...spec,
      holderIdentity: leader.identity,
      leaseDurationSeconds: Math.ceil(durationMs / 1_000),
      acquireTime: isOurs ? (spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: isOurs || before === undefined ? transitions : transitions + 1,
    },
  }
}

/** As client-go gives it up: with a duration of a second, so that whoever does not read the holder is not kept waiting either. */
export function givenUp({ object }: LeaseRecord, nowMs: number): JsonObject {
  const spec = objectAt(object, 'spec') ?? {}
  return { ...object, spec: { ...spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(nowMs) } }
}

/** RFC 3339 with microseconds, which is what MicroTime is. */
function microTime(nowMs: number): string {
  return new Date(nowMs).toISOString().replace('Z', '000Z')
}
