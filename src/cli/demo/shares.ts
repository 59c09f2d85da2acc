/** Which cohorts have borrowed how much for their weight: the order in which they give back. */
import { type Amount, formatGpus, most, subtract, ZERO } from '../../quantity/amount.ts'
import type { Book } from '../../quota/book.ts'
import { roleAt } from '../../quota/quota-tree.ts'
import { type Node, quotaAt } from '../../quota/tree.ts'
import { used } from '../../quota/usage.ts'
import { type Stage, say } from './stage.ts'

interface Share {
  readonly cohort: string
  readonly borrowed: Amount
  readonly weight: number
}

/** Of the cohorts below the root, those that have borrowed, the one with the most for its weight first. */
export function sayShares(stage: Stage, acceleratorClass: string): void {
  const shares = [...stage.cluster.quotas.trees.keys()]
    .flatMap(tree => sharesIn(stage.service.ledger.book(tree), acceleratorClass))
    .filter(({ borrowed }) => borrowed > ZERO)
    .toSorted((a, b) => perWeight(b) - perWeight(a))
  const lines = shares.map(share => {
    const borrows = `${share.cohort} borrows ${formatGpus(share.borrowed)} ${acceleratorClass}`
    return `${borrows}, ${GPUS.format(perWeight(share))} for each unit of its weight of ${share.weight}`
  })
  say(stage, 'faint', 'shares', ...lines)
}

const GPUS = new Intl.NumberFormat('en', { maximumFractionDigits: 2 })
const MILLI_GPUS = 1_000
const NANOS = 1_000_000_000

function sharesIn(book: Book | undefined, key: string): readonly Share[] {
  if (book === undefined) return []
  const { tree } = book.quota
  return (tree.children[tree.root.index] ?? []).flatMap(node => shareOf(book, node, key))
}

function shareOf(book: Book, node: Node, key: string): readonly Share[] {
  const role = roleAt(book.quota, node)
  if (role.kind !== 'cohort') return []
  const borrowed = most(ZERO, subtract(used(book.total, node, key), quotaAt(node, key).subtree))
  return [{ cohort: role.cohort, borrowed, weight: Number(node.weight.nanos) / NANOS }]
}

function perWeight({ borrowed, weight }: Share): number {
  return Number(borrowed) / MILLI_GPUS / weight
}
