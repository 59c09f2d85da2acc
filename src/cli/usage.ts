import type { Cluster } from '../admission/cluster.ts'
import { exemptNamespaces } from '../admission/exempt.ts'
import { usageJson } from '../admission/quota-json.ts'
import { tenantMeant, type UsageReport, usageOfAll, usageOfTenant } from '../admission/usage-report.ts'
import { type Books, openBooks } from '../quota/books.ts'
import { type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import { complain, loadCluster } from './cluster.ts'
import { readRunningPods, remarksJson } from './pods.ts'
import { EXIT, type ExitCode, type Terminal } from './terminal.ts'
import { usageText } from './usage-text.ts'

export interface UsageOptions {
  readonly cluster: string
  readonly pods: string
  /** Of one tenant, by its name or by one of its namespaces; of all without either. */
  readonly tenant?: string
  readonly namespace?: string
  readonly output: 'text' | 'json'
}

/** `sluice usage`: what each tenant uses, may use and has borrowed, as the pods of a list have it. */
export function usage(options: UsageOptions, terminal: Terminal): ExitCode {
  const cluster = loadCluster(options.cluster)
  if (!cluster.ok) return badInput(cluster.issues, terminal)
  const pods = readRunningPods(options.pods, cluster.value, exemptNamespaces([]))
  if (!pods.ok) return badInput(pods.issues, terminal)

  const report = reportFor(options, cluster.value, openBooks(cluster.value.quotas, pods.value.charges))
  if (!report.ok) return badInput(report.issues, terminal)
  if (options.output === 'text') terminal.out(usageText(report.value, pods.value, terminal))
  else terminal.out(JSON.stringify({ ...usageJson(report.value), remarks: remarksJson(pods.value) }, null, 2))
  return EXIT.yes
}

function reportFor(options: UsageOptions, cluster: Cluster, books: Books): Parsed<UsageReport> {
  const bookOf = (tree: string) => books.get(tree)
  if (options.tenant === undefined && options.namespace === undefined) return parsed(usageOfAll(cluster, bookOf))
  const tenant = tenantMeant(options, cluster.quotas)
  return tenant.ok ? parsed(usageOfTenant(tenant.value, cluster, bookOf)) : tenant
}

function badInput(issues: readonly Issue[], terminal: Terminal): ExitCode {
  complain(issues, terminal)
  return EXIT.badInput
}
