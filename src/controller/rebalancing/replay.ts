/**
 * A rejected plan with all that it was made from, as JSON: what is needed to make it again where somebody can look for the bug.
 * Amounts are written as texts, maps as lists of pairs, and nodes of the tree by their names.
 */
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGzip } from 'node:zlib'
import type { Book } from '../../quota/book.ts'
import { ledgerText } from '../../quota/ledger-text.ts'
import type { QuotaTree } from '../../quota/quota-tree.ts'
import type { Node } from '../../quota/tree.ts'
import type { Plan } from '../../rebalance/plan.ts'
import type { HeldPod, Snapshot } from '../../rebalance/snapshot.ts'
import { formatIssue, type Issue } from '../../schema/parsed.ts'

/** A line that is longer is cut by what collects lines. */
const LINE = 100_000
/** The container runtime keeps 10 MiB of a log at hand. A tree of fifty thousand pods has about as much. */
const MOST_TEXT = 4_000_000
/** A hundred thousand pods are tens of MB as JSON, and reviews wait for whatever is not done in pieces. */
const PIECE = 500

/**
 * As lines: the JSON is gzipped, that is written in base64, and the lines are that text in pieces. The pods that the plan does not name are
 * left out where all of them are too many, and then how many they are is told.
 */
export async function replayLines(
  snapshot: Snapshot,
  plan: Plan,
  issues: readonly Issue[],
  mostText = MOST_TEXT,
): Promise<readonly string[]> {
  const whole = await packed(replayPieces(snapshot, plan, issues, snapshot.pods))
  if (whole.length <= mostText) return linesOf(whole)
  const named = namedIn(plan)
  const pods = snapshot.pods.filter(({ uid }) => named.has(uid))
  const brief = await packed(replayPieces(snapshot, plan, issues, pods))
  if (brief.length <= mostText) return linesOf(brief)
  return linesOf(await packed([JSON.stringify({ issues: issues.map(formatIssue), tooLong: brief.length })]))
}

async function packed(pieces: Iterable<string>): Promise<string> {
  const all = await pipeline(inTurns(pieces), createGzip(), buffer)
  return all.toString('base64')
}

async function* inTurns(pieces: Iterable<string>): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece
    await nextTurn()
  }
}

function linesOf(text: string): readonly string[] {
  return Array.from({ length: Math.ceil(text.length / LINE) }, (_, index) =>
    text.slice(index * LINE, (index + 1) * LINE),
  )
}

function* replayPieces(
  snapshot: Snapshot,
  plan: Plan,
  issues: readonly Issue[],
  pods: readonly HeldPod[],
): Generator<string> {
  const { book, pods: all, ...rest } = snapshot
  yield `{"issues":${textOf(issues.map(formatIssue))},"plan":${textOf(plan)},"book":${textOf(bookOf(book))}`
  yield `,"snapshot":{"leftOut":${all.length - pods.length},"pods":[`
  for (let from = 0; from < pods.length; from += PIECE) {
    yield `${from === 0 ? '' : ','}${textOf(pods.slice(from, from + PIECE)).slice(1, -1)}`
  }
  yield `],${textOf(rest).slice(1)}}`
}

function textOf(value: object): string {
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
