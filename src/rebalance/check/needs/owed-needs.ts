/** What is owed must be over a limit that there is, and go no further below it; and whoever waits must be entitled. */
import type { Tenant } from '../../../quota/quota-tree.ts'
import type { Node } from '../../../quota/tree.ts'
import { TIERS } from '../../../schema/parts.ts'
import type { EntitledNeed, ExcessNeed } from '../../need.ts'
import type { Balance } from '../counting/balance.ts'
import { limitAt } from '../counting/capacity.ts'
import { isUnder } from '../counting/paths.ts'
import { gpus } from '../counting/sums.ts'
import type { Scene } from '../course.ts'

/** A need may ask for less than all that is over: of several at one node, each asks for its part. */
export function notOver({ snapshot }: Scene, start: Balance, need: EntitledNeed | ExcessNeed): readonly string[] {
  const { node, class: key, atMost } = need
  const { quota } = snapshot.book
  if (quota.tree.nodes[node.index]?.name !== node.name) return [`the tree has no node ${node.name}`]
  const role = quota.roles[node.index]
  const tenant = role?.kind === 'tenant' ? quota.tenants.get(role.tenant) : undefined
  const limit = tenant === undefined ? limitAt(start.capacity(key), node, key) : tenantLimit(start, tenant, node, key)
  if (limit === null) return [`nothing limits ${key} at ${node.name}`]
  return atMost < limit ? [`${node.name} may use ${gpus(limit)} ${key}, and is brought down to ${gpus(atMost)}`] : []
}

/** At a tenant's own node the tree's limit counts, that its documents list the class at all, and what its caps leave to it. */
function tenantLimit(start: Balance, tenant: Tenant, node: Node, key: string): bigint | null {
  const { spec, leaves } = tenant
  if (!spec.classes.has(key)) return 0n
  const ofClass = spec.classes.get(key)?.cap ?? null
  const used = start.used('total', node, key)
  const held = TIERS.reduce((sum, tier) => sum + start.used('total', leaves[tier], key), 0n)
  const limits = [
    limitAt(start.capacity(key), node, key),
    ofClass === null ? null : used - (held - ofClass),
    spec.cap === null ? null : used - (start.heldInAll(tenant, TIERS) - spec.cap),
  ].filter(limit => limit !== null)
  return limits.reduce<bigint | null>((least, limit) => (least !== null && least < limit ? least : limit), null)
}

export function notOwners({ snapshot }: Scene, { node, of }: ExcessNeed): readonly string[] {
  const role = snapshot.book.quota.roles[node.index]
  if (role === undefined) return []
  const name = role.kind === 'tenant' ? role.tenant : role.cohort
  return role.kind === of.kind && name === of.name ? [] : [`${node.name} is not of the ${of.kind} ${of.name}`]
}

/** However much of it is over a limit of its own, no more is given back to it than is over at the node. */
export function notWaiting({ snapshot, units }: Scene, need: EntitledNeed): readonly string[] {
  const { tenant, node, class: key } = need
  const leaves = snapshot.book.quota.tenants.get(tenant)?.leaves
  if (leaves === undefined) return [`there is no tenant ${tenant}`]
  const pods = need.pods.map(uid => ({ uid, pod: units.pod(uid) }))
  const others = pods.filter(({ pod }) => {
    if (pod === undefined || pod.tenant !== tenant || pod.node !== null || pod.isLeaving) return true
    return pod.tier === 'burst' || !isUnder(leaves[pod.tier], node)
  })
  if (others.length > 0) return others.map(({ uid }) => `${uid} does not wait for what ${tenant} is entitled to there`)
  const asks = pods.some(({ pod }) => (pod?.amounts.get(key) ?? 0n) > 0n)
  return asks ? [] : [`none of the pods that wait asks for ${key}`]
}
