/** What must be true of every answer. */
import { openBook } from '../../src/quota/book.ts'
import { decide } from '../../src/quota/decide.ts'
import { chargeOf, type Ledger } from '../../src/quota/ledger.ts'
import { STAMP, treeNamed } from '../../src/quota/testing.ts'
import type { Verdict } from '../../src/quota/verdict.ts'
import type { Asked } from './callers.ts'
import { CLASS, type Review, type Scenario, TREE } from './scenario.ts'
import { sumsHeld } from './sums.ts'

export function wrongAnswer(scenario: Scenario, { review, answer }: Asked): string | undefined {
  if (answer === null) return undefined
  const { verdict, seen } = answer
  const what = wrongVerdict(scenario, review, verdict, seen)
  return what === undefined ? undefined : `${review.name} is told ${verdict.kind}: ${what}`
}

function wrongVerdict(
  scenario: Scenario,
  review: Review,
  verdict: Verdict,
  seen: readonly Ledger[],
): string | undefined {
  switch (verdict.kind) {
    case 'charged': {
      if (review.isDry) return undefined
      const isStored = seen.some(ledger => chargeOf(ledger, review.pod.uid)?.tier === verdict.tier)
      return isStored ? undefined : `no version has that charge as ${verdict.tier}`
    }
    case 'refused':
      return wrongRefusal(scenario, review, seen)
    case 'barred':
      return 'nothing here is wrong whatever is used'
    case 'busy':
      if (verdict.because !== 'full' || seen.some(ledger => isFullFor(review, ledger, scenario))) return undefined
      return 'there was room for another charge'
  }
}

/** A pod takes one entry, and another where it may be the first of its gang. */
function isFullFor({ pod }: Review, { charges, gangs, claims }: Ledger, { maxCharges }: Scenario): boolean {
  return charges.size + gangs.size + claims.size + (pod.gang === undefined ? 1 : 2) > maxCharges
}

/** A refusal is right if it was on some version between the question and the answer that this replica knew to be the newest. */
function wrongRefusal({ quotas, limits }: Scenario, { pod }: Review, seen: readonly Ledger[]): string | undefined {
  const tree = treeNamed(quotas, TREE)
  const wouldRefuse = (ledger: Ledger) => decide(openBook(tree, ledger), pod, STAMP).outcome.kind === 'refused'
  if (!seen.some(wouldRefuse)) return 'at no time was it too much'
  if (pod.tier !== 'reserved' && pod.tier !== 'auto') return undefined
  // The same without the tree: what a tenant has reserved is its own, whatever others do.
  const own = BigInt(limits.reserved[pod.tenant] ?? 0)
  const need = (pod.gang?.demand ?? pod.demand).get(CLASS) ?? 0n
  const isFull = (ledger: Ledger) => sumsHeld(ledger.held).of(pod.tenant, 'reserved') + need > own
  return seen.some(isFull) ? undefined : 'it was entitled'
}
