/**
 * The owners of pods that this replica refused for want of quota, and what became of waking them.
 *
 * It is told on the path of admissions, so being told costs a map insert or two. All of it may be lost: whoever is forgotten tries
 * again when its controller's back-off ends, as if nobody had been there to wake it.
 */
import { isRetryable } from '../../admission/codes.ts'
import type { Clock } from '../../admission/endpoint.ts'
import { type TableLimits, tenantTable } from '../../admission/tenant-table.ts'
import { askOf, type Validation } from '../../admission/validate.ts'
import type { Ask } from '../../quota/decide.ts'
import { controllerOf, type Owner, pathOf } from './owner-resource.ts'

export interface RefusedOwner {
  readonly owner: Owner
  readonly path: string
  /** What its last refused pod asked for. */
  readonly ask: Ask
  /** When it was first refused, and last. */
  readonly sinceMs: number
  readonly seenMs: number
  /** Since when there has been room for it; undefined while there is none. */
  readonly fitsSinceMs: number | undefined
  /** How often it was woken and refused again. */
  readonly inVain: number
  readonly stage: Stage
}

export type Stage =
  | { readonly kind: 'waiting'; readonly notBeforeMs: number }
  /** Woken: the room is its own until its next pod is judged, or that has taken too long. */
  | { readonly kind: 'called'; readonly untilMs: number }

/** Why an owner is not remembered. */
const UNWAKEABLE_REASONS = ['kind', 'full'] as const
type UnwakeableReason = (typeof UNWAKEABLE_REASONS)[number]

interface RefusedObserver {
  /** A pod was refused, and its owner will not be woken; one that has none is not counted. */
  unwakeable(reason: UnwakeableReason): void
  /** A pod of a woken owner was admitted, so long after its room was seen to be there. */
  reached(afterMs: number): void
}

export interface RefusedOwners {
  denied(validation: Validation): void
  admitted(validation: Validation): void
  /** By tenant, those refused first first. */
  byTenant(): ReadonlyMap<string, readonly RefusedOwner[]>
  /** Changes what is known of one that has not been judged since. */
  update(known: RefusedOwner, change: Partial<Pick<RefusedOwner, 'fitsSinceMs' | 'stage'>>): RefusedOwner | undefined
  forget(known: RefusedOwner): void
  /** Forgets who has had its turn, and who no longer tries. */
  expire(): void
  size(): number
}

interface RefusedDeps {
  readonly clock: Clock
  readonly observer: RefusedObserver
  readonly limits?: TableLimits
}

// About 1 KB each. A tenant that has more of them shares what it gets among those that were refused last.
const LIMITS: TableLimits = { inAll: 10_000, ofTenant: 2_000 }

// A controller's own first attempts come within a second (5 ms, doubling); from then on waking it is worth a call.
const FIRST_MS = 1_000
const INTERVAL_MS = 5_000
const MOST_DOUBLINGS = 6
// client-go's back-off ends at 1,000 s: whoever still tries was seen by some replica since, and is remembered there.
const FORGOTTEN_AFTER_MS = 20 * 60_000

/** The shortest time between two wakings of an owner: 5 s, doubled each time that it was refused again. */
export function intervalOf({ inVain }: Pick<RefusedOwner, 'inVain'>): number {
  return INTERVAL_MS * 2 ** Math.min(inVain, MOST_DOUBLINGS)
}

export function refusedOwners({ clock, observer, limits = LIMITS }: RefusedDeps): RefusedOwners {
  // In the order of their first refusals.
  const table = tenantTable<RefusedOwner>({
    tenantOf: ({ ask }) => ask.tenant,
    limits,
    onDropped: () => observer.unwakeable('full'),
  })

  function remember(owner: Owner, path: string, ask: Ask): void {
    const nowMs = clock.now()
    const key = keyOf(owner)
    const before = table.get(key)
    table.put(key, {
      ...(before === undefined ? fresh(nowMs) : refusedAgain(before, nowMs)),
      owner,
      path,
      ask,
      seenMs: nowMs,
    })
  }

  return {
    denied(validation) {
      const { examined, denials } = validation
      const { pod, namespace, tenant, demand } = examined.subject
      const owner = controllerOf(pod, namespace)
      if (owner === undefined) return
      const isWorthwhile = denials.every(({ code }) => isRetryable(code))
      if (!isWorthwhile || tenant === undefined || demand === undefined) {
        table.remove(keyOf(owner))
        return
      }
      const path = pathOf(owner)
      if (path === undefined) observer.unwakeable('kind')
      else remember(owner, path, askOf(examined, tenant, demand.byClass))
    },

    admitted({ examined: { subject } }) {
      const owner = controllerOf(subject.pod, subject.namespace)
      const key = owner === undefined ? '' : keyOf(owner)
      const known = table.get(key)
      if (known === undefined) return
      table.remove(key)
      const { stage, fitsSinceMs } = known
      if (stage.kind === 'called' && fitsSinceMs !== undefined) observer.reached(clock.now() - fitsSinceMs)
    },

    byTenant: table.byTenant,

    update(known, change) {
      const key = keyOf(known.owner)
      if (table.get(key) !== known) return undefined
      const next = { ...known, ...change }
      table.put(key, next)
      return next
    },

    forget(known) {
      const key = keyOf(known.owner)
      if (table.get(key) === known) table.remove(key)
    },

    expire() {
      const nowMs = clock.now()
      for (const [key, entry] of table.entries()) if (isOver(entry, nowMs)) table.remove(key)
    },

    size: table.size,
  }
}

type Standing = Pick<RefusedOwner, 'sinceMs' | 'fitsSinceMs' | 'inVain' | 'stage'>

function fresh(nowMs: number): Standing {
  return {
    sinceMs: nowMs,
    fitsSinceMs: undefined,
    inVain: 0,
    stage: { kind: 'waiting', notBeforeMs: nowMs + FIRST_MS },
  }
}

function refusedAgain({ sinceMs, fitsSinceMs, inVain, stage }: RefusedOwner, nowMs: number): Standing {
  if (stage.kind === 'waiting') return { sinceMs, fitsSinceMs, inVain, stage }
  const notBeforeMs = nowMs + intervalOf({ inVain: inVain + 1 })
  return { sinceMs, fitsSinceMs: undefined, inVain: inVain + 1, stage: { kind: 'waiting', notBeforeMs } }
}

/**
 * Waking hands an owner over: whichever replica judges its next pod remembers it, or need not. So nobody has to be told, and an
 * owner that has what it wants is not woken for ever by a replica that did not see it get it.
 */
function isOver({ stage, seenMs }: RefusedOwner, nowMs: number): boolean {
  return stage.kind === 'called' ? nowMs >= stage.untilMs : nowMs >= seenMs + FORGOTTEN_AFTER_MS
}

// UIDs come from who creates the pod: one that is borrowed from another namespace must not reach that namespace's owner.
function keyOf({ namespace, uid }: Owner): string {
  return `${namespace}/${uid}`
}
