/**
 * The pods of one tree as the leader counts them: as they were charged where the ledger still knows that, else by what they show.
 *
 * A pod waits until a version of the ledger is at hand that was read after the pod had been told of. Its charge was stored before
 * it was created, so there it is found, unless a leader has counted it before or nobody ever charged it.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { tierOfUnlabelled } from '../../admission/present-pod.ts'
import { type Book, reopenBook } from '../../quota/book.ts'
import { gangKeyAt } from '../../quota/gang.ts'
import { charge, chargeOf } from '../../quota/ledger.ts'
import { type PodView, recount } from '../../quota/recount.ts'
import { podTally, type SeenPod } from '../../quota/tally.ts'
import type { PodFacts } from './pod-facts.ts'

interface Counted {
  readonly uid: string
  readonly tenant: string
  readonly facts: PodFacts
}

/** As what a pod counts, and what else is known of it. */
export interface CountedPod {
  readonly seen: SeenPod
  readonly facts: PodFacts
}

/** What a view is to say of the watch. */
interface Moment {
  /** Everything up to this version has been told. */
  readonly position: bigint
  /** Everything created before this moment has been told. */
  readonly asOfMs: number
}

export interface TreeCount {
  /** A pod is there. One that is counted already is counted anew. */
  enter(pod: Counted): void
  /** A pod is told of again that holds what it held. It is counted anew only where its label names another tier than before. */
  renew(pod: Counted): void
  /** A pod is gone, or has ended. It may have been charged without ever having been there for this leader. */
  leave(uid: string): void
  /** Pods that count in another tree from now on, or for another tenant. */
  forget(uids: Iterable<string>): void
  /** Counts those who wait, and says what there is. Nobody may enter, leave or be forgotten until it has. */
  view(book: Book, moment: Moment): Promise<PodView>
  /** A ledger that was recounted by this view is stored. */
  stored(view: PodView): void
  pods(): Iterable<CountedPod>
  pod(uid: string): CountedPod | undefined
}

// The first list has all pods of a tree at once, and reviews wait for nothing longer than some milliseconds.
const AT_A_TIME = 200

export function treeCount(): TreeCount {
  let tally = podTally()
  let viewed: PodView | undefined
  const waiting = new Map<string, Counted>()
  const present = new Map<string, CountedPod>()
  /** Those that have moved away since a recount was stored. */
  const moved = new Set<string>()

  function count(seen: SeenPod, { facts }: Counted): void {
    waiting.delete(seen.uid)
    present.set(seen.uid, { seen, facts })
    tally.seen(seen, 0n)
  }

  function leave(uid: string): void {
    waiting.delete(uid)
    present.delete(uid)
    tally.gone(uid, 0n)
  }

  function beginAgain(): void {
    tally = podTally()
    viewed = undefined
    moved.clear()
    for (const { seen } of present.values()) tally.seen(seen, 0n)
  }

  async function countWaiting(book: Book): Promise<void> {
    const shown: Counted[] = []
    for (const [index, pod] of [...waiting.values()].entries()) {
      if (index % AT_A_TIME === AT_A_TIME - 1) await nextTurn()
      const known = asCharged(pod, book) ?? asLabelled(pod)
      if (known === undefined) shown.push(pod)
      else count(known, pod)
    }
    if (shown.length === 0) return
    let beside = bookOf(tally.view(0), book)
    for (const [index, pod] of shown.toSorted(byAge).entries()) {
      if (index % AT_A_TIME === AT_A_TIME - 1) await nextTurn()
      const seen = asFits(pod, beside)
      count(seen, pod)
      beside = reopenBook(beside, charge(beside.ledger, { ...seen, ...OF_A_PRESENT_POD }))
    }
  }

  return {
    enter(pod) {
      // Whoever is gone from a tally stays gone. This one has come back: so the tally begins again, as that of a new leader does.
      if (moved.has(pod.uid)) beginAgain()
      waiting.set(pod.uid, pod)
    },
    renew(pod) {
      const known = present.get(pod.uid)
      const { tier } = pod.facts
      if (known === undefined) waiting.set(pod.uid, pod)
      else if (tier === undefined || tier === known.facts.tier) present.set(pod.uid, { ...known, facts: pod.facts })
      else count({ ...known.seen, tier }, pod)
    },
    leave,
    forget(uids) {
      for (const uid of uids) {
        leave(uid)
        moved.add(uid)
      }
    },
    async view(book, { position, asOfMs }) {
      await countWaiting(book)
      tally.reached(position)
      viewed = tally.view(asOfMs)
      return viewed
    },
    stored(view) {
      // One that was given before the tally began again means nothing to it.
      if (view !== viewed) return
      tally.stored(view)
      moved.clear()
    },
    pods: () => present.values(),
    pod: uid => present.get(uid),
  }
}

// A pod that is there is no promise that could lapse.
const OF_A_PRESENT_POD = { expiresAtMs: Number.MAX_SAFE_INTEGER, bookedBy: 'present' }

function asCharged({ uid, tenant, facts }: Counted, book: Book): SeenPod | undefined {
  const booked = chargeOf(book.ledger, uid)
  if (booked?.tenant !== tenant) return undefined
  const { tier, amounts, gang } = booked
  return { uid, tenant, tier, amounts, gang: gang ?? keyOf(tenant, facts) }
}

function asLabelled({ uid, tenant, facts }: Counted): SeenPod | undefined {
  const { tier, amounts } = facts
  return tier === undefined ? undefined : { uid, tenant, tier, amounts, gang: keyOf(tenant, facts) }
}

function asFits({ uid, tenant: name, facts }: Counted, book: Book): SeenPod {
  const { amounts } = facts
  const tenant = book.quota.tenants.get(name)
  // Where the tenant has just left the tree, its pods count as burst, like those of one that is not defined.
  const tier = tenant === undefined ? 'burst' : tierOfUnlabelled(book, tenant, amounts).tier
  return { uid, tenant: name, tier, amounts, gang: keyOf(name, facts) }
}

/**
 * Its gang by what it shows, also where it was charged by itself: whatever the ledger remembers of a gang, it does so for as long as
 * pods of it are there.
 */
function keyOf(tenant: string, { gang }: PodFacts): string | null {
  return gang === null ? null : gangKeyAt(tenant, gang)
}

/** The book as if it had been recounted by this view, whatever it was counted by before. */
function bookOf(view: PodView, book: Book): Book {
  const fromTheBeginning = { ...book.ledger, base: { ...book.ledger.base, position: 0n } }
  return reopenBook(book, recount(fromTheBeginning, view))
}

function byAge(a: Counted, b: Counted): number {
  const [older, younger] = [a.facts.createdAtMs, b.facts.createdAtMs]
  // Two that have no age are as old as one another, and their difference is no number.
  if (older !== younger) return older < younger ? -1 : 1
  return a.uid < b.uid ? -1 : 1
}
