/**
 * How busy pods keep their GPUs, as somebody measures it. The planner takes idle pods first where it knows them, so whatever is not
 * known, too old or too young means only that: nobody waits for it, and nothing fails with it.
 */
import type { Clock, Log } from '../../admission/endpoint.ts'
import type { Timer } from '../../quota/waiter.ts'
import type { HeldPod } from '../../rebalance/snapshot.ts'
import { openRounds } from '../rounds.ts'

/** The GPUs of one pod, or some of them. */
export interface UtilisationSample {
  readonly namespace: string
  readonly pod: string
  /** Of the time of its GPUs, averaged over the last `AVERAGED_OVER_MINUTES`. */
  readonly percent: number
  readonly atMs: number
}

/** Who measures it. */
export interface UtilisationSource {
  /** Of all pods, in any order. Rejects where nobody can say. */
  read(): Promise<readonly UtilisationSample[]>
}

export interface UtilisationObserver {
  /** How many pods are known from now on; null: the source did not say. */
  utilisationRead(pods: number | null): void
}

interface UtilisationDeps {
  readonly source: UtilisationSource
  readonly observer: UtilisationObserver
  readonly clock: Clock
  readonly timer: Timer
  readonly log: Log
}

export interface Utilisation {
  /** Percent, as `HeldPod.utilisation` has it. */
  of(pod: Pick<HeldPod, 'namespace' | 'name' | 'startedAtMs'>): number | null
  stop(): void
}

/** Long enough that a pause between two steps of training, or a quiet minute of a server, is not idleness. */
export const AVERAGED_OVER_MINUTES = 10

const READ_MS = 60_000
/** Five rounds without an answer. */
const GOOD_FOR_MS = 5 * READ_MS

/** Reads at once and then every minute. What was read last holds until it is too old. */
export function watchUtilisation({ source, observer, clock, timer, log }: UtilisationDeps): Utilisation {
  let known: ReadonlyMap<string, UtilisationSample> = new Map()

  async function read(): Promise<void> {
    try {
      known = busiestOf(await source.read())
      observer.utilisationRead(known.size)
    } catch (cause) {
      observer.utilisationRead(null)
      throw cause
    }
  }

  const problem = 'the utilisation of GPUs could not be read: idle pods are not told from busy ones'
  const rounds = openRounds(read, { clock, timer, log, problem, usualMs: READ_MS, hastyMs: 0 })
  rounds.hasten()

  return {
    of({ namespace, name, startedAtMs }) {
      const sample = known.get(keyOf(namespace, name))
      if (sample === undefined || startedAtMs === null) return null
      const isRecent = Math.abs(clock.now() - sample.atMs) <= GOOD_FOR_MS
      // Younger pods load their model, and the average may be that of another pod of the same name.
      const isAllItsOwn = sample.atMs - startedAtMs >= AVERAGED_OVER_MINUTES * 60_000
      return isRecent && isAllItsOwn ? sample.percent : null
    },
    stop: rounds.stop,
  }
}

/** A pod with several GPUs, or parts of them, is as busy as the busiest: it is not idle while one of them works. */
function busiestOf(samples: readonly UtilisationSample[]): ReadonlyMap<string, UtilisationSample> {
  const busiest = new Map<string, UtilisationSample>()
  for (const sample of samples) {
    const key = keyOf(sample.namespace, sample.pod)
    const other = busiest.get(key)
    if (other === undefined || sample.percent > other.percent) busiest.set(key, sample)
  }
  return busiest
}

function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`
}
