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
  refusedDemand: {
    name: 'sluice_refused_demand',
    help: 'Owners and gangs that were refused for want of capacity within the last minutes; the leader is told of all.',
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
  /** tree: the trees of cohorts; result: the five of RebalancingObserver. */
  plans: {
    name: 'sluice_rebalance_plans_total',
    help: 'Plans by what became of them; one that is shown would take from DryRun cohorts only, of a rejected one nothing is carried out, and an unclear one was not made.',
    labels: ['tree', 'result'],
  },
  /** tree: the trees of cohorts; kind: the kinds of Need. */
  openNeeds: {
    name: 'sluice_rebalance_open_needs',
    help: 'Needs for which somebody has to give something back, or that nobody can be taken for.',
    labels: ['tree', 'kind'],
  },
  /** tree: the trees of cohorts; because: the kinds of Obstacle. */
  unmetNeeds: {
    name: 'sluice_rebalance_unmet_needs',
    help: 'Open needs for which nothing can be done, by why not.',
    labels: ['tree', 'because'],
  },
  /** As openNeeds. */
  oldestNeed: {
    name: 'sluice_rebalance_oldest_need_seconds',
    help: 'How long the oldest open need has been open, of those that plans are carried out for.',
    labels: ['tree', 'kind'],
  },
  /** kind: the kinds of Need. */
  needDuration: {
    name: 'sluice_rebalance_need_seconds',
    help: 'Time from when somebody needed something until nobody had to give anything back for it any more.',
    labels: ['kind'],
  },
  /** step: the kinds of Step; outcome: the kinds of Outcome. */
  rebalanceSteps: {
    name: 'sluice_rebalance_steps_total',
    help: 'Steps of plans by what came of them.',
    labels: ['step', 'outcome'],
  },
  /** tier: burst and shared; rule: the rules of plans. */
  evictions: {
    name: 'sluice_rebalance_evictions_total',
    help: 'Pods evicted after notice.',
    labels: ['tier', 'rule'],
  },
  /** tree: the trees of cohorts; tier and rule as of evictions. */
  shownEvictions: {
    name: 'sluice_rebalance_shown_evictions_total',
    help: 'Pods that would have to go by plans that are only shown, each counted once for each need.',
    labels: ['tree', 'tier', 'rule'],
  },
  /** tree: the trees of cohorts. */
  claimsHeld: {
    name: 'sluice_rebalance_claims',
    help: 'Claims in the ledger: capacity that is held for somebody.',
    labels: ['tree'],
  },
  wakeDuration: {
    name: 'sluice_wake_seconds',
    help: 'Time from when there was room for a refused owner to the admission of its next pod.',
    labels: [],
  },
} as const satisfies Record<string, MetricName>
