/**
 * A rejected plan with all that it was made from, as one JSON text: what is needed to make it again where somebody can look for the bug.
 * Amounts are written as texts, maps as lists of pairs, and nodes of the tree by their names.
 */
import type { Book } from '../../quota/book.ts'
import { ledgerText } from '../../quota/ledger-text.ts'
import type { QuotaTree } from '../../quota/quota-tree.ts'
import type { Node } from '../../quota/tree.ts'
import type { Plan } from '../../rebalance/plan.ts'
import type { HeldPod, Snapshot } from '../../rebalance/snapshot.ts'
import { formatIssue, type Issue } from '../../schema/parsed.ts'

/** A line that is longer is cut by what collects lines; a tree of a thousand pods has about as much. */
const MAX_TEXT = 250_000

/** The pods that the plan does not name are left out where all of them are too many, and then how many they are is told. */
export function replayText(snapshot: Snapshot, plan: Plan, issues: readonly Issue[]): string {
  const whole = textOf(snapshot, plan, issues, snapshot.pods)
  if (whole.length <= MAX_TEXT) return whole
  const named = namedIn(plan)
  const brief = textOf(
    snapshot,
    plan,
    issues,
    snapshot.pods.filter(({ uid }) => named.has(uid)),
  )
  return brief.length <= MAX_TEXT ? brief : JSON.stringify({ issues: issues.map(formatIssue), tooLong: brief.length })
}

function textOf(snapshot: Snapshot, plan: Plan, issues: readonly Issue[], pods: readonly HeldPod[]): string {
  const { book, ...rest } = snapshot
  const value = {
    issues: issues.map(formatIssue),
    plan,
    snapshot: { ...rest, pods, leftOut: snapshot.pods.length - pods.length },
    book: bookOf(book),
  }
  return JSON.stringify(value, (key, field: unknown) => written(key, field))
}

function bookOf({ quota, ledger }: Book): object {
  return { tree: quota.name, nodes: quota.tree.nodes.map(node => nodeOf(node, quota)), ledger: ledgerText(ledger) }
}

function nodeOf({ name, parent, weight, quotas, index }: Node, { roles }: QuotaTree): object {
  return { name, parent: parent?.name ?? null, weight, quotas, role: roles[index] }
}

function written(key: string, field: unknown): unknown {
  if (typeof field === 'bigint') return String(field)
  if (field instanceof Map) return [...field]
  // A node has its parents in it, and each of them its quotas.
  return key === 'node' && field !== null && typeof field === 'object' && 'name' in field ? field.name : field
}

function namedIn({ steps, met }: Plan): ReadonlySet<string> {
  const named = steps.flatMap(step => ('pods' in step ? step.pods : []))
  return new Set([...named, ...met.flatMap(({ victims }) => victims)])
}
