/**
 * Who is woken, decided against a running book before anybody is: each that is chosen is charged in it, so that a hundred who wait are
 * not woken for room for one. Who is not chosen costs one decision per distinct question.
 */
import type { Book } from '../../quota/book.ts'
import { decide, type Stamp } from '../../quota/decide.ts'
import type { Tier } from '../../schema/parts.ts'
import { questionOf } from '../cluster/question.ts'
import { type Contender, contenderAt, nextInTurn } from './fair-turn.ts'
import type { RefusedOwner } from './refused.ts'

/** One tenant's owners that may be woken now, those refused first first. */
type Queue = readonly RefusedOwner[]

/** The first of a queue for whom there is room. */
interface Head extends Contender {
  readonly queue: Queue
  readonly position: number
  readonly owner: RefusedOwner
  readonly tier: Tier
}

/**
 * At most so many of those who wait, in the order of their turns, as there is room for beside those who were called and have not come
 * yet. Those whose `notBeforeMs` is still to come are passed over, and hold up nobody.
 */
export function wakePlan(
  book: Book,
  byTenant: Iterable<readonly RefusedOwner[]>,
  { nowMs, most }: { readonly nowMs: number; readonly most: number },
): readonly RefusedOwner[] {
  const tenants = [...byTenant]
  const called = tenants.flatMap(owners => owners.filter(({ stage }) => stage.kind === 'called'))
  const room = runningRoom(called.reduce((running, owner) => enter(running, owner).book, book))

  const queues = tenants.map(owners =>
    owners.filter(({ stage }) => stage.kind === 'waiting' && stage.notBeforeMs <= nowMs),
  )
  let heads = queues.flatMap(queue => room.headOf(queue, 0) ?? [])
  const chosen: RefusedOwner[] = []
  while (chosen.length < most) {
    const next = nextInTurn(room.book(), heads)
    if (next === undefined) break
    // What others took since may have been its room: then it stands again where it stood, for what is left.
    const isTaken = room.take(next)
    if (isTaken) chosen.push(next.owner)
    const following = room.headOf(next.queue, isTaken ? next.position + 1 : next.position)
    heads = heads.flatMap(head => (head === next ? (following ?? []) : head))
  }
  return chosen
}

/** A book in which what was taken is charged. */
function runningRoom(opened: Book) {
  let book = opened
  // Room only becomes less: who was refused once is not asked again, nor whoever has the same question.
  const refused = new Set<string>()

  function tierFor(owner: RefusedOwner): Tier | undefined {
    const question = questionOf(owner.ask, book)
    if (refused.has(question)) return undefined
    const { tier } = enter(book, owner)
    if (tier === undefined) refused.add(question)
    return tier
  }

  return {
    book: () => book,
    headOf(queue: Queue, from: number): Head | undefined {
      for (let position = from; position < queue.length; position += 1) {
        const owner = queue[position]
        const tier = owner === undefined ? undefined : tierFor(owner)
        if (owner !== undefined && tier !== undefined) return headAt(book, { queue, position, owner, tier })
      }
      return undefined
    },
    /** Charges it if it still gets the tier in which its turn came. */
    take({ owner, tier }: Head): boolean {
      const entered = enter(book, owner)
      if (entered.tier !== tier) return false
      book = entered.book
      return true
    },
  }
}

function headAt(book: Book, place: Omit<Head, keyof Contender>): Head {
  const { ask, sinceMs } = place.owner
  const tenant = book.quota.tenants.get(ask.tenant)
  if (tenant === undefined) throw new Error(`${ask.tenant} fits in the tree ${book.quota.name}, which lacks it`)
  const classes = new Set([...ask.demand.keys(), ...(ask.gang?.demand.keys() ?? [])])
  return { ...place, ...contenderAt(book, tenant.leaves[place.tier], { sinceMs, classes: [...classes] }) }
}

// Nobody sees the stamp: the running book is thrown away. Only a gang that is held at all holds room for its others.
const NOWHERE: Stamp = { bookedBy: '', expiresAtMs: 0, holdUntilMs: 0 }

/** The book with one more pod of an owner, and the tier it got; undefined where it does not fit. */
function enter(book: Book, { owner, ask }: RefusedOwner): { readonly book: Book; readonly tier: Tier | undefined } {
  const request = { ...ask, uid: `${owner.namespace}/${owner.uid}`, namespace: owner.namespace }
  const { outcome, book: after } = decide(book, request, NOWHERE)
  return { book: after, tier: outcome.kind === 'charged' ? outcome.charge.tier : undefined }
}
