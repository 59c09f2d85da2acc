/** Snapshots for the planner's bench: tenants that use their reservations and borrow, and needs of every kind. */

import { openBook } from '../../src/quota/book.ts'
import { EMPTY_LEDGER, ledgerOf } from '../../src/quota/ledger.ts'
import { recount } from '../../src/quota/recount.ts'
import { amounts, cohort, compiled, tenant, viewOf } from '../../src/quota/testing.ts'
import { pod } from '../../src/rebalance/plans.testing.ts'
import {
  DEFAULT_TERMS,
  type HeldPod,
  type NodeShape,
  type RefusedDemand,
  type Snapshot,
} from '../../src/rebalance/snapshot.ts'
import { firstTree, range, tenantName, uidOf } from './quota-cluster.ts'

const GPU = 1000
const NOW_MS = 1_800_000_000_000
const HOUR_MS = 3_600_000
const TENANTS_PER_COHORT = 10
const COHORTS_PER_DIVISION = 10
const PODS_PER_NODE = 8

export interface Size {
  readonly tenants: number
  readonly pods: number
  /** Reserved pods that wait while their capacity is lent out. */
  readonly waiting: number
  readonly refused: number
  readonly hasNodes: boolean
}

/**
 * Each tenant owns as many GPUs as it runs pods on average, and half of the tenants run one and a half times as many: what the others own
 * and do not use is lent out, all of it. Then some of the owners come back.
 */
export function benchSnapshot({ tenants, pods, waiting, refused, hasNodes }: Size): Snapshot {
  const perTenant = pods / tenants
  const cohorts = Math.ceil(tenants / TENANTS_PER_COHORT)
  const divisions = Math.ceil(cohorts / COHORTS_PER_DIVISION)
  const none = { h100: {} }
  const quotas = compiled(
    [
      cohort('platform', none),
      ...range(divisions).map(at => cohort(`division-${at}`, none, 'platform')),
      ...range(cohorts).map(at => cohort(`cohort-${at}`, none, `division-${Math.floor(at / COHORTS_PER_DIVISION)}`)),
    ],
    range(tenants).map(at =>
      tenant(tenantName(at), `cohort-${Math.floor(at / TENANTS_PER_COHORT)}`, { h100: { reserved: perTenant * GPU } }),
    ),
  )
  const running = range(pods).map(at => runningPod(at, perTenant, tenants))
  const owners = range(waiting).map(at => waitingPod(pods + at, tenantName((2 * at * 37) % tenants)))
  const all = [...running, ...owners]
  const { base } = recount(EMPTY_LEDGER, viewOf({ live: all }))
  return {
    nowMs: NOW_MS,
    book: openBook(firstTree(quotas), ledgerOf([], [], base)),
    pods: all,
    refused: range(refused).map(at => refusal(at, tenantName((2 * at * 41 + 4) % tenants))),
    nodes: hasNodes ? range(Math.ceil(pods / PODS_PER_NODE)).map(nodeOf) : null,
    disruptionsAllowed: new Map(),
    terms: new Map([['platform', { ...DEFAULT_TERMS, mode: 'On' }]]),
    evictedLastHour: new Map(),
  }
}

/** Even tenants run half of what they own, odd ones all of it and as much again as burst. */
function runningPod(at: number, perTenant: number, tenants: number): HeldPod {
  const half = perTenant / 2
  const pair = Math.floor(at / (2 * perTenant))
  const within = at % (2 * perTenant)
  const isOdd = within >= half
  const name = tenantName(Math.min(tenants - 1, 2 * pair + (isOdd ? 1 : 0)))
  const tier = isOdd && within >= half + perTenant ? 'burst' : 'reserved'
  return { ...podOf(at, name), tier, node: nameOf(Math.floor(at / PODS_PER_NODE)), startedAtMs: NOW_MS - HOUR_MS - at }
}

function waitingPod(at: number, ofTenant: string): HeldPod {
  return { ...podOf(at, ofTenant), tier: 'reserved', node: null, startedAtMs: null }
}

function podOf(at: number, ofTenant: string): HeldPod {
  const more = { name: `pod-${at}`, priority: at % 3, createdAtMs: NOW_MS - HOUR_MS - at }
  return pod(uidOf(at), ofTenant, { asks: { h100: GPU }, ...more })
}

function refusal(at: number, ofTenant: string): RefusedDemand {
  return {
    tenant: ofTenant,
    tier: 'burst',
    demand: amounts({ h100: GPU }),
    gang: undefined,
    owner: `owner-${at}`,
    name: `Job ${ofTenant}/job-${at}`,
    sinceMs: NOW_MS - 120_000 - at,
    lastMs: NOW_MS - 10_000,
  }
}

function nodeOf(at: number): NodeShape {
  return { name: nameOf(at), amounts: amounts({ h100: PODS_PER_NODE * GPU }) }
}

function nameOf(at: number): string {
  return `node-${String(at).padStart(6, '0')}`
}
