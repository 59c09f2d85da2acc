/** The hands on a cluster: annotations and labels of pods, the Eviction API, and changes of the ledger. */
import type { Clock } from '../../admission/endpoint.ts'
import { DEADLINE_ANNOTATION, NEED_ANNOTATION } from '../../policy/owned-keys.ts'
import type { Change } from '../../quota/change.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { Need } from '../../rebalance/need.ts'
import type { Evict, Notify, Rescind, Step } from '../../rebalance/plan.ts'
import type { Notice } from '../../rebalance/snapshot.ts'
import type { JsonObject } from '../../schema/parts.ts'
import type { ApiServer } from '../api-server.ts'
import type { CountedPod } from '../counting/tree-count.ts'
import type { Tell } from './events.ts'
import type { Hands, Outcome } from './hands.ts'
import type { PastEvictions } from './past-evictions.ts'
import { type EndingPod, evictPod, type Patched, type PodName, patchPod, together } from './pod-calls.ts'
import { tellOfEviction, tellOfNotice, tellOfRescission } from './pod-stories.ts'
import { promote } from './promotion.ts'

export interface ClusterHandsDeps {
  readonly api: ApiServer
  readonly ledger: Pick<LedgerWriter, 'amend' | 'book'>
  /** The tree in which a tenant is now. */
  readonly treeOf: (tenant: string) => string | undefined
  readonly pod: (uid: string) => CountedPod | undefined
  readonly tell: Tell
  readonly past: PastEvictions
  readonly clock: Clock
}

export interface ClusterHands extends Hands {
  /** The newest version that was given to a pod here: who plans before the watch has come so far would do the same again. */
  writtenUpTo(): bigint
  /** The notice of a pod on which none can be written, for as long as this replica leads. */
  spoken(uid: string): Notice | null
}

/** A pod with what is counted for it. */
interface KnownPod extends EndingPod {
  readonly counted: CountedPod
}

const DONE: Outcome = { kind: 'done' }
const UNTOLD: Outcome = {
  kind: 'failed',
  cause: new Error('the notice has room neither on the pod nor among the events'),
}
const NOBODY: Outcome = { kind: 'stale', why: 'none of the pods is there any more' }

export function clusterHands(deps: ClusterHandsDeps): ClusterHands {
  let writtenUpTo = 0n
  const spoken = new Map<string, Notice>()

  async function patched(pod: PodName, metadata: JsonObject): Promise<Patched> {
    const result = await patchPod(deps.api, pod, metadata)
    if (result.version !== undefined && result.version > writtenUpTo) writtenUpTo = result.version
    return result
  }

  async function notify(step: Notify, need: Need | undefined): Promise<Outcome> {
    const annotations = {
      [DEADLINE_ANNOTATION]: new Date(step.deadlineMs).toISOString(),
      [NEED_ANNOTATION]: step.need,
    }
    return ofEach(known(step.pods, deps), deps, async pod => {
      const { outcome, isFull } = await patched(pod, { annotations })
      if (outcome.kind !== 'done' && isFull !== true) return outcome
      const isTold = await deps.tell(tellOfNotice(pod, step, need))
      if (isFull !== true) return DONE
      // Who leaves no room for a notice has it by the event all the same; else nobody could be evicted who fills up his annotations. But
      // a notice that nobody could read is none.
      if (!isTold) return UNTOLD
      spoken.set(pod.uid, { deadlineMs: step.deadlineMs, need: step.need })
      return DONE
    })
  }

  async function rescind(step: Rescind): Promise<Outcome> {
    const annotations = { [DEADLINE_ANNOTATION]: null, [NEED_ANNOTATION]: null }
    return ofEach(known(step.pods, deps), deps, async pod => {
      spoken.delete(pod.uid)
      const { outcome } = await patched(pod, { annotations })
      if (outcome.kind === 'done') await deps.tell(tellOfRescission(pod, step))
      return outcome
    })
  }

  async function evict(step: Evict, need: Need | undefined): Promise<Outcome> {
    const pods = known(step.pods, deps)
    // Half a gang is of no use to anybody: where one of it may not go, none does.
    if (pods.length > 1) {
      const rehearsal = await ofEach(pods, deps, pod => evictPod(deps.api, pod, true))
      if (rehearsal.kind !== 'done') return rehearsal
    }
    return ofEach(pods, deps, async pod => {
      const outcome = await evictPod(deps.api, pod)
      if (outcome.kind !== 'done') return outcome
      if (step.rule === 'above-fair-share') deps.past.add(pod.uid, pod.namespace)
      await deps.tell(tellOfEviction(pod, step, need))
      return outcome
    })
  }

  async function amend(tenant: string, change: Change): Promise<Outcome> {
    const tree = deps.treeOf(tenant)
    if (tree === undefined) return { kind: 'stale', why: `tenant ${tenant} is in no tree any more` }
    try {
      await deps.ledger.amend(tree, [change])
      return DONE
    } catch (cause) {
      return { kind: 'failed', cause }
    }
  }

  function carryOut(step: Step, need?: Need): Promise<Outcome> {
    switch (step.kind) {
      case 'promote':
        return promote(step, known(step.pods, deps), { ...deps, patched })
      case 'lapse':
        return amend(step.tenant, { kind: 'lapse', gang: step.gang })
      case 'hold':
        return amend(step.claim.tenant, { kind: 'claim', claim: step.claim })
      case 'notify':
        return notify(step, need)
      case 'evict':
        return evict(step, need)
      case 'rescind':
        return rescind(step)
    }
  }

  return { carryOut, writtenUpTo: () => writtenUpTo, spoken: uid => spoken.get(uid) ?? null }
}

function known(uids: readonly string[], { pod }: ClusterHandsDeps): readonly KnownPod[] {
  return uids.flatMap(uid => {
    const counted = pod(uid)
    if (counted === undefined) return []
    const { namespace, standing } = counted.facts
    return [{ uid, namespace, name: standing.name, graceSeconds: standing.graceSeconds, counted }]
  })
}

const HANGS_MS = 1_000

async function ofEach(
  pods: readonly KnownPod[],
  { clock }: Pick<ClusterHandsDeps, 'clock'>,
  act: (pod: KnownPod) => Promise<Outcome>,
): Promise<Outcome> {
  if (pods.length === 0) return NOBODY
  const outcomes: Outcome[] = []
  const startedMs = clock.now()
  for (const pod of pods) {
    outcomes.push(await act(pod))
    // Where the first call hangs, so would those about the others of a gang, for seconds each. Once some are done the rest is tried too.
    if (clock.now() - startedMs >= HANGS_MS && outcomes.every(({ kind }) => kind === 'failed')) break
  }
  return together(outcomes)
}
