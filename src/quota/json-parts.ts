/** Reading of JSON that is ours unless it is damaged: each part is what it should be, or the whole is unreadable. */
import { type Amount, amount } from '../quantity/amount.ts'

/** Thrown by the reader of a ledger's text and caught by it: the message is for whoever can restore the object. */
export class Unreadable extends Error {}

export function parsedJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new Unreadable('a line is no JSON')
  }
}

export function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Unreadable('a list is missing')
  return value
}

export function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Unreadable('a text is missing')
  return value
}

export function countOf(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
    throw new Unreadable('a number is damaged')
  return value
}

export function bigintOf(value: unknown): bigint {
  if (typeof value !== 'string' || !/^-?\d{1,20}$/.test(value)) throw new Unreadable('a number is damaged')
  return BigInt(value)
}

export function amountOf(value: unknown): Amount {
  if (typeof value === 'string') return amount(bigintOf(value))
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Unreadable('an amount is damaged')
  return amount(value)
}

export function unknownName(index: unknown): never {
  throw new Unreadable(`nothing has the number ${String(index).slice(0, 20)}`)
}
