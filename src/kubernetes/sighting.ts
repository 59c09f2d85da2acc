/** An object of a list or an event, reduced to what is kept of it. */
import type { Log } from '../admission/endpoint.ts'
import { textAt } from '../admission/objects.ts'
import type { Collection, Sighting } from '../controller/api-server.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'

const VERSION = /^[0-9]{1,20}$/

/** Decimal, and comparable within a collection (KEP-5504). Undefined when it is anything else. */
export function versionAt(object: JsonValue | undefined): bigint | undefined {
  const text = textAt(object, 'metadata', 'resourceVersion')
  return text !== undefined && VERSION.test(text) ? BigInt(text) : undefined
}

/** Undefined when the object lacks what the API server gives to every object. */
export function sighting<T>(object: JsonObject, keep: (object: JsonObject) => T): Sighting<T> | undefined {
  const [uid, name] = [textAt(object, 'metadata', 'uid'), textAt(object, 'metadata', 'name')]
  const resourceVersion = versionAt(object)
  if (uid === undefined || name === undefined || resourceVersion === undefined) return undefined
  const namespace = textAt(object, 'metadata', 'namespace') ?? ''
  return { uid, namespace, name, resourceVersion, kept: keep(object) }
}

/**
 * Reads objects without being stopped by one. To keep nothing of an object that `keep` throws on is a bug that is told; to stop at it
 * would let whoever can create one object blind every replica.
 */
export function keepSafely<T>(
  { path, keep }: Pick<Collection<T>, 'path' | 'keep'>,
  log: Pick<Log, 'problem'>,
): (object: JsonObject) => T | undefined {
  return object => {
    try {
      return keep(object)
    } catch (cause) {
      const [namespace = '', name = ''] = ['namespace', 'name'].map(field => textAt(object, 'metadata', field))
      log.problem('an object cannot be read and is left out', cause, { path, namespace, object: name })
      return undefined
    }
  }
}
