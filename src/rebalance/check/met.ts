/** Whether each need is met once everybody has given back what the plan says. */
import type { EntitledNeed, ExcessNeed } from '../need.ts'
import { type Balance, type Load, placeOf } from './balance.ts'
import type { Scene, Served } from './course.ts'
import { isUnder } from './paths.ts'
import { shortfalls } from './room.ts'
import { classesOf, gpus } from './sums.ts'

/** Why a need is not met in this state, which holds what was promised to all of them; nothing where it is. */
export function unmetReasons(scene: Scene, balance: Balance, { met: { need }, held }: Served): readonly string[] {
  switch (need.kind) {
    case 'entitled':
    case 'excess':
      return stillUsed(scene, balance, need)
    case 'claim':
      return unfit(scene, balance, need.claim)
    case 'refused':
      return held === null ? [] : unfit(scene, balance, held)
  }
}

function stillUsed(scene: Scene, balance: Balance, need: EntitledNeed | ExcessNeed): readonly string[] {
  const { node, class: key, atMost } = need
  const used = balance.used('total', node, key) - promisedUnder(scene, need)
  return used > atMost ? [`${node.name} still uses ${gpus(used)} ${key}, and may use ${gpus(atMost)}`] : []
}

function unfit({ snapshot }: Scene, balance: Balance, { tenant, tier, amounts }: Load): readonly string[] {
  const known = snapshot.book.quota.tenants.get(tenant)
  if (known === undefined) return [`there is no tenant ${tenant}`]
  return shortfalls(balance, known, tier, classesOf(amounts))
}

/**
 * What the plan itself holds for shared demand below a node. That is judged as if burst were not there, so it may stand on what burst
 * uses; who has to leave for it is a need once its pod has come.
 */
function promisedUnder({ snapshot, served }: Scene, { node, class: key }: EntitledNeed | ExcessNeed): bigint {
  return served.reduce((sum, { held }) => {
    if (held === null) return sum
    const place = placeOf(snapshot.book.quota, held)
    return place.isFirm && isUnder(place.node, node) ? sum + (held.amounts.get(key) ?? 0n) : sum
  }, 0n)
}
