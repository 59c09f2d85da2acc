import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amounts } from '../quota/testing.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { parsedValue } from '../schema/testing.ts'
import type { DemandNews } from './refused-demand.ts'
import { demandNewsJson, MOST_NEWS_TOLD, parseDemandNews } from './refused-demand-json.ts'

const OWNER = '0123456789abcd'
const REFUSED: DemandNews = {
  kind: 'refused',
  demand: {
    tenant: 'a',
    tier: 'shared',
    demand: amounts({ h100: 8_000 }),
    gang: { id: 'a/job/train', size: 4, demand: amounts({ h100: 32_000 }) },
    owner: OWNER,
    name: 'Job a/train',
    sinceMs: 1_000,
    lastMs: 4_000,
  },
}
const ENDED: DemandNews = { kind: 'ended', owner: OWNER, atMs: 3_000 }

function sent(news: readonly DemandNews[], nowMs: number): JsonObject {
  return JSON.parse(JSON.stringify(demandNewsJson(news, nowMs)))
}

test('what is told arrives as it was, by the clock of whoever hears it', () => {
  const { demand } = REFUSED
  const alone: DemandNews = { kind: 'refused', demand: { ...demand, tier: 'auto', gang: undefined } }
  const body = sent([REFUSED, ENDED, alone], 5_000)
  assert.deepEqual(parsedValue(parseDemandNews(body, 5_000)), [REFUSED, ENDED, alone])
  const [later] = parsedValue(parseDemandNews(body, 1_005_000))
  assert.deepEqual(later, { ...REFUSED, demand: { ...demand, sinceMs: 1_001_000, lastMs: 1_004_000 } })
})

test('nothing comes from the future, though a clock was set back', () => {
  const [heard] = parsedValue(parseDemandNews(sent([ENDED], 1_000), 1_000))
  assert.deepEqual(heard, { ...ENDED, atMs: 1_000 })
})

test('a replica of a version that knows of no demand tells of none', () => {
  assert.deepEqual(parsedValue(parseDemandNews({ denials: [] }, 0)), [])
})

test('what no replica would send is refused, with its place', () => {
  const [refused, ended] = (sent([REFUSED, ENDED], 5_000).demand ?? []) as readonly JsonObject[]
  const many = { a: '1', b: '1', c: '1', d: '1', e: '1' }
  const changes: readonly JsonObject[] = [
    { kind: 'seen' },
    { owner: '' },
    { owner: `${OWNER}0` },
    { owner: 5 },
    { tenant: '' },
    { tenant: 'a'.repeat(254) },
    { tier: 'gold' },
    { name: null },
    { name: 'n'.repeat(161) },
    { demand: { h100: '-1' } },
    { demand: { h100: 8 } },
    { demand: many },
    { gang: null },
    { gang: { id: 'x', size: 1.5, demand: {} } },
    { gang: { id: 'x', size: 1, demand: many } },
    { gang: { id: 'x'.repeat(601), size: 1, demand: {} } },
    { sinceAgoMs: -1 },
    { lastAgoMs: '0' },
    { sinceAgoMs: 0, lastAgoMs: 1 },
  ]
  const bodies = [
    ...changes.map(change => ({ ...refused, ...change })),
    { ...ended, agoMs: -1 },
    { ...ended, agoMs: null },
    null,
  ]
  for (const body of bodies) {
    const read = parseDemandNews({ demand: [ended ?? null, body] }, 5_000)
    assert.ok(!read.ok, JSON.stringify(body))
    assert.deepEqual(
      read.issues.map(({ at }) => at),
      ['demand[1]'],
    )
  }
  const lists: readonly JsonValue[] = [null, {}, Array.from({ length: MOST_NEWS_TOLD + 1 }, () => ended ?? null)]
  for (const list of lists) assert.ok(!parseDemandNews({ demand: list }, 0).ok)
})
