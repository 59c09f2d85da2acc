/** The ledger as text: how large, and how long to write and to read. Run by `quota.ts`; prints its table. */

import { EMPTY_LEDGER, type Ledger, ledgerOf } from '../../src/quota/ledger.ts'
import { ledgerReader, ledgerText } from '../../src/quota/ledger-text.ts'
import { benchQuotas, bookedCharges, firstTree, range, tenantName, usedBook } from './quota-cluster.ts'
import { markdown } from './statistics.ts'
import { microsecondsPerCall } from './timing.ts'

const NAMES = range(1_000).map(tenantName)
const COUNTS = [30, 800, 8_000, 10_000] as const

const base = usedBook(firstTree(benchQuotas(10_000, 'one tree')), 0).ledger
const ledgers: readonly (readonly [string, Ledger])[] = [
  ...COUNTS.map(count => [`${count.toLocaleString('en')} charges`, ledgerOf(bookedCharges(NAMES, count))] as const),
  ['10,000 tenants in the base', base],
  ['10,000 tenants in the base, 800 charges', ledgerOf(bookedCharges(NAMES, 800), [], base.base)],
]
const rows = ledgers.map(([name, ledger]) => {
  const text = ledgerText(ledger)
  const before = ledgerReader()
  before.read(text)
  const writeMs = microsecondsPerCall(() => ({ calls: 1, run: () => ledgerText(ledger) })) / 1000
  const readMs = microsecondsPerCall(() => ({ calls: 1, run: () => before.read(text) })) / 1000
  const coldMs = microsecondsPerCall(() => ({ calls: 1, run: () => ledgerReader().read(text) })) / 1000
  const perCharge = ledger.charges.size === 0 ? '' : String(Math.round(sizeOf(text, ledger) / ledger.charges.size))
  return [name, (text.length / 1000).toFixed(1), perCharge, ...[writeMs, readMs, coldMs].map(ms => ms.toFixed(2))]
})
const head = ['the text of a ledger', 'kB', 'bytes per charge', 'write ms', 'read ms', 'read ms, nothing known']
console.log(markdown([head, ...rows]))

function sizeOf(text: string, { base }: Ledger): number {
  return text.length - ledgerText({ ...EMPTY_LEDGER, base }).length
}
