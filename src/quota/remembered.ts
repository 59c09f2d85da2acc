/** A function that works each answer out once. For what depends on values that never change. */
export function remembered<K, V>(answer: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>()
  return key => {
    const former = known.get(key)
    if (former !== undefined) return former
    const found = answer(key)
    known.set(key, found)
    return found
  }
}
