/** What is owed: the needs of those who are entitled, and those that nobody in particular waits for. */
import { type Amount, add, least, most, subtract, UNLIMITED, ZERO } from '../../quantity/amount.ts'
import { roleAt, upwards } from '../../quota/quota-tree.ts'
import type { Node } from '../../quota/tree.ts'
import { removeUsage, type Usage, used } from '../../quota/usage.ts'
import type { ExcessNeed } from '../need.ts'
import type { Outlook, Start } from '../outlook.ts'
import type { Snapshot } from '../snapshot.ts'
import type { Goal, Task } from '../task.ts'
import { keptAt } from './kept.ts'
import { limitAt } from './limit.ts'
import { type OverUse, overUses } from './over-use.ts'
import { type Waiting, waitingIn } from './waiting.ts'

/** How much of the use of a class above the limit of a node somebody accounts for. */
export interface Part {
  readonly node: Node
  readonly class: string
  readonly part: Amount
}

/** A need of somebody entitled. */
export interface Entitled extends Part {
  readonly tenant: string
  readonly task: Task
}

/**
 * What burst holds above the limit of a cohort is owed to those who wait there, the oldest first. Each asks for its part only, on top of
 * those before it, so all together they bring the node to its limit. What is over below a node is given back below it.
 */
export function entitledNeeds(snapshot: Snapshot, { outlook, raisedBy }: Start): readonly Entitled[] {
  const { total, firm } = outlook
  const { quota } = snapshot.book
  const over = overUses(quota, total)
  if (!over.some(({ node }) => isCohort(quota, node))) return []
  const waiting = waitingIn(snapshot)
  // Who is part of what reserved and shared by themselves have too much of is entitled to nothing. Where others are, it loses nothing: what
  // they have too much of is in no part.
  const tooMuch = over.filter(({ node, class: key, limit }) => used(firm, node, key) > limit)
  const isEntitled = ({ leaf }: Waiting, key: string) => {
    const above = tooMuch.filter(({ node, class: other }) => other === key && isBelow(node, leaf))
    return above.every(({ node }) => isCohort(quota, node) && isWithinOwn(quota, firm, leaf, key))
  }
  // Three usages: once all that is over has been given back, the same without burst, and once the entitled have what is theirs.
  let usages = { relieved: total, firm, granted: total }
  return over.flatMap(use => {
    const { node, class: key, limit } = use
    const above = excessOver(usages.relieved, node, key, limit)
    const stuck = excessOver(usages.firm, node, key, limit)
    const parts = isCohort(quota, node)
      ? partsOf(
          use,
          most(ZERO, subtract(above, stuck)),
          waiting.filter(group => isEntitled(group, key)),
        )
      : []
    const needs = parts.map(({ group, part, before }) => {
      const atMost = subtract(used(usages.granted, node, key), add(before, part))
      const task = taskFor(use, group, atMost, raisedBy(node, key))
      return { tenant: group.tenant, task, node, class: key, part }
    })
    usages = {
      relieved: removeUsage(usages.relieved, node, new Map([[key, above]])),
      firm: removeUsage(usages.firm, node, new Map([[key, stuck]])),
      granted: removeUsage(usages.granted, node, new Map([[key, sumOf(parts)]])),
    }
    return needs
  })
}

interface Asking {
  readonly group: Waiting
  readonly part: Amount
  /** What those before it ask for. */
  readonly before: Amount
}

function partsOf({ node, class: key }: OverUse, owed: Amount, waiting: readonly Waiting[]): readonly Asking[] {
  let before = ZERO
  return waiting.flatMap(group => {
    const part = least(subtract(owed, before), group.amounts.get(key) ?? ZERO)
    if (part <= ZERO || !isBelow(node, group.leaf)) return []
    const one = { group, part, before }
    before = add(before, part)
    return [one]
  })
}

function excessOver(usage: Usage, node: Node, key: string, limit: Amount): Amount {
  return most(ZERO, subtract(used(usage, node, key), limit))
}

function sumOf(parts: readonly { readonly part: Amount }[]): Amount {
  return parts.reduce((sum, { part }) => add(sum, part), ZERO)
}

function taskFor({ node, class: key }: OverUse, group: Waiting, atMost: Amount, raised: Amount): Task {
  const { key: name, tenant, pods, sinceMs } = group
  const uids = pods.map(({ uid }) => uid)
  const id = `entitled/${node.name}/${key}/${name}`
  return {
    need: { kind: 'entitled', id, tenant, pods: uids, sinceMs, node, class: key, atMost: add(atMost, raised) },
    goals: [{ view: 'total', node, class: key, atMost, tiers: ['burst'] }],
    claimant: null,
    pods: new Map(pods.map(({ uid, amounts }) => [uid, amounts])),
  }
}

/** The same need where some of those before it wait in vain: what they asked for is not taken for those after them. */
export function withoutVain({ task, node, class: key }: Entitled, inVain: readonly Part[]): Task {
  const left = sumOf(inVain.filter(other => other.class === key && isBelow(node, other.node)))
  const { need } = task
  if (left === ZERO || need.kind !== 'entitled') return task
  const goals = task.goals.map(goal => ({ ...goal, atMost: add(goal.atMost, left) }))
  return { ...task, need: { ...need, atMost: add(need.atMost, left) }, goals }
}

/** With one part more. Those of one node and class are one: there may be as many needs as pods, and few nodes. */
export function withPart(parts: readonly Part[], { node, class: key, part }: Part): readonly Part[] {
  const at = parts.findIndex(other => other.node === node && other.class === key)
  const known = parts[at]
  return known === undefined
    ? [...parts, { node, class: key, part }]
    : parts.with(at, { ...known, part: add(known.part, part) })
}

/** Whether a leaf, and the pool it may be in, have no more than is theirs. */
function isWithinOwn(quota: Quota, firm: Usage, leaf: Node, key: string): boolean {
  return upwards(leaf)
    .filter(node => !isCohort(quota, node))
    .every(node => used(firm, node, key) <= (limitAt(quota, node, key) ?? UNLIMITED))
}

/** What is over whoever waits: a quota was cut, or nodes were lost. What is owed to those who wait in vain is not taken for nobody. */
export function excessNeeds(
  { book: { quota } }: Snapshot,
  { total }: Outlook,
  { raisedBy }: Start,
  inVain: readonly Part[],
): readonly Task[] {
  return overUses(quota, total).flatMap(({ node, class: key, limit }) => {
    const waitedFor = sumOf(inVain.filter(need => need.class === key && isBelow(node, need.node)))
    const inUse = used(total, node, key)
    if (inUse <= add(limit, waitedFor)) return []
    // Once all has been given back that anybody can give, the rest is still told, as a need that nobody meets.
    const lowest = add(most(limit, keptAt(quota, total, node, key)), waitedFor)
    const atMost = inUse > lowest ? lowest : limit
    const raised = add(atMost, raisedBy(node, key))
    const need = {
      kind: 'excess',
      id: `excess/${node.name}/${key}`,
      of: ownerOf(quota, node),
      node,
      class: key,
    } as const
    const goals = goalsAt(quota, node).map(goal => ({ ...goal, node, class: key, atMost }))
    return [{ need: { ...need, atMost: raised }, goals, claimant: null, pods: new Map() }]
  })
}

type Quota = Snapshot['book']['quota']

function ownerOf(quota: Quota, node: Node): ExcessNeed['of'] {
  const role = roleAt(quota, node)
  return role.kind === 'tenant' ? { kind: 'tenant', name: role.tenant } : { kind: role.kind, name: role.cohort }
}

/** Shared use is entitled: it gives back only what is too much without burst. */
function goalsAt(quota: Quota, node: Node): readonly Pick<Goal, 'view' | 'tiers'>[] {
  const role = roleAt(quota, node)
  switch (role.kind) {
    case 'cohort':
      return [
        { view: 'firm', tiers: ['shared'] },
        { view: 'total', tiers: ['burst'] },
      ]
    case 'pool':
      return [{ view: 'firm', tiers: ['shared'] }]
    case 'tenant':
      return [{ view: 'total', tiers: role.tier === 'reserved' ? [] : [role.tier] }]
  }
}

function isCohort(quota: Quota, node: Node): boolean {
  return roleAt(quota, node).kind === 'cohort'
}

function isBelow(above: Node, node: Node): boolean {
  return upwards(node).some(at => at === above)
}
