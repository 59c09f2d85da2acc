/** The API server: it sends reviews, listens for as long as its patience lasts, and creates what it was told is charged. */
import { gangKey } from '../../src/quota/gang.ts'
import type { Ledger } from '../../src/quota/ledger.ts'
import type { SeenPod } from '../../src/quota/tally.ts'
import type { Verdict } from '../../src/quota/verdict.ts'
import type { LedgerWriter } from '../../src/quota/writer.ts'
import { type Event, footprint } from './event.ts'
import { CREATE_MS, PATIENCE_MS, type Review } from './scenario.ts'

/** A review that has arrived. */
export interface Asked {
  readonly review: Review
  readonly deadlineMs: number
  /** How many versions its replica had seen by then. */
  readonly since: number
  /** What the replica said, and the versions it had seen between the question and the answer. */
  answer: { readonly verdict: Verdict; readonly seen: readonly Ledger[] } | null
}

export interface Callers {
  readonly asked: readonly Asked[]
  /** What those pods are charged with whose callers were told so in time. */
  readonly told: ReadonlyMap<string, SeenPod>
  /** Whether a pod may still be created, as far as its review goes. */
  isOpen(uid: string): boolean
  hasArrived(review: Review): boolean
  events(): readonly Event[]
}

export interface CallersOptions {
  readonly reviews: readonly Review[]
  /** When each of the scenario's steps of time was taken, the beginning included. */
  readonly moments: readonly number[]
  readonly now: () => number
  readonly writerOf: (replica: number) => LedgerWriter
  readonly seenBy: (replica: number) => readonly Ledger[]
  readonly isDead: (replica: number) => boolean
  readonly note: (line: string) => void
}

export function callers({ reviews, moments, now, writerOf, seenBy, isDead, note }: CallersOptions): Callers {
  const asked: Asked[] = []
  const told = new Map<string, SeenPod>()
  const isSent = ({ sentAfter }: Review) => moments.length > sentAfter
  const sentAt = ({ sentAfter }: Review) => moments[sentAfter] ?? Number.POSITIVE_INFINITY

  const hasArrived = (review: Review) => asked.some(one => one.review === review)

  function ask(review: Review): void {
    const { replica, pod, isDry } = review
    const deadlineMs = now() + PATIENCE_MS
    const one: Asked = { review, deadlineMs, since: seenBy(replica).length, answer: null }
    asked.push(one)
    const writer = writerOf(replica)
    const verdict = isDry ? writer.preview(pod, deadlineMs) : writer.charge(pod, deadlineMs)
    void verdict.then(said => {
      if (isDead(replica)) return
      one.answer = { verdict: said, seen: seenBy(replica).slice(one.since) }
      const isHeard = now() < sentAt(review) + PATIENCE_MS
      note(`${review.name} is answered: ${textOf(said)}${isHeard ? '' : ', which nobody hears'}`)
      if (isHeard && !isDry && said.kind === 'charged') hear(review, said.tier)
    })
  }

  function hear({ pod: { uid, tenant, demand, gang } }: Review, tier: SeenPod['tier']): void {
    const key = gang === undefined ? null : gangKey(tenant, gang.id)
    // One pod is one request: what a second caller is told about it does not make another.
    if (!told.has(uid)) told.set(uid, { uid, tenant, tier, amounts: demand, gang: key })
  }

  return {
    asked,
    told,
    hasArrived,
    isOpen: uid => {
      const first = Math.min(...reviews.filter(({ pod }) => pod.uid === uid).map(sentAt))
      return now() < first + CREATE_MS
    },
    events: () =>
      reviews
        .filter(review => isSent(review) && !isDead(review.replica) && !hasArrived(review))
        .map(review => ({
          name: `${review.name} reaches R${review.replica}`,
          touches: footprint([`R${review.replica}`], ['clock']),
          happen: () => ask(review),
        })),
  }
}

export function textOf(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'charged':
      return `charged as ${verdict.tier}`
    case 'busy':
      return `busy (${verdict.because})`
    case 'refused':
    case 'barred':
      return verdict.kind
  }
}
