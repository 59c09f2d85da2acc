/** More victims, where those that free enough quota leave no node with room for a pod that waits. */
import type { Amounts } from '../../quota/usage.ts'
import { sizeOf, type Unit } from '../units.ts'
import { counts, type Draft, housing, type Search, type Taking, withVictim } from './draft.ts'
import { byTurn } from './ranking.ts'
import { type Gains, gained, type Housed, hasRoom, housedIn, type Rooms, shortOf } from './rooms.ts'

/** For one pod after the other, of the nodes that can be cleared for it, the one on which least is taken back; undefined if there is none. */
export function withRoom(search: Search, draft: Draft): Draft | undefined {
  const rooms = search.survey.rooms()
  for (let at: Draft | undefined = draft; at !== undefined; ) {
    const housed = housing(search, at.units)
    if (rooms === null || housed.homeless === null) return at
    at = clearedForAll(search, rooms, at, housed)
  }
  return undefined
}

// Each takes a walk along all nodes, and a tenant may name a gang of any size. For whom so many nodes have to be cleared beyond what its
// quota takes back anyway, others would lose far more than it gets.
const MOST_CLEARED = 500

/** Goes on from where the others have their nodes: to house all of a gang again for each of its pods takes the square of its size. */
function clearedForAll(search: Search, rooms: Rooms, draft: Draft, housed: Housed): Draft | undefined {
  let [at, { gains, left }]: [Draft, Housed] = [draft, housed]
  let cleared = 0
  for (let [asked] = left; asked !== undefined; [asked] = left) {
    cleared += 1
    const next = cleared > MOST_CLEARED ? undefined : cheapest(search, rooms, at, gains, asked)
    if (next === undefined) return undefined
    const freed = next.units.slice(at.units.length).flatMap(({ pods }) => pods)
    at = next
    ;({ gains, left } = housedIn(rooms.free, gained(gains, freed), left))
  }
  return at
}

function cheapest(search: Search, rooms: Rooms, draft: Draft, gains: Gains, asked: Amounts): Draft | undefined {
  let best: { readonly draft: Draft; readonly cost: bigint } | undefined
  for (const node of rooms.clear.open.keys()) {
    // What victims elsewhere give back is in the gains, and what they leave here as well.
    if (!hasRoom(rooms.clear, gains, node, asked)) continue
    // Nobody can be asked for less than what is missing, so a node that costs no more than that is not beaten by one that lacks as much.
    if (best !== undefined && shortOf(rooms.free, gains, node, asked) >= best.cost) continue
    const cleared = clearedFor(search, rooms, draft, gains, node, asked)
    if (cleared === undefined) continue
    const cost = cleared.units.slice(draft.units.length).reduce((sum, { amounts }) => sum + sizeOf(amounts), 0n)
    if (best === undefined || cost < best.cost) best = { draft: cleared, cost }
  }
  return best?.draft
}

function clearedFor(
  search: Search,
  rooms: Rooms,
  draft: Draft,
  gains: Gains,
  node: string,
  asked: Amounts,
): Draft | undefined {
  let [at, room]: [Taking, Gains] = [draft, gains]
  const more: Unit[] = []
  for (const unit of unitsOn(search, rooms, node)) {
    if (hasRoom(rooms.free, room, node, asked)) break
    const isOfUse = search.task.goals.some(goal => counts(at.views, goal, unit))
    const next = isOfUse ? withVictim(search, at, unit) : 'spoken-for'
    if (typeof next === 'string') continue
    at = next
    more.push(unit)
    room = gained(room, unit.pods)
  }
  return hasRoom(rooms.free, room, node, asked) ? { ...at, units: [...draft.units, ...more] } : undefined
}

/** Who runs on a node, in the order in which those of one leaf would go. */
function unitsOn({ survey, task }: Search, rooms: Rooms, node: string): readonly Unit[] {
  const units = new Set((rooms.takeable.get(node) ?? []).flatMap(pod => survey.unitOf(pod) ?? []))
  const [goal] = task.goals
  return goal === undefined ? [] : byTurn([...units], survey.termsAt(goal.node), survey.snapshot.nowMs)
}
