/** No plan brings anything over a limit, and nothing that is over one further beyond it. */
import type { Issue } from '../../schema/parsed.ts'
import type { Balance } from './counting/balance.ts'
import { limitAt } from './counting/capacity.ts'
import { gpus } from './counting/sums.ts'
import type { Scene } from './course.ts'

/** `end` is the state after all steps. Judged as if burst were not there: what burst must give back then is owed, and not admitted. */
export function brokenLimits({ snapshot: { book }, held }: Scene, end: Balance): readonly Issue[] {
  return end.changedClasses().flatMap(key =>
    book.quota.tree.nodes.flatMap(node => {
      const limit = limitAt(end.capacity(key), node, key)
      const used = end.used('firm', node, key)
      if (limit === null || used <= limit || used <= held.used('firm', node, key)) return []
      return [{ at: node.name, problem: `${gpus(used)} ${key} would be reserved and shared of ${gpus(limit)}` }]
    }),
  )
}
