import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cohort, manualClock, tenant } from '../../quota/testing.ts'
import { planOf } from '../../rebalance/plan-of.ts'
import { pod, refusal, snapshotOf } from '../../rebalance/plans.testing.ts'
import type { ReclaimTerms } from '../../rebalance/snapshot.ts'
import type { CycleReport } from './cycle.ts'
import { type Open, reportTeller } from './told-report.ts'

function telling() {
  const clock = manualClock()
  const lines: string[] = []
  const measured: string[] = []
  const open: Open[] = []
  const { told: tell, over } = reportTeller({
    observer: {
      planned: (_, result) => void measured.push(result),
      needs: (_, needs) => void open.push(needs),
      taken: (step, outcome) => void measured.push(`${step} ${outcome}`),
      evicted: (tier, rule, pods) => void measured.push(`${tier} ${rule} ${pods}`),
      wouldEvict: (_, tier, rule, pods) => void measured.push(`shown ${tier} ${rule} ${pods}`),
      met: (kind, afterMs) => void measured.push(`${kind} met after ${afterMs}`),
      claims: (_, held) => void measured.push(`${held} claims`),
      over: tree => void measured.push(`${tree} is over`),
    },
    log: {
      decision() {},
      event: (message, { reason } = {}) => void lines.push(`${message}: ${reason}`),
      problem: (message, cause) => void lines.push(`${message}: ${cause}`),
    },
    tell: async () => true,
    uidOf: () => undefined,
    clock,
  })
  return { tell, over, clock, lines, measured, open }
}

/** Tenant t borrows all there is; u is refused, or not. */
function planned(mode: ReclaimTerms['mode'], isAsked = true) {
  const snapshot = snapshotOf({
    cohorts: [cohort('c', { a: { burst: 4 } })],
    tenants: [tenant('t', 'c', { a: {} }), tenant('u', 'c', { a: {} })],
    pods: ['p', 'q', 'r', 's'].map(name => pod(name, 't')),
    refused: isAsked ? [refusal('owner', 'u')] : [],
    terms: { mode },
  })
  return { snapshot, plan: planOf(snapshot) }
}

function carriedOut(mode: ReclaimTerms['mode'], isAsked = true): CycleReport {
  const { snapshot, plan } = planned(mode, isAsked)
  const taken = plan.steps.map(step => ({ step, outcome: { kind: 'done' } }) as const)
  return { kind: 'carried-out', tree: 'c', snapshot, plan, taken, abandoned: null }
}

test('a plan that is only shown is told once, until another is', () => {
  const { tell, lines, measured } = telling()
  for (const _ of [1, 2, 3]) tell(carriedOut('DryRun'))
  assert.equal(lines.length, 1)
  assert.match(
    lines[0] ?? '',
    /^a plan is only shown: above-fair-share, "Job u\/owner" of tenant u was refused, .*: t\/[pqrs] of t, burst, 1m a$/,
  )
  assert.ok(!measured.some(told => / done$/.test(told)))
  assert.deepEqual(
    measured.filter(told => told.includes('shown')),
    ['shown', 'shown burst above-fair-share 1', 'shown', 'shown'],
  )
  tell(carriedOut('DryRun', false))
  tell(carriedOut('DryRun'))
  assert.equal(lines.length, 2)
})

test('each step is told with its rule, and a failed one with its cause', () => {
  const { tell, lines, measured } = telling()
  const report = carriedOut('On')
  tell(report)
  assert.ok(lines.length > 0 && lines.every(line => /^rebalancing: \w+ done: above-fair-share$/.test(line)), `${lines}`)
  assert.ok(measured.includes('hold done'))
  assert.ok(report.kind === 'carried-out')
  const failed = report.plan.steps.map(step => ({ step, outcome: { kind: 'failed', cause: 'why' } }) as const)
  tell({ ...report, taken: failed, abandoned: 'late' })
  assert.ok(lines.includes('rebalancing: hold failed: why'))
  assert.ok(lines.includes('a plan was given up: late'))
  assert.ok(measured.includes('abandoned'))
})

test('a need is measured from its beginning until it is among the needs no more', () => {
  const { tell, clock, measured, open } = telling()
  const { snapshot } = planned('On')
  const sinceMs = snapshot.refused[0]?.sinceMs ?? 0
  clock.advance(sinceMs + 1_000)
  tell(carriedOut('On'))
  assert.deepEqual(open.at(-1), {
    byKind: new Map([['refused', 1]]),
    unmet: new Map(),
    oldestMs: new Map([['refused', 1_000]]),
  })
  clock.advance(60_000)
  tell(carriedOut('On', false))
  assert.ok(measured.includes('refused met after 61000'), `${measured}`)
  assert.deepEqual(open.at(-1), { byKind: new Map(), unmet: new Map(), oldestMs: new Map() })
})

test('a need that nobody acts on is not what alarms are about', () => {
  const { tell, clock, measured, open } = telling()
  tell(carriedOut('DryRun'))
  clock.advance(60_000)
  assert.deepEqual([open.at(-1)?.byKind.get('refused'), open.at(-1)?.oldestMs.size], [1, 0])
  tell(carriedOut('DryRun', false))
  assert.ok(!measured.some(told => told.includes('met after')))
})

test('of many who would have to go as many are named as a line has room for, and the others are counted', () => {
  const { tell, lines, measured } = telling()
  const snapshot = snapshotOf({
    cohorts: [cohort('c', { a: { burst: 80 } })],
    tenants: [tenant('t', 'c', { a: {} }), tenant('u', 'c', { a: {} })],
    pods: Array.from({ length: 80 }, (_, index) => pod(`a-pod-whose-name-is-not-short-${index}`, 't')),
    refused: [refusal('owner', 'u', { asks: { a: 30 } })],
    terms: { mode: 'DryRun' },
  })
  tell({ kind: 'carried-out', tree: 'c', snapshot, plan: planOf(snapshot), taken: [], abandoned: null })
  assert.match(lines[0] ?? '', /, burst, 1m a; and \d+ more$/)
  assert.ok((lines[0]?.length ?? 0) < 2_000)
  assert.ok(measured.includes('shown burst above-fair-share 30'), `${measured}`)
})

test('a need that is not met is what alarms are about where somebody is in a cohort that is On', () => {
  for (const mode of ['Off', 'DryRun', 'On'] as const) {
    const { tell, open } = telling()
    const snapshot = snapshotOf({
      cohorts: [cohort('c', { a: { burst: 4 } })],
      tenants: [tenant('t', 'c', { a: {} }), tenant('u', 'c', { a: {} })],
      pods: ['p', 'q', 'r', 's'].map(name => pod(name, 't', { budgets: ['all'] })),
      refused: [refusal('owner', 'u')],
      more: { disruptionsAllowed: new Map([['all', 0]]) },
      terms: { mode },
    })
    tell({ kind: 'carried-out', tree: 'c', snapshot, plan: planOf(snapshot), taken: [], abandoned: null })
    assert.deepEqual(
      [open.at(-1)?.unmet.get('protected'), open.at(-1)?.oldestMs.size],
      [1, mode === 'On' ? 1 : 0],
      mode,
    )
  }
})

test('when no more plans are made for a tree its needs are forgotten, and were not met', () => {
  const { tell, over, clock, measured, open } = telling()
  clock.advance(10_000_000)
  tell(carriedOut('On'))
  over('c')
  assert.equal(measured.at(-1), 'c is over')
  tell(carriedOut('On', false))
  assert.ok(!measured.some(told => told.includes('met after')))
  assert.equal(open.at(-1)?.oldestMs.size, 0)
})

test('why no plan is made is told when that changes', () => {
  const { tell, lines, measured } = telling()
  for (const why of ['stale', 'stale', 'counting']) tell({ kind: 'unclear', tree: 'c', why })
  assert.deepEqual(lines, ['no plan is made: stale', 'no plan is made: counting'])
  assert.deepEqual(measured, ['unclear', 'unclear', 'unclear'])
})
