import { isList, type JsonValue } from '../schema/parts.ts'
import { fieldPath } from '../schema/validator.ts'
import { sameJson } from './patch.ts'

/**
 * Where `found` does not show what is `wanted`: the first place with what stands there, or undefined when all of it shows. Every
 * field that is wanted must stand like this; of lists, each wanted item must match an item of its own, in any order.
 */
export function mismatch(wanted: JsonValue, found: JsonValue | undefined, at = ''): string | undefined {
  if (isList(wanted)) return listMismatch(wanted, found, at)
  if (wanted !== null && typeof wanted === 'object') {
    if (found === undefined || found === null || typeof found !== 'object' || isList(found))
      return differs(wanted, found, at)
    for (const [key, value] of Object.entries(wanted)) {
      const problem = mismatch(
        value,
        Object.hasOwn(found, key) ? found[key] : undefined,
        `${at}/${key.replaceAll('/', '~1')}`,
      )
      if (problem !== undefined) return problem
    }
    return undefined
  }
  return found !== undefined && sameJson(wanted, found) ? undefined : differs(wanted, found, at)
}

function listMismatch(wanted: readonly JsonValue[], found: JsonValue | undefined, at: string): string | undefined {
  if (found === undefined || !isList(found)) return differs(wanted, found, at)
  // Which item of `found` serves which of `wanted`. A newcomer may send an earlier one on to another that serves it as well.
  const servedBy = new Map<number, number>()
  const serve = (index: number, tried: Set<number>): boolean =>
    found.some((candidate, position) => {
      if (tried.has(position) || mismatch(wanted[index] ?? null, candidate) !== undefined) return false
      tried.add(position)
      const earlier = servedBy.get(position)
      if (earlier !== undefined && !serve(earlier, tried)) return false
      servedBy.set(position, index)
      return true
    })
  const missing = wanted.findIndex((_, index) => !serve(index, new Set()))
  return missing < 0 ? undefined : `${place(at)}: no item is ${JSON.stringify(wanted[missing])}; found ${shown(found)}`
}

function differs(wanted: JsonValue, found: JsonValue | undefined, at: string): string {
  return `${place(at)}: wanted ${JSON.stringify(wanted)}, found ${shown(found)}`
}

function place(at: string): string {
  return at === '' ? '(root)' : fieldPath(at)
}

function shown(found: JsonValue | undefined): string {
  const text = found === undefined ? 'nothing' : JSON.stringify(found)
  return text.length > 300 ? `${text.slice(0, 297)}...` : text
}
