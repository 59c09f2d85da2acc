/**
 * Every metric, its labels and how many values each label can have.
 *
 * A label is bounded when nobody who sends a request can add a value to it: each comes from a closed list in the code
 * or from objects that the platform team writes, and whatever is in neither is counted as `other`.
 */
export interface MetricName {
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
}

/** Stands for every value that is not in the list of its label. */
export const OTHER = 'other'

/**
 * Tenants × tiers × classes shown; the quotas past it are summed as tenant `other`, so that a scrape stays a few MB.
 */
export const MAX_QUOTA_SERIES = 20_000

export const METRICS = {
  /** webhook: WEBHOOKS; verdict: DECISION_VERDICTS. */
  admissionRequests: {
    name: 'sluice_admission_requests_total',
    help: 'Reviews decided.',
    labels: ['webhook', 'verdict'],
  },
  /** webhook: WEBHOOKS. */
  admissionDuration: {
    name: 'sluice_admission_duration_seconds',
    help: 'Time from parsed body to answer.',
    labels: ['webhook'],
  },
  /** code: the table of denial codes. */
  denials: {
    name: 'sluice_denials_total',
    help: 'Violations given as reasons of denials.',
    labels: ['code'],
  },
  /** policy: the policies that are loaded; the series of a policy ends with it. */
  policyErrors: {
    name: 'sluice_policy_errors_total',
    help: 'Policy expressions that failed at evaluation.',
    labels: ['policy'],
  },
  /** path: the registered endpoints and probes; status: those this server answers with. */
  httpRequests: {
    name: 'sluice_http_requests_total',
    help: 'HTTP requests by outcome; 499 means that the caller went away.',
    labels: ['path', 'status'],
  },
  httpInFlight: {
    name: 'sluice_http_in_flight',
    help: 'Reviews being answered now.',
    labels: [],
  },
  certificateExpiry: {
    name: 'sluice_certificate_expiry_timestamp_seconds',
    help: 'When the certificate being served expires, in Unix time.',
    labels: [],
  },
  /** result: RELOAD_RESULTS. */
  certificateReloads: {
    name: 'sluice_certificate_reloads_total',
    help: 'New certificates found, by whether they were usable.',
    labels: ['result'],
  },
  /** tenant: the TenantQuotas; tier: three; class: the AcceleratorClasses; together at most MAX_QUOTA_SERIES. */
  quotaUsage: {
    name: 'sluice_quota_usage_milligpus',
    help: 'Capacity charged, in thousandths of a GPU.',
    labels: ['tenant', 'tier', 'class'],
  },
  /** As quotaUsage. */
  quotaLimit: {
    name: 'sluice_quota_limit_milligpus',
    help: 'The most that can be charged, in thousandths of a GPU; +Inf when nothing limits it.',
    labels: ['tenant', 'tier', 'class'],
  },
  /** result: LEDGER_RESULTS. */
  ledgerWrites: {
    name: 'sluice_ledger_writes_total',
    help: 'Attempts to store a ledger; a conflict means that another replica was faster.',
    labels: ['result'],
  },
  /** result: FORWARD_RESULTS. */
  forwards: {
    name: 'sluice_forwarded_charges_total',
    help: 'Charges handed to the leader: booked there, left to this replica, or failed on the way.',
    labels: ['result'],
  },
  leader: {
    name: 'sluice_leader',
    help: 'Whether this replica leads.',
    labels: [],
  },
  /** tree: the trees of cohorts. */
  ledgerDrift: {
    name: 'sluice_ledger_drift_milligpus',
    help: 'How far what the leader counts is from what the ledger explains; 0 unless pods run uncharged or otherwise than charged.',
    labels: ['tree'],
  },
  /** As ledgerDrift. */
  ledgerCharges: {
    name: 'sluice_ledger_charges',
    help: 'Charges in the ledger that the leader had not counted before its last recount.',
    labels: ['tree'],
  },
  recountDuration: {
    name: 'sluice_recount_seconds',
    help: 'How long a recount of all ledgers took.',
    labels: [],
  },
  registrationOk: {
    name: 'sluice_registration_ok',
    help: 'Whether the webhooks are registered as they should be, as the leader knows it.',
    labels: [],
  },
  /** result: ok, failed. */
  utilisationReads: {
    name: 'sluice_utilisation_reads_total',
    help: 'Times that Prometheus was asked how busy GPUs are, by whether it said.',
    labels: ['result'],
  },
  utilisationPods: {
    name: 'sluice_utilisation_pods',
    help: 'Pods of which the leader knew at its last reading how busy their GPUs are.',
    labels: [],
  },
  watchStale: {
    name: 'sluice_watch_stale',
    help: 'Whether what this replica knows of the cluster may be out of date.',
    labels: [],
  },
  refusedOwners: {
    name: 'sluice_refused_owners',
    help: 'Owners of refused pods that this replica would wake.',
    labels: [],
  },
  /** reason: UNWAKEABLE_REASONS. */
  unwakeable: {
    name: 'sluice_unwakeable_refusals_total',
    help: 'Refused pods whose owner is not woken: of a kind that cannot be, or one too many.',
    labels: ['reason'],
  },
  /** result: the kinds of Touched. */
  wakes: {
    name: 'sluice_wakes_total',
    help: 'Owners that were to be woken, by what became of it.',
    labels: ['result'],
  },
  wakeDuration: {
    name: 'sluice_wake_seconds',
    help: 'Time from when there was room for a refused owner to the admission of its next pod.',
    labels: [],
  },
} as const satisfies Record<string, MetricName>
