/**
 * The quota engine and its ledger (`node test/bench/quota.ts`): what a check costs as tenants grow, what a commit brings with one writer
 * and with three, the ledger as text, and memory. Each part runs in a process of its own, one after the other. The exit code is 0
 * whatever the figures are: a machine that is busy with other things must fail nobody's build. docs/quota-bench.md explains the rows.
 */
import { execFileSync } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'

const PARTS = ['quota-checks.ts', 'quota-writers.ts', 'quota-text.ts', 'quota-memory.ts'] as const
const [only] = process.argv.slice(2)

const [cpu] = os.cpus()
const load = os.loadavg()[0]?.toFixed(1)
console.log(
  `${os.cpus().length} x ${cpu?.model.trim()}, node ${process.version}, load before ${load}; nothing is pinned`,
)
for (const part of PARTS.filter(name => only === undefined || name === `quota-${only}.ts`)) {
  const script = fileURLToPath(new URL(part, import.meta.url))
  console.log(`\n${execFileSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8' }).trimEnd()}`)
}
