/** What the tests of this folder share: leaders that count and rebalance, over the pods and events of one API server. */
import { textAt } from '../../admission/objects.ts'
import { DEADLINE_ANNOTATION, TIER_LABEL } from '../../policy/owned-keys.ts'
import { planIssues } from '../../rebalance/check/plan-issues.ts'
import { planOf } from '../../rebalance/plan-of.ts'
import type { RefusedDemand } from '../../rebalance/snapshot.ts'
import type { JsonObject } from '../../schema/parts.ts'
import { written } from '../../schema/testing.ts'
import { countingWorld, INTERVAL_MS, pod, TREE, turn } from '../counting/testing.ts'
import { podDisruptionBudgets } from './budgets.ts'
import { callsUntil, changingApi, type Death } from './changing-api.testing.ts'
import type { CycleDeps } from './cycle.ts'
import { rebalanceCluster } from './on-cluster.ts'
import type { RebalancingObserver } from './told-report.ts'

export const NOTICE_MS = 60_000

/** The cohort of the tests, where plans are carried out at once. */
export function reclaiming(more: JsonObject = {}): JsonObject {
  return written('Cohort', TREE, {
    classes: [{ class: 'h100', capacity: { gpus: 20 }, instanceTypes: ['p5.48xlarge'], shared: 4, burst: 4 }],
    reclaim: { mode: 'On', noticeSeconds: NOTICE_MS / 1_000, minimumRunSeconds: 0, marginPercent: 0, ...more },
  })
}

/** A pod that runs on a node. */
export function running(name: string, tier: string, gpus = 1, more: Parameters<typeof pod>[1] = {}): JsonObject {
  const createdAt = '2025-12-31T00:00:00Z'
  const status = { startTime: createdAt, ...more.status }
  return pod(name, { createdAt, tier, gpus, ...more, spec: { nodeName: 'node', ...more.spec }, status })
}

export function reclaimingWorld(...objects: readonly JsonObject[]) {
  const world = countingWorld([reclaiming(), ...objects])
  const server = changingApi(world)
  const budgets = podDisruptionBudgets()
  const plans: string[] = []
  const ended: string[] = []
  const problems: { readonly message: string; readonly context: JsonObject }[] = []
  const lines: string[] = []
  let refused: readonly RefusedDemand[] = []

  async function settle(): Promise<void> {
    for (let turns = 0; turns < 30; turns += 1) {
      world.clock.advance(0)
      await turn()
    }
  }

  /** A leader: it counts, and plans by each count, until it dies or is ended. */
  function leadAndPlan(
    id: string,
    { death, ...more }: Partial<Pick<CycleDeps, 'planOf'>> & { readonly death?: Death } = {},
  ) {
    let isDead = false
    const api = callsUntil(death, server, () => end())
    const observer = { drift() {}, pending() {}, recounted: () => planning?.counted() }
    const writer = world.replica(id)
    const counting = world.lead(id, { api, observer, writer })
    const { clock } = world
    const log = {
      decision() {},
      event: (message: string, context: object = {}) => void lines.push(`${message} ${JSON.stringify(context)}`),
      problem: (message: string, _: unknown, context: object = {}) =>
        void problems.push({ message, context: { ...context } as JsonObject }),
    }
    const planning = rebalanceCluster(counting, {
      cluster: world.cluster,
      problem: () => undefined,
      nodes: () => [],
      budgets,
      refused: () => refused,
      utilisation: () => null,
      api,
      ledger: writer,
      identity: id,
      planOf,
      planIssues,
      observer: { ...UNMEASURED, planned: (_, result) => void plans.push(result), over: tree => void ended.push(tree) },
      uidOf: cohort => `uid-of-${cohort}`,
      clock,
      timer: clock,
      log,
      ...more,
    })
    function end(): void {
      isDead = true
      planning.stop()
      counting.stop()
    }
    return { end, isDead: () => isDead, counting, writer }
  }

  return {
    ...world,
    ...server,
    budgets,
    plans,
    ended,
    problems,
    lines,
    refuse(...demands: readonly RefusedDemand[]): void {
      refused = demands
    },

    leadAndPlan,

    async pass(ms: number): Promise<void> {
      for (let left = ms; left > 0; left -= INTERVAL_MS) {
        world.clock.advance(Math.min(left, INTERVAL_MS))
        await settle()
      }
    },
    settle,

    byName: (name: string) => world.server.pods().find(one => textAt(one, 'metadata', 'name') === name),
    /** The names of those who were told to go and are still there. */
    noticed: () => world.server.pods().filter(hasNotice).map(nameOf),
    leaving: () => world.server.pods().filter(isLeaving).map(nameOf),
    /** The kubelets end what was evicted. */
    endLeaving(): readonly string[] {
      const names = world.server.pods().filter(isLeaving).map(nameOf)
      for (const name of names) world.server.remove(name)
      return names
    },
    told: () =>
      [...server.events.values()].map(event => `${textAt(event, 'reason')} ${textAt(event, 'regarding', 'name')}`),
    tierOf: (name: string) => {
      const found = world.server.pods().find(one => nameOf(one) === name)
      return textAt(found, 'metadata', 'labels', TIER_LABEL)
    },
  }
}

const UNMEASURED: RebalancingObserver = {
  planned() {},
  needs() {},
  taken() {},
  evicted() {},
  met() {},
  claims() {},
  wouldEvict() {},
  over() {},
}

function nameOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'name') ?? ''
}

function hasNotice(object: JsonObject): boolean {
  return textAt(object, 'metadata', 'annotations', DEADLINE_ANNOTATION) !== undefined
}

function isLeaving(object: JsonObject): boolean {
  return textAt(object, 'metadata', 'deletionTimestamp') !== undefined
}
