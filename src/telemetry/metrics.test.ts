import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Decision, type Log, WEBHOOKS } from '../admission/endpoint.ts'
import { amount, UNLIMITED } from '../quantity/amount.ts'
import { METRICS } from './metric-names.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { boundedRows, type QuotaRow } from './quota-metrics.ts'

const SILENT: Log = { decision() {}, event() {}, problem() {} }

function metrics(): Metrics {
  return createMetrics({ codes: ['SLU-Q201', 'SLU-P101'], processDefaults: false })
}

function decision(changes: Partial<Decision>): Decision {
  return {
    webhook: 'validate',
    verdict: 'allowed',
    uid: '1',
    operation: 'CREATE',
    namespace: 'team-a',
    name: 'train-0',
    kind: 'Pod',
    user: 'someone',
    codes: [],
    policies: [],
    demand: {},
    dryRun: false,
    patchOps: 0,
    durationMs: 0.3,
    ...changes,
  }
}

/** The samples of one metric, without comments. */
async function samples(of: Metrics, name: string): Promise<readonly string[]> {
  const lines = (await of.exposition()).split('\n')
  return lines.filter(line => line.startsWith(`${name}{`) || line.startsWith(`${name} `)).toSorted()
}

test('a decision is counted once by webhook and verdict, and passed on', async () => {
  const counted = metrics()
  const passed: Decision[] = []
  const log = counted.counting({ ...SILENT, decision: one => void passed.push(one) })
  log.decision(decision({}))
  log.decision(decision({ verdict: 'denied' }))
  log.decision(decision({ webhook: 'mutate', verdict: 'not-gpu' }))
  assert.equal(passed.length, 3)
  assert.deepEqual(await samples(counted, METRICS.admissionRequests.name), [
    'sluice_admission_requests_total{webhook="mutate",verdict="not-gpu"} 1',
    'sluice_admission_requests_total{webhook="validate",verdict="allowed"} 1',
    'sluice_admission_requests_total{webhook="validate",verdict="denied"} 1',
  ])
})

test('events and problems pass through', () => {
  const told: string[] = []
  const log = metrics().counting({
    ...SILENT,
    event: message => void told.push(message),
    problem: message => void told.push(message),
  })
  log.event('one')
  log.problem('two')
  assert.deepEqual(told, ['one', 'two'])
})

test('a duration of 0.3 ms is in the bucket up to 0.5 ms and counted in seconds', async () => {
  const counted = metrics()
  counted.counting(SILENT).decision(decision({ durationMs: 0.3 }))
  const buckets = await samples(counted, `${METRICS.admissionDuration.name}_bucket`)
  assert.ok(buckets.includes('sluice_admission_duration_seconds_bucket{le="0.00025",webhook="validate"} 0'))
  assert.ok(buckets.includes('sluice_admission_duration_seconds_bucket{le="0.0005",webhook="validate"} 1'))
  assert.ok(buckets.includes('sluice_admission_duration_seconds_bucket{le="1",webhook="validate"} 1'))
  assert.deepEqual(await samples(counted, `${METRICS.admissionDuration.name}_sum`), [
    'sluice_admission_duration_seconds_sum{webhook="validate"} 0.0003',
  ])
})

test('codes count on denials only, and one that is in no table counts as other', async () => {
  const counted = metrics()
  const log = counted.counting(SILENT)
  log.decision(decision({ verdict: 'denied', codes: ['SLU-Q201', 'SLU-P101'] }))
  log.decision(decision({ verdict: 'denied', codes: ['made up', '__proto__'] }))
  log.decision(decision({ verdict: 'allowed', codes: ['SLU-P101'] }))
  assert.deepEqual(await samples(counted, METRICS.denials.name), [
    'sluice_denials_total{code="SLU-P101"} 1',
    'sluice_denials_total{code="SLU-Q201"} 1',
    'sluice_denials_total{code="other"} 2',
  ])
})

test('policy errors are counted for loaded policies, and end with them', async () => {
  const counted = metrics()
  counted.policiesLoaded({ names: ['a', 'b'], codes: [] })
  counted.policyFailed('a')
  counted.policyFailed('gone')
  assert.deepEqual(await samples(counted, METRICS.policyErrors.name), [
    'sluice_policy_errors_total{policy="a"} 1',
    'sluice_policy_errors_total{policy="b"} 0',
    'sluice_policy_errors_total{policy="other"} 1',
  ])
  counted.policiesLoaded({ names: ['a', 'c'], codes: [] })
  assert.deepEqual(await samples(counted, METRICS.policyErrors.name), [
    'sluice_policy_errors_total{policy="a"} 1',
    'sluice_policy_errors_total{policy="c"} 0',
    'sluice_policy_errors_total{policy="other"} 1',
  ])
})

test('the transport is counted under its names', async () => {
  const counted = metrics()
  let inFlight = 3
  counted.watchInFlight(() => inFlight)
  counted.answered('/mutate/pods', 200)
  counted.answered('other', 404)
  counted.serving(1_800_000_000_000)
  counted.reloaded('rejected')
  assert.deepEqual(await samples(counted, METRICS.httpRequests.name), [
    'sluice_http_requests_total{path="/mutate/pods",status="200"} 1',
    'sluice_http_requests_total{path="other",status="404"} 1',
  ])
  assert.deepEqual(await samples(counted, METRICS.httpInFlight.name), ['sluice_http_in_flight 3'])
  inFlight = 0
  assert.deepEqual(await samples(counted, METRICS.httpInFlight.name), ['sluice_http_in_flight 0'])
  assert.deepEqual(await samples(counted, METRICS.certificateExpiry.name), [
    'sluice_certificate_expiry_timestamp_seconds 1800000000',
  ])
  assert.deepEqual(await samples(counted, METRICS.certificateReloads.name), [
    'sluice_certificate_reloads_total{result="rejected"} 1',
  ])
})

test('waking is measured where owners are woken, and has no series elsewhere', async () => {
  const counted = metrics()
  assert.doesNotMatch(await counted.exposition(), /wake|refused/)
  const waking = counted.waking()
  waking.watchRefused(() => 7)
  waking.unwakeable('kind')
  waking.touched('woken')
  waking.touched('woken')
  waking.reached(1_200)
  assert.deepEqual(await samples(counted, METRICS.refusedOwners.name), ['sluice_refused_owners 7'])
  assert.deepEqual(await samples(counted, METRICS.unwakeable.name), [
    'sluice_unwakeable_refusals_total{reason="kind"} 1',
  ])
  assert.deepEqual(await samples(counted, METRICS.wakes.name), ['sluice_wakes_total{result="woken"} 2'])
  const buckets = await samples(counted, `${METRICS.wakeDuration.name}_bucket`)
  assert.ok(buckets.includes('sluice_wake_seconds_bucket{le="1"} 0'))
  assert.ok(buckets.includes('sluice_wake_seconds_bucket{le="1.5"} 1'))
})

test('quotas are read at each scrape: a tenant that is gone is gone, and no limit is +Inf', async () => {
  const counted = metrics()
  let rows: readonly QuotaRow[] = [row('a', 8_000n), { ...row('b', 500n), limit: UNLIMITED }]
  counted.watchQuotas(() => rows)
  assert.deepEqual(await samples(counted, METRICS.quotaUsage.name), [
    'sluice_quota_usage_milligpus{tenant="a",tier="burst",class="h100"} 8000',
    'sluice_quota_usage_milligpus{tenant="b",tier="burst",class="h100"} 500',
  ])
  assert.deepEqual(await samples(counted, METRICS.quotaLimit.name), [
    'sluice_quota_limit_milligpus{tenant="a",tier="burst",class="h100"} 10000',
    'sluice_quota_limit_milligpus{tenant="b",tier="burst",class="h100"} +Inf',
  ])
  rows = [row('b', 0n)]
  assert.deepEqual(await samples(counted, METRICS.quotaUsage.name), [
    'sluice_quota_usage_milligpus{tenant="b",tier="burst",class="h100"} 0',
  ])
})

test('quotas past the limit are summed by tier and class', () => {
  const rows = [
    row('a', 1n),
    row('b', 2n),
    row('c', 3n),
    { ...row('d', 4n), tier: 'shared' },
    { ...row('e', 5n), limit: UNLIMITED },
  ]
  assert.deepEqual(
    boundedRows(rows, 2).map(({ tenant, tier, usage, limit }) => ({ tenant, tier, usage, limit })),
    [
      { tenant: 'a', tier: 'burst', usage: 1n, limit: 10_000n },
      { tenant: 'b', tier: 'burst', usage: 2n, limit: 10_000n },
      { tenant: 'other', tier: 'burst', usage: 8n, limit: UNLIMITED },
      { tenant: 'other', tier: 'shared', usage: 4n, limit: 10_000n },
    ],
  )
})

test('names follow the conventions of Prometheus', () => {
  for (const { name, help, labels } of Object.values(METRICS)) {
    assert.match(name, /^sluice_[a-z]+(_[a-z]+)*$/)
    assert.match(help, /^[A-Z].*\.$/)
    for (const label of labels) assert.match(label, /^[a-z]+$/)
  }
})

test('two registries keep apart, and the process itself is measured', async () => {
  const one = createMetrics({ codes: [] })
  const two = metrics()
  for (const webhook of WEBHOOKS) one.counting(SILENT).decision(decision({ webhook }))
  assert.deepEqual(await samples(two, METRICS.admissionRequests.name), [])
  assert.match(await one.exposition(), /^process_resident_memory_bytes \d+$/m)
})

function row(tenant: string, usage: bigint): QuotaRow {
  return { tenant, tier: 'burst', acceleratorClass: 'h100', usage: amount(usage), limit: amount(10_000n) }
}
