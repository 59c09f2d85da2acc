/** What the tests of this folder share: a process over a small cluster, on a clock that stands still, and pods that come to it. */
import type { Cluster } from '../../admission/cluster.ts'
import { quotaDesk } from '../../admission/desk.ts'
import type { LogContext } from '../../admission/endpoint.ts'
import { reviewed } from '../../admission/testing.ts'
import { validatePod } from '../../admission/validate.ts'
import type { RebalancingObserver } from '../../controller/rebalancing/told-report.ts'
import { TIER_LABEL } from '../../policy/owned-keys.ts'
import { holdingOf } from '../../quota/holding.ts'
import { manualClock, present } from '../../quota/testing.ts'
import { type JsonObject, TIERS, type Tier } from '../../schema/parts.ts'
import { standaloneProcess } from './process.ts'

interface Coming {
  readonly namespace?: string
  readonly tier?: Tier
  readonly gpus?: number
  /** The Job that creates it. */
  readonly job?: string
  readonly metadata?: JsonObject
}

const NOBODY: RebalancingObserver = {
  planned() {},
  needs() {},
  taken() {},
  evicted() {},
  met() {},
  claims() {},
  over() {},
  wouldEvict() {},
}

export async function standaloneWorld(cluster: Cluster, tree = 'research') {
  const clock = manualClock()
  clock.advance(Date.UTC(2026, 0, 1))
  const problems: string[] = []
  const log = {
    decision() {},
    event() {},
    problem: (message: string, cause?: unknown, { reason = '' }: LogContext = {}) =>
      void problems.push(`${message}: ${reason}${cause}`),
  }
  const standalone = await standaloneProcess({ cluster, time: { clock, timer: clock }, observer: NOBODY, log })
  const desk = quotaDesk(standalone.ledger, () => cluster.quotas, clock)

  return {
    clock,
    problems,
    ...standalone,

    /** The validating review of a pod; whether it was let in, or what it was told. */
    async create(uid: string, { namespace = 'team-a', tier, gpus = 1, job, metadata = {} }: Coming = {}) {
      const owner = { apiVersion: 'batch/v1', kind: 'Job', name: job ?? '', uid: `uid-${job}`, controller: true }
      const object = {
        metadata: {
          uid,
          name: uid,
          ...(tier === undefined ? {} : { labels: { [TIER_LABEL]: tier } }),
          ...(job === undefined ? {} : { ownerReferences: [owner] }),
          ...metadata,
        },
        spec: { containers: [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': String(gpus) } } }] },
      }
      const { request, pod } = reviewed(object, namespace)
      const options = { deadlineMs: clock.now() + 1_000, isPreview: false }
      const validation = await validatePod(request, pod, cluster, desk, options)
      const [denial] = validation.denials
      if (denial === undefined) standalone.refusals.admitted(validation)
      else standalone.refusals.denied(validation)
      return denial === undefined ? 'admitted' : denial.message
    },

    /** What the ledger holds for a tenant: `reserved 8000 h100`, tier by tier. */
    held(tenant = 'a'): string {
      const { ledger } = present(standalone.ledger.book(tree), 'book')
      const holding = holdingOf(ledger.held, tenant)
      return TIERS.flatMap(tier => [...holding[tier]].map(([key, milli]) => `${tier} ${milli} ${key}`)).join(', ')
    },

    running: () =>
      standalone.pods
        .of(tree)
        .filter(({ standing }) => standing.startedAtMs !== null)
        .map(({ uid }) => uid),
  }
}
