/**
 * Each replica knows the denials that it gave itself; the leader, which writes them down, is told of the others every few seconds. A
 * new leader is told of all, so that nothing is lost with the old one but what only that one knew.
 */
import type { Clock, Log } from '../admission/endpoint.ts'
import { fieldAt, textAt } from '../admission/objects.ts'
import type { Timer } from '../quota/waiter.ts'
import { failed, type Parsed, parsed } from '../schema/parsed.ts'
import { isList, type JsonObject, type JsonValue } from '../schema/parts.ts'
import type { PastDenial, RecentDenials } from './recent-denials.ts'
import { openRounds } from './rounds.ts'

/** Who writes denials down, from afar. */
export interface DenialListener {
  /** Rejects where it could not be told. */
  tell(denials: readonly PastDenial[]): Promise<void>
}

export interface ReportDeps {
  readonly recent: RecentDenials
  /** The leader's name and ear; undefined while this replica leads, or nobody does. */
  readonly leader: () => (DenialListener & { readonly name: string }) | undefined
  readonly clock: Clock
  readonly timer: Timer
  readonly log: Log
}

export interface DenialReports {
  /** Tells what has not been told. Rejects where the leader cannot be reached; what was to be told is told the next time. */
  report(): Promise<void>
  stop(): void
}

const REPORT_MS = 5_000
// With names and messages at their longest, some 200 KB.
const MOST_AT_ONCE = 500

export function denialReports({ recent, leader, ...deps }: ReportDeps): DenialReports {
  let told = { leader: '', mark: 0 }

  async function report(): Promise<void> {
    const known = leader()
    if (known === undefined) return
    const from = known.name === told.leader ? told.mark : 0
    const { denials, mark } = recent.after(from, MOST_AT_ONCE)
    if (denials.length > 0) await known.tell(denials)
    told = { leader: known.name, mark }
  }

  const { stop } = openRounds(report, { ...deps, usualMs: REPORT_MS, problem: 'the leader was not told of denials' })
  return { report, stop }
}

/** What is sent. */
export function denialsJson(denials: readonly PastDenial[]): JsonObject {
  const list = denials.map(({ atMs, ...denial }) => ({ ...denial, time: new Date(atMs).toISOString() }))
  return { denials: list }
}

const CODE = /^[A-Z][A-Z0-9-]{0,15}$/
const MAX_NAME = 253
const MAX_MESSAGE = 160

/** What was sent, if all of it is what a replica would send. */
export function parseDenials(body: JsonValue | undefined): Parsed<readonly PastDenial[]> {
  const list = fieldAt(body, 'denials')
  if (!isList(list) || list.length > MOST_AT_ONCE) {
    return failed({ at: 'denials', problem: `is no list of at most ${MOST_AT_ONCE}` })
  }
  const read = list.map(parseDenial)
  const wrong = read.indexOf(undefined)
  if (wrong !== -1)
    return failed({ at: `denials[${wrong}]`, problem: 'has no tenant, code, message and time as they should be' })
  return parsed(read.filter(denial => denial !== undefined))
}

function parseDenial(value: JsonValue): PastDenial | undefined {
  const [tenant = '', code = '', message] = ['tenant', 'code', 'message'].map(field => textAt(value, field))
  const atMs = Date.parse(textAt(value, 'time') ?? '')
  if (tenant === '' || tenant.length > MAX_NAME || !CODE.test(code)) return undefined
  if (message === undefined || message.length > MAX_MESSAGE || !Number.isFinite(atMs)) return undefined
  return { tenant, code, message, atMs }
}
