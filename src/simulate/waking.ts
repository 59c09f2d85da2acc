/**
 * Who is woken when capacity returns: of those for whom there is room, whoever's turn it is, by the same rule as in a cluster. Each
 * asks for itself before the next is chosen, so nobody is woken for room that is gone.
 */
import { type Contender, contenderAt, nextInTurn } from '../controller/waking/fair-turn.ts'
import type { Book } from '../quota/book.ts'
import { claimKey } from '../quota/claim.ts'
import { firstFit } from '../quota/decide.ts'
import { find } from '../quota/persistent-map.ts'
import type { Tier } from '../schema/parts.ts'
import { askOf, type Job, milliOf } from './job.ts'

/** Woken at once at most: what a leader touches in one go. */
const MOST_WOKEN = 100

interface Head extends Contender {
  readonly job: Job
}

/** Lets those ask again who wait for a class of one tree, in turn. `refused`: those refused first first. */
export function wake(className: string, refused: readonly Job[], book: () => Book, attempt: (job: Job) => void): void {
  const queues = [...Map.groupBy(refused, ({ pod }) => `${pod.tenant} ${pod.tier}`).values()]
  // Room only becomes less while they are woken: whoever asks what somebody was refused is not asked.
  const hopeless = new Set<string>()
  const woken = new Set<Job>()
  const headOf = (queue: readonly Job[]): readonly Head[] => {
    const job = queue.find(one => !woken.has(one) && hasRoom(one, className, book(), hopeless))
    return job === undefined ? [] : [{ job, ...contender(job, className, book()) }]
  }

  while (woken.size < MOST_WOKEN) {
    const next = nextInTurn(book(), queues.flatMap(headOf))
    if (next === undefined) return
    woken.add(next.job)
    attempt(next.job)
  }
}

function hasRoom(job: Job, className: string, book: Book, hopeless: Set<string>): boolean {
  const { tenant, tier } = job.pod
  const isClaimant = find(book.ledger.claims, claimKey(tenant, { kind: 'owner', owner: job.owner })) !== undefined
  const question = isClaimant ? job.pod.name : `${tenant} ${tier} ${milliOf(job)}`
  if (hopeless.has(question)) return false
  const known = book.quota.tenants.get(tenant)
  const fits = known !== undefined && firstFit(book, known, askOf(job, className)) !== undefined
  if (!fits) hopeless.add(question)
  return fits
}

function contender({ pod, stage }: Job, className: string, book: Book): Contender {
  const tier: Tier = pod.tier
  const leaf = book.quota.tenants.get(pod.tenant)?.leaves[tier]
  if (leaf === undefined) throw new Error(`${pod.tenant} is not in the tree ${book.quota.name}`)
  const sinceMs = stage.kind === 'refused' ? stage.sinceMs : 0
  return contenderAt(book, leaf, { sinceMs, classes: [className] })
}
