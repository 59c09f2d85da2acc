/**
 * A cluster of whatever is sound. One object that cannot be used must not take the others along: a policy with a misspelt
 * expression, applied while nobody guarded, would else keep every later change of quota from coming into force. So an object that is
 * at fault stands in force as it was when it was last sound, or not at all.
 */
import { failed, formatIssue, type Issue, type Parsed } from '../schema/parsed.ts'
import { assembleCluster, type Cluster } from './cluster.ts'
import { type PlacedObject, textAt } from './objects.ts'

/** An object that is not in force as it stands. */
export interface Unsound {
  readonly object: PlacedObject
  readonly issues: readonly Issue[]
  /** What is in force in its place: its last sound version, or nothing. */
  readonly inForce: PlacedObject | undefined
}

export interface SoundCluster {
  readonly cluster: Cluster
  /** The objects that are in force, by kind and name. */
  readonly objects: ReadonlyMap<string, PlacedObject>
  readonly unsound: readonly Unsound[]
}

/** `GpuPolicy fabric`: how the issues of an object of the cluster begin. */
export function identityInCluster({ value }: Pick<PlacedObject, 'value'>): string {
  return `${String(value.kind)} ${textAt(value, 'metadata', 'name') ?? ''}`
}

// Every round takes at least one object back, but a chain of thousands would not end while pods wait.
const MOST_ROUNDS = 50

/**
 * Assembles what can be. `objects` carry `identityInCluster` as their place. `former` is what was in force before. Fails where
 * nobody's object is at fault: the library then, or the code.
 */
export function assembleSound(
  library: readonly PlacedObject[],
  objects: readonly PlacedObject[],
  former: ReadonlyMap<string, PlacedObject> = new Map(),
): Parsed<SoundCluster> {
  const wanted = new Map(objects.map(object => [identityInCluster(object), object]))
  const inForce = new Map(wanted)
  const faults = new Map<string, Unsound>()
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const assembled = assembleCluster(library, [...inForce.values()])
    if (assembled.ok) {
      return { ok: true, value: { cluster: assembled.value, objects: inForce, unsound: [...faults.values()] } }
    }
    const blamed = byObject(assembled.issues, inForce)
    if (blamed.size === 0) return assembled
    for (const [identity, issues] of blamed) takeBack(identity, issues)
  }
  return failed({ at: 'cluster', problem: `more than ${MOST_ROUNDS} rounds did not find a sound set of objects` })

  /** One that was at fault before is taken back for good: its last version was no better. */
  function takeBack(identity: string, issues: readonly Issue[]): void {
    const object = wanted.get(identity)
    if (object === undefined) return
    const known = faults.get(identity)
    const last = known === undefined ? former.get(identity) : undefined
    const replacement = last === inForce.get(identity) ? undefined : last
    if (replacement === undefined) inForce.delete(identity)
    else inForce.set(identity, replacement)
    faults.set(identity, { object, issues: known?.issues ?? issues, inForce: replacement })
  }
}

/** The issues by the object that is to blame. */
function byObject(
  issues: readonly Issue[],
  objects: ReadonlyMap<string, PlacedObject>,
): ReadonlyMap<string, readonly Issue[]> {
  const found = issues.flatMap(issue => {
    const identity = blamedIn(issue, objects)
    return identity === undefined ? [] : [{ identity, issue }]
  })
  return new Map(
    [...Map.groupBy(found, ({ identity }) => identity)].map(([identity, group]) => [
      identity,
      group.map(({ issue }) => issue),
    ]),
  )
}

// Of two that do not go together, the one that is shipped is not at fault.
function blamedIn({ documents = [] }: Issue, objects: ReadonlyMap<string, PlacedObject>): string | undefined {
  return documents.map(({ kind, name }) => `${kind} ${name}`).find(identity => objects.has(identity))
}

export function describeUnsound({ object, issues, inForce }: Unsound): string {
  const instead = inForce === undefined ? 'it is not in force' : 'its last sound version stays in force'
  return `${identityInCluster(object)} cannot be used, ${instead}: ${issues.map(formatIssue).join('; ')}`
}
