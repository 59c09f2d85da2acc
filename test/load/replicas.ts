/** Replicas that die with everything they know, and are replaced by new ones under new names. */
import { textStore } from '../../src/quota/text-store.ts'
import { type LedgerWriter, ledgerWriter } from '../../src/quota/writer.ts'
import type { Chance } from './chance.ts'
import { QUOTAS } from './quotas.ts'
import { connection, type Line, type SharedText, type Sky } from './shared-text.ts'

export const PENDING_MS = 30_000
export const GANG_HOLD_MS = 10_000
export const MAX_CHARGES = 900

export interface Replica {
  readonly id: string
  readonly writer: LedgerWriter
  isDead(): boolean
  /** Ends when the replica does. */
  readonly died: Promise<'died'>
  crash(): void
  /** What its clock shows, which is not quite the time. */
  now(): number
}

export interface Replicas {
  any(): Replica
  /** Another one than this, if there is one. */
  otherThan(replica: Replica): Replica
  crashOne(): void
}

export function replicas(count: number, shared: SharedText, sky: Sky, happened: Line['happened']): Replicas {
  let born = 0
  const all = Array.from({ length: count }, start)

  function start(): Replica {
    born += 1
    return startReplica(`replica-${born}`, shared, sky, happened)
  }

  return {
    any: () => sky.chance.pick(all),
    otherThan: replica => (count === 1 ? sky.chance.pick(all) : sky.chance.pick(all.filter(one => one !== replica))),
    crashOne() {
      const victim = sky.chance.between(0, count - 1)
      all[victim]?.crash()
      all[victim] = start()
    },
  }
}

function startReplica(id: string, shared: SharedText, sky: Sky, happened: Line['happened']): Replica {
  const { time, chance } = sky
  const aheadMs = clockErrorMs(chance)
  const { promise: died, resolve } = Promise.withResolvers<'died'>()
  let hasDied = false
  const isDead = () => hasDied
  const now = () => time.now() + aheadMs
  const writer = ledgerWriter({
    id,
    store: textStore(connection(shared, { ...sky, isDead, happened })),
    quotas: () => QUOTAS,
    clock: { now },
    timer: { at: (atMs, ring) => time.at(atMs - aheadMs, () => !hasDied && ring()) },
    pendingMs: PENDING_MS,
    gangHoldMs: GANG_HOLD_MS,
    maxCharges: MAX_CHARGES,
    retryAfterMs: 500,
  })
  const crash = () => {
    hasDied = true
    resolve('died')
  }
  return { id, writer, isDead, died, crash, now }
}

function clockErrorMs(chance: Chance): number {
  return chance.between(-200, 200)
}
