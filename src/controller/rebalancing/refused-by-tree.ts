/** Who was refused, by tree. To be told, ten thousand refusals are sorted, which must not be done once more for each tree in turn. */
import type { Clock } from '../../admission/endpoint.ts'
import type { RefusedDemand } from '../../rebalance/snapshot.ts'

export interface RefusedByTreeDeps {
  readonly refused: () => readonly RefusedDemand[]
  readonly treeOf: (tenant: string) => string | undefined
  readonly clock: Clock
}

/** A round looks at all quiet trees within less. It is not kept for a whole round: carrying out plans can take minutes. */
const GOOD_FOR_MS = 1_000

export function refusedByTree({
  refused,
  treeOf,
  clock,
}: RefusedByTreeDeps): (tree: string) => readonly RefusedDemand[] {
  let askedMs = Number.NEGATIVE_INFINITY
  let byTree: ReadonlyMap<string | undefined, readonly RefusedDemand[]> = new Map()

  return tree => {
    const nowMs = clock.now()
    if (nowMs - askedMs >= GOOD_FOR_MS) {
      byTree = Map.groupBy(refused(), ({ tenant }) => treeOf(tenant))
      askedMs = nowMs
    }
    return byTree.get(tree) ?? []
  }
}
