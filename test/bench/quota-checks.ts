/** What one check costs as tenants grow. Run by `quota.ts`; prints its table. */
import { type Book, openBook, reopenBook } from '../../src/quota/book.ts'
import { decide } from '../../src/quota/decide.ts'
import { explain } from '../../src/quota/explain.ts'
import { tenantNamed } from '../../src/quota/testing.ts'
import { benchQuotas, firstTree, ledgerAfter, podOf, range, type Shape, STAMP, usedBook } from './quota-cluster.ts'
import { markdown } from './statistics.ts'
import { microsecondsPerCall } from './timing.ts'

const SIZES: readonly (readonly [tenants: number, shape: Shape])[] = [
  [10, 'one tree'],
  [1_000, 'one tree'],
  [10_000, 'one tree'],
  [1_000, 'many trees'],
  [10_000, 'many trees'],
]
const PENDING = 500
const CALLS = 200
const CONFLICT = 20
const TOO_MUCH = 100_000

interface Costs {
  readonly charged: number
  readonly refused: number
  readonly 'refused and explained': number
  readonly 'first explanation': number
  readonly 'catch up by 20': number
  readonly 'open ms': number
}

const measured = SIZES.map(([tenants, shape]) => ({ tenants, shape, costs: costsOf(tenants, shape) }))
const columns = [
  'charged',
  'refused',
  'refused and explained',
  'first explanation',
  'catch up by 20',
  'open ms',
] as const
const rows = measured.map(({ tenants, shape, costs }) => [
  `${tenants.toLocaleString('en')} tenants, ${shape}`,
  ...columns.map(column => figure(costs[column])),
  Math.round(1e6 / costs.charged).toLocaleString('en'),
])
console.log(markdown([['one check, us', ...columns, 'charges/s'], ...rows]))
const [small, , big] = measured
if (small !== undefined && big !== undefined) {
  const ratio = (column: keyof Costs) => (big.costs[column] / small.costs[column]).toFixed(1)
  console.log(
    `\n10,000 tenants against 10, in one tree: charged ${ratio('charged')} x, refused ${ratio('refused')} x, refused and explained ${ratio('refused and explained')} x`,
  )
}

function costsOf(tenants: number, shape: Shape): Costs {
  const quota = firstTree(benchQuotas(tenants, shape))
  const book = usedBook(quota, PENDING)
  const names = [...quota.tenants.keys()]
  const asks = range(CALLS).map(at => podOf(2_000_000 + at, names[(at * 37) % names.length] ?? '', 1))
  const refusals = asks.map(ask => podOf(3_000_000, ask.tenant, TOO_MUCH))
  const first = refusals[0] ?? podOf(0, '', 0)
  const explained = (on: Book, ask: typeof first) => explain(on, tenantNamed(quota, ask.tenant), ask)
  explained(book, first)
  const elsewhere = ledgerAfter(book, CONFLICT)

  return {
    charged: microsecondsPerCall(() => ({
      calls: CALLS,
      run: () => asks.reduce((at, ask) => decide(at, ask, STAMP).book, book),
    })),
    refused: microsecondsPerCall(() => ({
      calls: CALLS,
      run: () => refusals.map(ask => decide(book, ask, STAMP).outcome.kind),
    })),
    'refused and explained': microsecondsPerCall(() => ({
      calls: CALLS,
      run: () => refusals.map(ask => [decide(book, ask, STAMP).outcome, explained(book, ask)]),
    })),
    'first explanation': microsecondsPerCall(() => {
      const fresh = { ...book }
      return { calls: 1, run: () => explained(fresh, first) }
    }),
    'catch up by 20': microsecondsPerCall(() => ({ calls: 1, run: () => reopenBook(book, elsewhere) })),
    'open ms': microsecondsPerCall(() => ({ calls: 1, run: () => openBook(quota, book.ledger) })) / 1000,
  }
}

function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1)
}
