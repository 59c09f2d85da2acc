/** Past denials as replicas tell them to each other. */
import { failed, type Parsed, parsed } from '../schema/parsed.ts'
import { isList, type JsonObject, type JsonValue } from '../schema/parts.ts'
import { fieldAt, textAt } from './objects.ts'
import type { PastDenial } from './recent-denials.ts'

// With names and messages at their longest, some 200 KB.
export const MOST_DENIALS_TOLD = 500

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
  if (!isList(list) || list.length > MOST_DENIALS_TOLD) {
    return failed({ at: 'denials', problem: `is no list of at most ${MOST_DENIALS_TOLD}` })
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
