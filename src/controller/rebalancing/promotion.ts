/**
 * A pod's charge moves to a better tier of its tenant. First the ledger holds the room there, so that nobody else is admitted into it;
 * then the pod's label says so, and the leader's next count moves the pod and ends the claim in one write. Whoever is killed in between
 * leaves a claim that ends by itself, or a label that is counted all the same.
 */
import type { Clock } from '../../admission/endpoint.ts'
import { FORMER_TIER_ANNOTATION, TIER_LABEL } from '../../policy/owned-keys.ts'
import type { LedgerWriter } from '../../quota/writer.ts'
import type { Promote } from '../../rebalance/plan.ts'
import type { JsonObject } from '../../schema/parts.ts'
import type { CountedPod } from '../counting/tree-count.ts'
import type { Tell } from './events.ts'
import type { Outcome } from './hands.ts'
import { type Patched, type PodName, together } from './pod-calls.ts'
import { tellOfPromotion } from './pod-stories.ts'
import { holdRoom, letGo } from './promotion-claims.ts'

interface PromotionDeps {
  readonly ledger: Pick<LedgerWriter, 'amend' | 'book'>
  readonly treeOf: (tenant: string) => string | undefined
  readonly patched: (pod: PodName, metadata: JsonObject) => Promise<Patched>
  readonly tell: Tell
  readonly clock: Clock
}

interface Promoted extends PodName {
  readonly counted: CountedPod
}

/** The patch, the watch and the recount take seconds; a claim that outlives them keeps room that nobody uses. */
const CLAIM_MS = 120_000

/** Never rejects. */
export async function promote(step: Promote, pods: readonly Promoted[], deps: PromotionDeps): Promise<Outcome> {
  const tree = deps.treeOf(step.tenant)
  if (tree === undefined || pods.length < step.pods.length) return { kind: 'stale', why: 'a pod or its tenant is gone' }
  const moving = pods.map(({ uid, counted }) => ({ uid, amounts: counted.seen.amounts }))
  try {
    const isHeld = await holdRoom(tree, step, moving, deps.clock.now() + CLAIM_MS, deps.ledger)
    if (!isHeld) return { kind: 'stale', why: 'there is no room any more' }
    const outcomes: Outcome[] = []
    for (const pod of pods) outcomes.push(await label(pod, step, deps))
    const staying = pods.filter((_, index) => outcomes[index]?.kind === 'stale')
    await letGo(tree, step.tenant, staying, deps.ledger)
    return together(outcomes)
  } catch (cause) {
    return { kind: 'failed', cause }
  }
}

async function label(pod: Promoted, step: Promote, { patched, tell }: PromotionDeps): Promise<Outcome> {
  const labels = { [TIER_LABEL]: step.to }
  const first = await patched(pod, { labels, annotations: { [FORMER_TIER_ANNOTATION]: step.from } })
  // The annotation only tells people where it was. Without room for it the claim would be made and let go in each cycle, for ever.
  const { outcome } = first.isFull === true ? await patched(pod, { labels }) : first
  if (outcome.kind === 'done') await tell(tellOfPromotion(pod, step))
  return outcome
}
