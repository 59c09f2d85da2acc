/** The Prometheus registry. Made by the caller, never global, so that two servers in one process keep apart. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Decision, Log } from '../admission/endpoint.ts'
import { type LeaderMetrics, leaderMetrics } from './leader-metrics.ts'
import { METRICS, OTHER } from './metric-names.ts'
import { type QuotaRow, watchQuotas } from './quota-metrics.ts'
import { type RebalanceMetrics, rebalanceMetrics } from './rebalance-metrics.ts'
import { type WakeMetrics, wakeMetrics } from './wake-metrics.ts'

export interface MetricsOptions {
  /** Our own denial codes: with those of the policies the only values of that label. */
  readonly codes: Iterable<string>
  /** Numbers of the process and of Node; on unless said otherwise. */
  readonly processDefaults?: boolean
}

export interface Metrics {
  readonly contentType: string
  exposition(): Promise<string>

  /** The same log, with every decision counted as well: one record feeds both. */
  counting(log: Log): Log
  /** The policies that exist from now on, and the codes they refuse with. */
  policiesLoaded(policies: { readonly names: Iterable<string>; readonly codes: Iterable<string> }): void
  policyFailed(name: string): void
  /** Asked at each scrape. */
  watchQuotas(read: () => Iterable<QuotaRow>): void
  /** Asked at each scrape. */
  watchStaleness(isStale: () => boolean): void
  /** Asked at each scrape. */
  watchDemand(count: () => number): void
  ledgerWritten(result: LedgerResult): void
  forwarded(result: ForwardResult, charges: number): void
  /** The series of leading; absent where there is nobody to lead. Once at most. */
  leading(): LeaderMetrics
  /** The series of rebalancing; absent where nobody rebalances. Once at most. */
  rebalancing(): RebalanceMetrics
  /** The series of waking; absent where nobody is woken. Once at most. */
  waking(): WakeMetrics

  // What the transport tells about itself (its ports Traffic and CertificateObserver).
  answered(path: string, status: number): void
  watchInFlight(read: () => number): void
  serving(notAfterMs: number): void
  reloaded(result: string): void
}

/**
 * An admission takes a fraction of a millisecond in process, single milliseconds with a ledger write, and a second is
 * an outage.
 */
const DURATION_BUCKETS_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]

export function createMetrics(options: MetricsOptions): Metrics {
  const registry = new Registry()
  const codes = new Set(options.codes)
  if (options.processDefaults ?? true) collectDefaultMetrics({ register: registry })
  return {
    contentType: registry.contentType,
    exposition: () => registry.metrics(),
    counting: decisionCounter(registry, codes),
    ...policyErrors(registry, codes, new Set(options.codes)),
    watchQuotas: read => watchQuotas(registry, read),
    watchDemand: count => watchDemand(registry, count),
    ...ledgerMetrics(registry),
    leading: () => leaderMetrics(registry),
    rebalancing: () => rebalanceMetrics(registry),
    waking: () => wakeMetrics(registry),
    ...transport(registry),
  }
}

function decisionCounter(registry: Registry, codes: ReadonlySet<string>): (log: Log) => Log {
  const requests = new Counter(config(registry, METRICS.admissionRequests))
  const duration = new Histogram({
    ...config(registry, METRICS.admissionDuration),
    buckets: DURATION_BUCKETS_SECONDS,
  })
  const denials = new Counter(config(registry, METRICS.denials))

  const count = (decision: Decision): void => {
    requests.inc({ webhook: decision.webhook, verdict: decision.verdict })
    duration.observe({ webhook: decision.webhook }, decision.durationMs / 1_000)
    // A policy in audit mode names its code on an admitted pod too; that is no denial.
    if (decision.verdict !== 'denied') return
    for (const code of decision.codes) denials.inc({ code: codes.has(code) ? code : OTHER })
  }
  return log => ({
    decision(decision) {
      count(decision)
      log.decision(decision)
    },
    event: (message, context) => log.event(message, context),
    problem: (message, cause, context) => log.problem(message, cause, context),
  })
}

function policyErrors(
  registry: Registry,
  codes: Set<string>,
  ours: ReadonlySet<string>,
): Pick<Metrics, 'policiesLoaded' | 'policyFailed'> {
  const errors = new Counter(config(registry, METRICS.policyErrors))
  let loaded: ReadonlySet<string> = new Set()
  return {
    policiesLoaded(policies) {
      codes.clear()
      for (const code of [...ours, ...policies.codes]) codes.add(code)
      const next = new Set(policies.names)
      for (const gone of loaded.difference(next)) errors.remove({ policy: gone })
      // A counter that is there at zero makes its first increase visible to rate().
      for (const added of next.difference(loaded)) errors.inc({ policy: added }, 0)
      loaded = next
    },
    policyFailed: name => errors.inc({ policy: loaded.has(name) ? name : OTHER }),
  }
}

const LEDGER_RESULTS = ['stored', 'conflict', 'failed'] as const
type LedgerResult = (typeof LEDGER_RESULTS)[number]
const FORWARD_RESULTS = ['charged', 'left', 'failed'] as const
type ForwardResult = (typeof FORWARD_RESULTS)[number]

function ledgerMetrics(registry: Registry): Pick<Metrics, 'ledgerWritten' | 'forwarded' | 'watchStaleness'> {
  const writes = new Counter(config(registry, METRICS.ledgerWrites))
  const forwards = new Counter(config(registry, METRICS.forwards))
  for (const result of LEDGER_RESULTS) writes.inc({ result }, 0)
  for (const result of FORWARD_RESULTS) forwards.inc({ result }, 0)
  return {
    ledgerWritten: result => writes.inc({ result }),
    forwarded: (result, charges) => forwards.inc({ result }, charges),
    watchStaleness(isStale) {
      new Gauge({
        ...config(registry, METRICS.watchStale),
        collect() {
          this.set(isStale() ? 1 : 0)
        },
      })
    },
  }
}

function watchDemand(registry: Registry, count: () => number): void {
  new Gauge({
    ...config(registry, METRICS.refusedDemand),
    collect() {
      this.set(count())
    },
  })
}

type TransportMetrics = Pick<Metrics, 'answered' | 'watchInFlight' | 'serving' | 'reloaded'>

function transport(registry: Registry): TransportMetrics {
  const requests = new Counter(config(registry, METRICS.httpRequests))
  const expiry = new Gauge(config(registry, METRICS.certificateExpiry))
  const reloads = new Counter(config(registry, METRICS.certificateReloads))
  return {
    answered: (path, status) => requests.inc({ path, status: String(status) }),
    watchInFlight(read) {
      new Gauge({
        ...config(registry, METRICS.httpInFlight),
        collect() {
          this.set(read())
        },
      })
    },
    serving: notAfterMs => expiry.set(notAfterMs / 1_000),
    reloaded: result => reloads.inc({ result }),
  }
}

function config<L extends string>(registry: Registry, metric: { name: string; help: string; labels: readonly L[] }) {
  return { name: metric.name, help: metric.help, labelNames: [...metric.labels], registers: [registry] }
}
