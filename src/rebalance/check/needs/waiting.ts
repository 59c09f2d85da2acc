/** The pods that wait for what a plan frees, as a scheduler sees them: what each asks of one node. */
import type { Need } from '../../need.ts'
import type { RefusedDemand } from '../../snapshot.ts'
import { areSame, beyond, type Sums } from '../counting/sums.ts'
import type { Scene, Served } from '../course.ts'
import { wholeOf } from '../course.ts'

/** One entry a pod; a pod that several needs name waits once. */
export function waitingFor(scene: Scene, course: readonly Served[]): readonly Sums[] {
  const needs = course.map(({ met }) => met.need)
  const entitled = new Set(needs.flatMap(need => (need.kind === 'entitled' ? need.pods : [])))
  const there = [...entitled].flatMap(uid => scene.units.pod(uid)?.amounts ?? [])
  return [...there, ...needs.flatMap(need => toCome(scene, need))]
}

function toCome({ snapshot }: Scene, need: Need): readonly Sums[] {
  switch (need.kind) {
    case 'entitled':
    case 'excess':
      return []
    case 'refused':
      return podsOf(need.demand, wholeOf(need.demand))
    case 'claim': {
      const { tenant, heldFor, amounts } = need.claim
      const demand = snapshot.refused.find(
        one => heldFor.kind === 'owner' && one.owner === heldFor.owner && one.tenant === tenant,
      )
      return demand === undefined ? [] : podsOf(demand, amounts)
    }
  }
}

/** Of a gang that is not all alike, or of which some have come, only one pod is known. */
function podsOf({ demand, gang }: RefusedDemand, amounts: Sums): readonly Sums[] {
  if (beyond(demand, amounts).size > 0) return []
  const size = gang?.size ?? 1
  const all = new Map([...demand].map(([key, amount]) => [key, amount * BigInt(size)]))
  return areSame(all, amounts) ? Array.from({ length: size }, () => demand) : [demand]
}
