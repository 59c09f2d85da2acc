/** Whether what a claimant is to have is within what is its own to say: its caps. */
import { type Amount, add, ZERO } from '../../quantity/amount.ts'
import { used } from '../../quota/usage.ts'
import { TIERS } from '../../schema/parts.ts'
import type { Claimant } from '../task.ts'
import type { Views } from '../views.ts'

/** In views that hold what it asks for. Reserved and shared are judged as if burst were not there. */
export function isWithinOwn({ total }: Views, { tenant: { spec, leaves }, tier, amounts }: Claimant): boolean {
  const tiers = TIERS.filter(each => tier === 'burst' || each !== 'burst')
  const heldOf = (key: string) => tiers.map(each => used(total, leaves[each], key)).reduce(add, ZERO)
  const isWithin = (cap: Amount | null, keys: Iterable<string>) => {
    return cap === null || Iterator.from(keys).map(heldOf).reduce(add, ZERO) <= cap
  }
  const ofClasses = amounts.keys().every(key => isWithin(spec.classes.get(key)?.cap ?? null, [key]))
  // What it holds of classes that it may no longer use counts as well, for as long as it is there.
  return ofClasses && isWithin(spec.cap, total.byKey.keys())
}
