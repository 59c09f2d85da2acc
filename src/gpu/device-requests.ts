import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { readCount } from './counts.ts'
import { type Findings, quoted } from './findings.ts'

/** One request of a ResourceClaim: devices of one kind, or the first kind of several that is free. */
export interface DeviceRequest {
  readonly name: string
  /** One for an exact request; in the order of preference for `firstAvailable`. */
  readonly alternatives: readonly DeviceAsk[]
}

export interface DeviceAsk {
  /** The place of the request, for messages. */
  readonly at: string
  readonly deviceClass: string
  readonly devices: { readonly kind: 'count'; readonly value: bigint } | { readonly kind: 'all' | 'unread' }
  readonly adminAccess: boolean
  /** All CEL selectors, one after the other; all of them must hold. Empty where they are too long to be read. */
  readonly selectors: string
}

// The limits of the API: 32 requests in a claim, 8 alternatives in a request.
const MAX_REQUESTS = 32
const MAX_ALTERNATIVES = 8
// Far beyond the 32 devices that one claim can be given.
const MAX_DEVICES = 1_000_000n

/** Reads the requests of a ResourceClaimSpec of resource.k8s.io v1, v1beta2 (`exactly`) or v1beta1 (flat). */
export function readDeviceRequests(spec: JsonObject, at: string, findings: Findings): readonly DeviceRequest[] {
  const requests = listOf(objectOf(spec.devices)?.requests)
  if (requests.length > MAX_REQUESTS) {
    const remedy = `a claim has at most ${MAX_REQUESTS} requests`
    findings.refuse({ at, problem: `${requests.length} device requests`, remedy })
    return []
  }
  return requests.map((value, index) => readRequest(value, `${at}: devices.requests[${index}]`, findings))
}

function readRequest(value: JsonValue, at: string, findings: Findings): DeviceRequest {
  const request = objectOf(value) ?? {}
  const name = textOf(request.name) ?? ''
  const alternatives = listOf(request.firstAvailable)
  if (alternatives.length > MAX_ALTERNATIVES) {
    const remedy = `a request has at most ${MAX_ALTERNATIVES}`
    findings.refuse({ at, problem: `${alternatives.length} alternatives`, remedy })
    return { name, alternatives: [] }
  }
  if (alternatives.length > 0) {
    const asks = alternatives.map((ask, index) =>
      readAsk(objectOf(ask) ?? {}, `${at}.firstAvailable[${index}]`, findings),
    )
    return { name, alternatives: asks }
  }
  const exactly = objectOf(request.exactly)
  const ask = exactly === undefined ? readAsk(request, at, findings) : readAsk(exactly, `${at}.exactly`, findings)
  return { name, alternatives: [ask] }
}

function readAsk(ask: JsonObject, at: string, findings: Findings): DeviceAsk {
  return {
    at,
    deviceClass: textOf(ask.deviceClassName) ?? '',
    devices: readDevices(ask, at, findings),
    adminAccess: ask.adminAccess === true,
    selectors: selectorsOf(ask),
  }
}

// The API allows 32 selectors of 10 KiB, and honest ones have a line. Of a longer text nothing is believed: reading it costs, and
// what stands past the end of a part of it may say the opposite.
const MAX_SELECTORS_LENGTH = 16_384

function selectorsOf(ask: JsonObject): string {
  const expressions = listOf(ask.selectors).map(selector => textOf(objectOf(objectOf(selector)?.cel)?.expression) ?? '')
  const length = expressions.reduce((sum, expression) => sum + expression.length, 0)
  return length > MAX_SELECTORS_LENGTH ? '' : expressions.join('\n')
}

function readDevices(ask: JsonObject, at: string, findings: Findings): DeviceAsk['devices'] {
  const mode = ask.allocationMode ?? 'ExactCount'
  if (mode === 'All') return { kind: 'all' }
  if (mode !== 'ExactCount') {
    const shown = quoted(textOf(mode) ?? typeof mode)
    const remedy = 'use ExactCount with a count'
    findings.refuse({ at: `${at}.allocationMode`, problem: `${shown} is not a mode`, remedy })
    return { kind: 'unread' }
  }
  const count = readCount(ask.count ?? 1)
  switch (count.kind) {
    case 'open': {
      const problem = 'a template variable stands where a count should be'
      findings.leaveOpen({ at: `${at}.count`, problem, remedy: 'render the template first' })
      return { kind: 'unread' }
    }
    case 'bad':
      findings.refuse({ at: `${at}.count`, problem: count.problem, remedy: count.remedy })
      return { kind: 'unread' }
    case 'count':
      if (count.value > 0n && count.value <= MAX_DEVICES) return count
      findings.refuse({ at: `${at}.count`, problem: `${count.value} devices`, remedy: 'ask for 1 to 32' })
      return { kind: 'unread' }
  }
}

function objectOf(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : []
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
