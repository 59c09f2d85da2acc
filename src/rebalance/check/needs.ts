/** Whether the needs of a plan are real: a plan that makes one up could take from anybody. */
import { find } from '../../quota/persistent-map.ts'
import type { Tenant } from '../../quota/quota-tree.ts'
import type { Node } from '../../quota/tree.ts'
import type { Issue } from '../../schema/parsed.ts'
import { TIERS } from '../../schema/parts.ts'
import type { ClaimNeed, EntitledNeed, ExcessNeed, Need, RefusedNeed } from '../need.ts'
import type { Balance } from './balance.ts'
import { limitAt } from './capacity.ts'
import type { Scene } from './course.ts'
import { isUnder } from './paths.ts'
import { areSame, gpus } from './sums.ts'

/** `start` is what is used before anybody gives back, claims aside. */
export function needIssues(scene: Scene, start: Balance): readonly Issue[] {
  const needs = scene.plan.met.map(({ need }) => need)
  const ids = [...needs, ...scene.plan.unmet.map(({ need }) => need)].map(({ id }) => id)
  const seen = new Set<string>()
  const repeated = new Set(ids.filter(id => seen.size === seen.add(id).size))
  return [
    ...[...repeated].map(id => ({ at: `need ${id}`, problem: 'it is named twice' })),
    ...needs.flatMap(need => faultsOf(scene, start, need).map(problem => ({ at: `need ${need.id}`, problem }))),
  ]
}

function faultsOf(scene: Scene, start: Balance, need: Need): readonly string[] {
  switch (need.kind) {
    case 'entitled':
      return [...notOver(scene, start, need), ...notWaiting(scene, need)]
    case 'excess':
      return notOver(scene, start, need)
    case 'claim':
      return notClaimed(scene, need)
    case 'refused':
      return notRefused(scene, need)
  }
}

function notOver({ snapshot }: Scene, start: Balance, need: EntitledNeed | ExcessNeed): readonly string[] {
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
  const holds = (of: string) => TIERS.reduce((sum, tier) => sum + start.used('total', leaves[tier], of), 0n)
  const used = start.used('total', node, key)
  const ofClass = spec.classes.get(key)?.cap ?? null
  const limits = [
    limitAt(start.capacity(key), node, key),
    ofClass === null ? null : used - (holds(key) - ofClass),
    spec.cap === null ? null : used - (start.heldInAll(tenant, TIERS) - spec.cap),
  ].filter(limit => limit !== null)
  return limits.reduce<bigint | null>((least, limit) => (least !== null && least < limit ? least : limit), null)
}

function notWaiting(
  { snapshot, units }: Scene,
  { tenant, pods: uids, node, class: key }: EntitledNeed,
): readonly string[] {
  const leaves = snapshot.book.quota.tenants.get(tenant)?.leaves
  if (leaves === undefined) return [`there is no tenant ${tenant}`]
  const pods = uids.map(uid => ({ uid, pod: units.pod(uid) }))
  const others = pods.filter(({ pod }) => {
    if (pod === undefined || pod.tenant !== tenant || pod.node !== null || pod.isLeaving) return true
    return pod.tier === 'burst' || !isUnder(leaves[pod.tier], node)
  })
  if (others.length > 0) return others.map(({ uid }) => `${uid} does not wait for what ${tenant} is entitled to there`)
  const asks = pods.some(({ pod }) => (pod?.amounts.get(key) ?? 0n) > 0n)
  return asks ? [] : [`none of the pods that wait asks for ${key}`]
}

function notClaimed({ snapshot }: Scene, { key, claim }: ClaimNeed): readonly string[] {
  const known = find(snapshot.book.ledger.claims, key)
  if (known === undefined) return [`the ledger has no claim ${key}`]
  if (known.heldFor.kind === 'pod') return ['nobody gives back for a pod that is promoted']
  const isSame = known.tenant === claim.tenant && known.tier === claim.tier && areSame(known.amounts, claim.amounts)
  return isSame ? [] : [`the claim ${key} of the ledger is another one`]
}

function notRefused({ snapshot }: Scene, { demand }: RefusedNeed): readonly string[] {
  const isKnown = snapshot.refused.some(other => {
    return other.tenant === demand.tenant && other.owner === demand.owner && areSame(other.demand, demand.demand)
  })
  return isKnown ? [] : [`${demand.name} was not refused`]
}
