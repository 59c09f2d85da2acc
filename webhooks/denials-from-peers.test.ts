import assert from 'node:assert/strict'
import { test } from 'node:test'
import { denialsJson } from '../src/admission/denials-json.ts'
import type { Call, Log } from '../src/admission/endpoint.ts'
import { recentDenials } from '../src/admission/recent-denials.ts'
import { refusedDemand } from '../src/admission/refused-demand.ts'
import { demandNewsJson } from '../src/admission/refused-demand-json.ts'
import { manualClock } from '../src/quota/testing.ts'
import type { RefusedDemand } from '../src/rebalance/snapshot.ts'
import type { JsonObject } from '../src/schema/parts.ts'
import { denialsFromPeers } from './denials-from-peers.ts'

const SILENT: Log = { decision() {}, event() {}, problem() {} }
const DENIAL = { tenant: 'a', code: 'SLU-Q201', message: 'exceeded quota', atMs: 0 }
const DEMAND: RefusedDemand = {
  tenant: 'a',
  tier: 'auto',
  demand: new Map(),
  gang: undefined,
  owner: '0123456789abcd',
  name: 'Job a/train',
  sinceMs: 0,
  lastMs: 0,
}
const BODY = { ...denialsJson([DENIAL]), ...demandNewsJson([{ kind: 'refused', demand: DEMAND }], 0) }

async function told(body: JsonObject, isPeer = true) {
  const clock = manualClock()
  const [recent, demand] = [recentDenials(clock), refusedDemand(clock)]
  const call: Call = { query: '', deadlineMs: 10_000, timeoutMs: 10_000, isPeer, log: SILENT }
  const { status } = await denialsFromPeers({ recent, demand, clock }).answer(body, call)
  return { status, heard: [recent.denials('a').length, demand.demands().length] }
}

test('what a replica refused is heard: its denials and its demand', async () => {
  assert.deepEqual(await told(BODY), { status: 200, heard: [1, 1] })
  assert.deepEqual(await told(denialsJson([DENIAL])), { status: 200, heard: [1, 0] })
})

test('nobody else is heard', async () => {
  assert.deepEqual(await told(BODY, false), { status: 403, heard: [0, 0] })
})

test('of what no replica would send, nothing is heard', async () => {
  assert.deepEqual(await told({ ...BODY, demand: [{}] }), { status: 400, heard: [0, 0] })
  assert.deepEqual(await told({ ...BODY, denials: [{}] }), { status: 400, heard: [0, 0] })
})
