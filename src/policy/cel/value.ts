/**
 * JSON as CEL sees it: an object is a Map (so that a key such as `__proto__` or `constructor` is data and nothing else),
 * an integral number is an int, every other number a double.
 */
import { fitsInt64 } from './int64.ts'

export type CelKey = string | bigint | boolean

/** A value that expressions read and return. Timestamps, quantities and optionals live only inside an evaluation. */
export type CelValue = null | boolean | string | bigint | number | readonly CelValue[] | ReadonlyMap<CelKey, CelValue>

/** Stands where the JSON is nested deeper than anyone writes; every use of it is an error. */
export class TooDeep {}

// A pod nests about 15 levels. The bound keeps recursion over values (equality, results) far from the stack's end.
const MAX_DEPTH = 128

/**
 * The CEL view of a JSON value. Never throws. Objects are converted when they are read (a 10 kB pod of which an
 * expression reads three fields costs 1 us instead of 20), so the JSON must not change while the view is in use.
 */
export function toCel(json: unknown): CelValue {
  return convert(json, 0)
}

/** Back to JSON. An int beyond 2^53 loses its last digits, as it would in every JSON reader of JavaScript. */
export function toJson(value: CelValue): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value === null || typeof value !== 'object') return value
  if (isList(value)) return value.map(toJson)
  // fromEntries defines own properties, so a key named __proto__ stays data.
  return Object.fromEntries([...value].map(([key, entry]) => [String(key), toJson(entry)]))
}

export function isList(value: unknown): value is readonly CelValue[] {
  return Array.isArray(value)
}

function convert(json: unknown, depth: number): CelValue {
  switch (typeof json) {
    case 'string':
    case 'boolean':
      return json
    case 'number':
      return convertNumber(json)
    case 'bigint':
      return fitsInt64(json) ? json : Number(json)
    case 'object':
      if (json === null) return null
      if (depth >= MAX_DEPTH) return new TooDeep() as unknown as CelValue
      return Array.isArray(json) ? json.map(element => convert(element, depth + 1)) : new JsonObject(json, depth)
    // Not JSON. JSON.stringify writes these as null inside a list, and so does this.
    case 'undefined':
    case 'function':
    case 'symbol':
      return null
  }
}

// The API server writes 1.0 as 1, so an integral number is an int. 2^63 as a double is the first that does not fit.
function convertNumber(json: number): CelValue {
  return Number.isInteger(json) && json >= -(2 ** 63) && json < 2 ** 63 ? BigInt(json) : json
}

/** A JSON object that converts an entry when it is first read, and the rest when somebody looks at all of it. */
class JsonObject extends Map<CelKey, CelValue> {
  readonly #json: Readonly<Record<string, unknown>>
  readonly #depth: number
  #complete = false

  constructor(json: object, depth: number) {
    super()
    this.#json = json as Readonly<Record<string, unknown>>
    this.#depth = depth
  }

  override get(key: CelKey): CelValue | undefined {
    const known = super.get(key)
    if (known !== undefined || this.#complete || typeof key !== 'string') return known
    const json = Object.hasOwn(this.#json, key) ? this.#json[key] : undefined
    if (json === undefined) return undefined
    const value = convert(json, this.#depth + 1)
    super.set(key, value)
    return value
  }

  override has(key: CelKey): boolean {
    return this.get(key) !== undefined
  }

  override get size(): number {
    this.#convertAll()
    return super.size
  }

  override keys(): MapIterator<CelKey> {
    this.#convertAll()
    return super.keys()
  }

  override values(): MapIterator<CelValue> {
    this.#convertAll()
    return super.values()
  }

  override entries(): MapIterator<[CelKey, CelValue]> {
    this.#convertAll()
    return super.entries()
  }

  override [Symbol.iterator](): MapIterator<[CelKey, CelValue]> {
    return this.entries()
  }

  override forEach(visit: (value: CelValue, key: CelKey, map: Map<CelKey, CelValue>) => void): void {
    this.#convertAll()
    super.forEach(visit)
  }

  #convertAll(): void {
    if (this.#complete) return
    const known = new Map(super.entries())
    // Start over: the order of a map is the order of the JSON, not of what happened to be read first.
    super.clear()
    for (const key of Object.keys(this.#json)) {
      const json = this.#json[key]
      if (json !== undefined) super.set(key, known.get(key) ?? convert(json, this.#depth + 1))
    }
    this.#complete = true
  }
}

// The CEL package tells a map from an object of a registered type by its constructor.
Object.defineProperty(JsonObject.prototype, 'constructor', { value: Map })
