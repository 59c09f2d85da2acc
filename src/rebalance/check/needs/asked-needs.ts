/** What is asked for must be a claim of the ledger, or have been refused, and be something that its tenant may have. */
import { find } from '../../../quota/persistent-map.ts'
import type { ClaimNeed, RefusedNeed } from '../../need.ts'
import { areSame, classesOf } from '../counting/sums.ts'
import type { Scene } from '../course.ts'

export function notClaimed({ snapshot }: Scene, { key, claim }: ClaimNeed): readonly string[] {
  const known = find(snapshot.book.ledger.claims, key)
  if (known === undefined) return [`the ledger has no claim ${key}`]
  if (known.heldFor.kind === 'pod') return ['nobody gives back for a pod that is promoted']
  const isSame = known.tenant === claim.tenant && known.tier === claim.tier && areSame(known.amounts, claim.amounts)
  return isSame ? [] : [`the claim ${key} of the ledger is another one`]
}

export function notRefused({ snapshot }: Scene, { demand }: RefusedNeed): readonly string[] {
  const isKnown = snapshot.refused.some(other => {
    return other.tenant === demand.tenant && other.owner === demand.owner && areSame(other.demand, demand.demand)
  })
  if (!isKnown) return [`${demand.name} was not refused`]
  const classes = snapshot.book.quota.tenants.get(demand.tenant)?.spec.classes
  return classesOf(demand.demand).flatMap(key => {
    const { perPodMin = null, perPodMax = null } = classes?.get(key) ?? {}
    const asked = demand.demand.get(key) ?? 0n
    const isAllowed = (perPodMin === null || asked >= perPodMin) && (perPodMax === null || asked <= perPodMax)
    return isAllowed ? [] : [`a pod of ${demand.tenant} may not ask for so much, or so little, ${key}`]
  })
}
