/** What has to fit for somebody to be admitted, where part of it may be claimed for them already. */
import { type Amount, ZERO } from '../quantity/amount.ts'
import type { Claim } from './claim.ts'
import type { Need } from './gang.ts'
import { common, excess, NO_AMOUNTS } from './holding.ts'
import type { Amounts } from './usage.ts'

/** What has to fit beyond what is claimed, and what is drawn on the claim. */
export interface Fit extends Need {
  readonly drawn: Amounts
}

export function fitOf(need: Need, claim?: Claim): Fit {
  if (claim === undefined) return { ...need, drawn: NO_AMOUNTS }
  const { pods, amounts } = need
  return { pods, amounts: excess(amounts, claim.amounts), drawn: common(amounts, claim.amounts) }
}

/**
 * What is judged, class by class. Asking for none of a class fits even where a quota was cut below its use; one that is drawn
 * is judged even where the claim covers all of it.
 */
export function* judgedClasses({ amounts, drawn }: Fit): Generator<readonly [key: string, amount: Amount]> {
  for (const [key, amount] of amounts) if (amount !== ZERO) yield [key, amount]
  for (const key of drawn.keys()) if (!amounts.has(key)) yield [key, ZERO]
}
