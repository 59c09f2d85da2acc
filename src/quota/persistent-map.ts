/**
 * A map from strings whose versions share what they have in common: a hash table on a persistent array.
 *
 * 16,384 buckets hold about six entries each at 100,000 charges, so a change copies two rows of 128 and one short
 * bucket, whatever the size. An ordinary Map would have to be copied whole, which takes milliseconds per batch.
 */
import { filled, get, type PersistentArray, set, withAll } from './persistent-array.ts'

const BUCKETS = 1 << 14

type Entry<V> = readonly [key: string, value: V]
type Bucket<V> = readonly Entry<V>[]

export interface PersistentMap<V> {
  readonly size: number
  readonly buckets: PersistentArray<Bucket<V>>
}

const EMPTY_BUCKETS: PersistentArray<Bucket<never>> = filled(BUCKETS, [])
const [EMPTY_ROW] = EMPTY_BUCKETS.rows

export function emptyMap<V>(): PersistentMap<V> {
  return { size: 0, buckets: EMPTY_BUCKETS }
}

export function find<V>(map: PersistentMap<V>, key: string): V | undefined {
  return get(map.buckets, bucketOf(key)).find(entry => entry[0] === key)?.[1]
}

export function insert<V>(map: PersistentMap<V>, key: string, value: V): PersistentMap<V> {
  const index = bucketOf(key)
  const bucket = get(map.buckets, index)
  const others = bucket.filter(entry => entry[0] !== key)
  const size = map.size + (others.length === bucket.length ? 1 : 0)
  return { size, buckets: set(map.buckets, index, [...others, [key, value]]) }
}

/** The map with all of these, at once; of two with one key the later counts. */
export function insertAll<V>(
  map: PersistentMap<V>,
  added: Iterable<readonly [key: string, value: V]>,
): PersistentMap<V> {
  const buckets = new Map<number, Entry<V>[]>()
  let size = map.size
  for (const entry of added) {
    const index = bucketOf(entry[0])
    const bucket = buckets.get(index) ?? [...get(map.buckets, index)]
    buckets.set(index, bucket)
    const at = bucket.findIndex(([key]) => key === entry[0])
    if (at >= 0) bucket[at] = entry
    else bucket.push(entry)
    if (at < 0) size += 1
  }
  return { size, buckets: withAll(map.buckets, buckets) }
}

export function without<V>(map: PersistentMap<V>, key: string): PersistentMap<V> {
  const index = bucketOf(key)
  const bucket = get(map.buckets, index)
  const others = bucket.filter(entry => entry[0] !== key)
  if (others.length === bucket.length) return map
  return { size: map.size - 1, buckets: set(map.buckets, index, others) }
}

/**
 * In no order that means anything: whoever shows entries must sort them. Gathered before the first is given out: a generator that
 * looks through mostly empty buckets costs many times as much.
 */
export function entries<V>(map: PersistentMap<V>): ArrayIterator<Entry<V>> {
  const found: Entry<V>[] = []
  for (const row of map.buckets.rows) {
    // Most maps are far smaller than the table, and rows never written to are all one.
    if (row === EMPTY_ROW) continue
    for (const bucket of row) if (bucket.length > 0) found.push(...bucket)
  }
  return found.values()
}

export interface Difference<V> {
  readonly key: string
  readonly before: V | undefined
  readonly after: V | undefined
}

/** The keys whose values are not the same object in both. What two versions share is never looked at. */
export function* differences<V>(before: PersistentMap<V>, after: PersistentMap<V>): Generator<Difference<V>> {
  for (const [row, buckets] of after.buckets.rows.entries()) {
    const former = before.buckets.rows[row] ?? []
    if (buckets === former) continue
    for (const [at, bucket] of buckets.entries()) {
      const formerBucket = former[at] ?? []
      if (bucket !== formerBucket) yield* differencesIn(new Map(formerBucket), new Map(bucket))
    }
  }
}

function* differencesIn<V>(before: ReadonlyMap<string, V>, after: ReadonlyMap<string, V>): Generator<Difference<V>> {
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const difference = { key, before: before.get(key), after: after.get(key) }
    if (difference.before !== difference.after) yield difference
  }
}

// FNV-1a. Keys are pod UIDs and tenant names, which the API server makes or an administrator writes.
function bucketOf(key: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index += 1) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 15)) & (BUCKETS - 1)
}
