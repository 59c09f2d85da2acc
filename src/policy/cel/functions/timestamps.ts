/** Timestamps: RFC 3339 in, and the parts of a date in UTC or in a named time zone. Precision is the millisecond. */
import { tick } from '../cost.ts'
import { CelFailure } from '../failure.ts'
import type { Node } from '../internals.ts'
import type { FunctionDefinition } from './definition.ts'

const TIMESTAMP = 'google.protobuf.Timestamp'
// The years 0001 to 9999, in milliseconds.
const FIRST = -62_135_596_800_000
const LAST = 253_402_300_799_999
const DAY = 86_400_000
// Asking the time zone database takes about 5 us.
const ZONE_COST = 100
// Loading a zone, or finding that there is none of that name, takes about 50 us.
const NEW_ZONE_COST = 1_000
const CACHED_ZONES = 32

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

export const timestampFunctions: readonly FunctionDefinition[] = [
  {
    name: 'timestamp',
    params: ['string'],
    returns: TIMESTAMP,
    call: (text: string) => parseTimestamp(text),
    prepare: ([literal]) => {
      if (typeof literal !== 'string') return undefined
      const timestamp = parseTimestamp(literal)
      return () => timestamp
    },
  },
  { name: 'timestamp', params: ['int'], returns: TIMESTAMP, call: (seconds: bigint) => fromSeconds(seconds) },
  { name: 'timestamp', params: [TIMESTAMP], returns: TIMESTAMP, call: (timestamp: Date) => timestamp },
  ...Object.entries({
    getDate: date => date.getUTCDate(),
    getDayOfMonth: date => date.getUTCDate() - 1,
    getDayOfWeek: date => date.getUTCDay(),
    getDayOfYear: dayOfYear,
    getFullYear: date => date.getUTCFullYear(),
    getHours: date => date.getUTCHours(),
    getMilliseconds: date => date.getUTCMilliseconds(),
    getMinutes: date => date.getUTCMinutes(),
    getMonth: date => date.getUTCMonth(),
    getSeconds: date => date.getUTCSeconds(),
  } satisfies Record<string, (date: Date) => number>).map(
    ([name, part]): FunctionDefinition => ({
      name,
      receiver: TIMESTAMP,
      params: ['string'],
      returns: 'int',
      call: (timestamp: Date, zone: string) => BigInt(part(inZone(timestamp, zone))),
    }),
  ),
  // Without a zone the package is right except here, where it counts in the zone of the process.
  { name: 'getDayOfYear', receiver: TIMESTAMP, params: [], returns: 'int', call: (at: Date) => BigInt(dayOfYear(at)) },
]

/** RFC 3339 in UTC, with as many decimals as it takes. */
export function timestampText(timestamp: Date): string {
  return timestamp.toISOString().replace(/\.?0*Z$/, 'Z')
}

export function checkTimestamp(timestamp: Date, node?: Node): Date {
  const ms = timestamp.getTime()
  if (ms >= FIRST && ms <= LAST) return timestamp
  throw new CelFailure('timestamp out of range', node)
}

function fromSeconds(seconds: bigint): Date {
  return checkTimestamp(new Date(Number(seconds) * 1_000))
}

function parseTimestamp(text: string): Date {
  const match = RFC3339.exec(text)
  if (match === null) throw notATimestamp()
  const [, year, month, day, hour, minute, second, fraction = '', offset = 'Z'] = match
  const local = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0').slice(0, 3)}Z`)
  // JavaScript turns the 30th of February into the 2nd of March.
  if (Number.isNaN(local.getTime()) || local.getUTCDate() !== Number(day)) throw notATimestamp()
  return checkTimestamp(new Date(local.getTime() - (fixedOffset(offset) ?? 0)))
}

/** The moment whose UTC parts are the local parts of the given one. */
function inZone(timestamp: Date, zone: string): Date {
  return new Date(timestamp.getTime() + (fixedOffset(zone) ?? namedOffset(timestamp, zone)))
}

/** `Z`, `UTC`, `+02:00`, `-09:30`, `02:00`: the offset in milliseconds. */
function fixedOffset(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'UTC' || zone === '') return 0
  const [, sign, hours, minutes] = /^([+-]?)(\d{2}):(\d{2})$/.exec(zone) ?? []
  if (hours === undefined) return undefined
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000
  return sign === '-' ? -offset : offset
}

const zones = new Map<string, Intl.DateTimeFormat>()

function namedOffset(timestamp: Date, zone: string): number {
  tick(ZONE_COST)
  const parts = new Map(
    zoneFormat(zone)
      .formatToParts(timestamp)
      .map(part => [part.type, Number(part.value)]),
  )
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'))
  return local - Math.floor(timestamp.getTime() / 1_000) * 1_000
}

function zoneFormat(zone: string): Intl.DateTimeFormat {
  const known = zones.get(zone)
  if (known !== undefined) return known
  tick(NEW_ZONE_COST)
  const format = newZoneFormat(zone)
  if (zones.size >= CACHED_ZONES) zones.clear()
  zones.set(zone, format)
  return format
}

function newZoneFormat(timeZone: string): Intl.DateTimeFormat {
  const numeric = 'numeric' as const
  try {
    const parts = { year: numeric, month: numeric, day: numeric, hour: numeric, minute: numeric, second: numeric }
    return new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', ...parts })
  } catch {
    throw new CelFailure('not a time zone')
  }
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY)
}

function notATimestamp(): CelFailure {
  return new CelFailure('not a timestamp such as 2026-01-31T08:00:00Z')
}
