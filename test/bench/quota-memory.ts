/** What 10,000 tenants and 100,000 pods take in memory. Run by `quota.ts` with `--expose-gc`; prints its table. */
import { openBook } from '../../src/quota/book.ts'
import { ledgerOf } from '../../src/quota/ledger.ts'
import { podTally } from '../../src/quota/tally.ts'
import { benchQuotas, bookedCharges, firstTree, range, tenantName } from './quota-cluster.ts'
import { markdown } from './statistics.ts'

const TENANTS = 10_000
const PODS = 100_000
const BAR_MB = 600

const NAMES = range(TENANTS).map(tenantName)
const kept: unknown[] = []
const rows = [
  weighed('nothing but the code', () => undefined),
  weighed('the quotas of 10,000 tenants in one tree', () => benchQuotas(TENANTS, 'one tree')),
  weighed('a ledger of 100,000 charges, and its book', () => {
    const quotas = benchQuotas(TENANTS, 'one tree')
    return openBook(firstTree(quotas), ledgerOf(bookedCharges(NAMES, PODS)))
  }),
  weighed('the tally of a leader that has seen 100,000 pods', () => {
    const tally = podTally()
    for (const pod of bookedCharges(NAMES, PODS, 5_000_000)) tally.seen(pod, 1n)
    return tally
  }),
]
console.log(markdown([['in memory, added up', 'heap MB', 'RSS MB'], ...rows]))
const rssMb = process.memoryUsage.rss() / 1e6
console.log(`\nbar: under ${BAR_MB} MB: ${rssMb < BAR_MB ? 'met' : 'MISSED'}`)

function weighed(what: string, build: () => unknown): readonly string[] {
  kept.push(build())
  for (let times = 0; times < 3; times += 1) globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  return [what, (heapUsed / 1e6).toFixed(0), (rss / 1e6).toFixed(0)]
}
