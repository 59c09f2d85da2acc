/**
 * The rebalancer's planner (`node --expose-gc test/bench/rebalance.ts`): a whole plan, the victims of one need, and memory. The exit code is
 * 0 whatever the figures are: a machine that is busy with other things must fail nobody's build. docs/rebalance-bench.md explains the rows.
 */
import os from 'node:os'
import { planOf } from '../../src/rebalance/plan-of.ts'
import { benchSnapshot, type Size } from './rebalance-cluster.ts'
import { markdown } from './statistics.ts'
import { microsecondsPerCall } from './timing.ts'

const SIZES: readonly (readonly [name: string, size: Size, barMs: number | null])[] = [
  [
    '10,000 tenants, 100,000 pods, nothing to do',
    { tenants: 10_000, pods: 100_000, waiting: 0, refused: 0, hasNodes: true },
    250,
  ],
  [
    '10,000 tenants, 100,000 pods, 100 wait, 50 were refused',
    { tenants: 10_000, pods: 100_000, waiting: 100, refused: 50, hasNodes: false },
    250,
  ],
  [
    'the same, with its 12,500 nodes',
    { tenants: 10_000, pods: 100_000, waiting: 100, refused: 50, hasNodes: true },
    250,
  ],
  [
    '1,000 tenants, 20,000 pods, one waits',
    { tenants: 1_000, pods: 20_000, waiting: 1, refused: 0, hasNodes: false },
    10,
  ],
  [
    '1,000 tenants, 20,000 pods, one was refused',
    { tenants: 1_000, pods: 20_000, waiting: 0, refused: 1, hasNodes: false },
    10,
  ],
]

const [cpu] = os.cpus()
console.log(
  `${os.cpus().length} x ${cpu?.model.trim()}, node ${process.version}, load before ${os.loadavg()[0]?.toFixed(1)}; nothing is pinned\n`,
)

const rows = SIZES.map(([name, size, barMs]) => {
  const snapshot = benchSnapshot(size)
  const plan = planOf(snapshot)
  const tookMs = microsecondsPerCall(() => ({ calls: 1, run: () => planOf(snapshot) })) / 1000
  for (let times = 0; times < 3; times += 1) globalThis.gc?.()
  const rssMb = process.memoryUsage.rss() / 1e6
  const verdict = barMs === null ? '' : `under ${barMs}: ${tookMs < barMs ? 'met' : 'MISSED'}`
  return [
    name,
    tookMs.toFixed(1),
    verdict,
    `${plan.steps.length}`,
    `${plan.met.length}`,
    `${plan.unmet.length}`,
    rssMb.toFixed(0),
  ]
})
console.log(markdown([['a plan', 'ms', 'bar', 'steps', 'met', 'unmet', 'RSS MB'], ...rows]))
