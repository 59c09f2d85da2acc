/** Whether a need is met once everybody has given back what the plan says. */
import type { EntitledNeed, ExcessNeed } from '../../need.ts'
import type { Snapshot } from '../../snapshot.ts'
import type { Balance, Load } from '../counting/balance.ts'
import { shortfalls } from '../counting/room.ts'
import { classesOf, gpus } from '../counting/sums.ts'
import type { Scene, Served } from '../course.ts'

/** Why a need is not met where this is used; nothing where it is. */
export function unmetReasons(
  { snapshot }: Scene,
  balance: Balance,
  { met: { need }, held }: Served,
): readonly string[] {
  switch (need.kind) {
    case 'entitled':
    case 'excess':
      return stillUsed(balance, need)
    case 'claim':
      return unfit(snapshot, balance, need.claim)
    case 'refused':
      return held === null ? [] : unfit(snapshot, balance, held)
  }
}

function stillUsed(balance: Balance, { node, class: key, atMost }: EntitledNeed | ExcessNeed): readonly string[] {
  const used = balance.used('total', node, key)
  return used > atMost ? [`${node.name} still uses ${gpus(used)} ${key}, and may use ${gpus(atMost)}`] : []
}

function unfit({ book }: Snapshot, balance: Balance, { tenant, tier, amounts }: Load): readonly string[] {
  const known = book.quota.tenants.get(tenant)
  if (known === undefined) return [`there is no tenant ${tenant}`]
  return shortfalls(balance, known, tier, classesOf(amounts))
}
