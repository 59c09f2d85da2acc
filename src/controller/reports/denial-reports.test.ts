import assert from 'node:assert/strict'
import { test } from 'node:test'
import { denialsJson, parseDenials } from '../../admission/denials-json.ts'
import type { Clock } from '../../admission/endpoint.ts'
import { type PastDenial, recentDenials } from '../../admission/recent-denials.ts'
import { refusedDemand } from '../../admission/refused-demand.ts'
import { demandNewsJson, parseDemandNews } from '../../admission/refused-demand-json.ts'
import { manualClock } from '../../quota/testing.ts'
import type { JsonObject, JsonValue } from '../../schema/parts.ts'
import { parsedValue } from '../../schema/testing.ts'
import { SILENT } from '../testing.ts'
import { denialReports } from './denial-reports.ts'

const past = (message: string): PastDenial => ({ tenant: 'a', code: 'SLU-Q201', message, atMs: 0 })

function listenerOn(clock: Clock) {
  return { recent: recentDenials(clock), demand: refusedDemand(clock) }
}

/** A replica whose leader hears what it is told in the form in which it is sent. */
function replica() {
  const clock = manualClock()
  const recent = recentDenials(clock)
  const demand = refusedDemand(clock)
  const leaders = new Map<string, ReturnType<typeof listenerOn>>()
  const situation = { leader: 'first', isReachable: true, told: 0 }
  const reports = denialReports({
    recent,
    demand,
    clock,
    timer: clock,
    log: SILENT,
    leader: () => {
      const { leader } = situation
      const listener = leaders.get(leader) ?? listenerOn(clock)
      leaders.set(leader, listener)
      return leader === ''
        ? undefined
        : {
            name: leader,
            async tell({ denials, news }) {
              if (!situation.isReachable) throw new Error('connection refused')
              situation.told += denials.length + news.length
              const now = clock.now()
              const body = JSON.parse(JSON.stringify({ ...denialsJson(denials), ...demandNewsJson(news, now) }))
              listener.recent.heard(parsedValue(parseDenials(body)))
              listener.demand.heard(parsedValue(parseDemandNews(body, now)))
            },
          }
    },
  })
  return {
    recent,
    demand,
    reports,
    situation,
    known: (name: string) => leaders.get(name)?.recent.denials('a').length ?? 0,
    demands: (name: string) => leaders.get(name)?.demand.demands() ?? [],
  }
}

test('the leader is told of each denial once', async () => {
  const { recent, reports, situation, known } = replica()
  recent.heard([past('x'), past('y')])
  await reports.report()
  await reports.report()
  recent.heard([past('z')])
  await reports.report()
  assert.deepEqual([situation.told, known('first')], [3, 3])
})

test('a new leader is told of all of them', async () => {
  const { recent, reports, situation, known } = replica()
  recent.heard([past('x'), past('y')])
  await reports.report()
  situation.leader = ''
  await reports.report()
  situation.leader = 'second'
  await reports.report()
  assert.deepEqual([situation.told, known('second')], [4, 2])
})

test('refused demand is told with the denials, and without any', async () => {
  const { recent, demand, reports, situation, demands } = replica()
  const refused = {
    tenant: 'a',
    tier: 'burst',
    demand: new Map(),
    gang: undefined,
    owner: '0123456789abcd',
    name: 'Job a/train',
    sinceMs: 0,
    lastMs: 0,
  } as const
  demand.heard([{ kind: 'refused', demand: refused }])
  await reports.report()
  recent.heard([past('x')])
  await reports.report()
  assert.deepEqual([situation.told, demands('first')], [2, [refused]])
  demand.heard([{ kind: 'ended', owner: refused.owner, atMs: 0 }])
  await reports.report()
  assert.deepEqual([situation.told, demands('first')], [3, []])
})

test('what the leader could not be told is told later', async () => {
  const { recent, reports, situation, known } = replica()
  recent.heard([past('x')])
  situation.isReachable = false
  await assert.rejects(reports.report(), /connection refused/)
  situation.isReachable = true
  await reports.report()
  assert.equal(known('first'), 1)
})

test('what no replica would send is refused, with its place', () => {
  const [sound] = (denialsJson([past('x')]).denials ?? []) as readonly JsonObject[]
  const cases: readonly (readonly [JsonValue, RegExp])[] = [
    [null, /^denials is no list/],
    [{ denials: Array.from({ length: 501 }, () => sound ?? null) }, /^denials is no list/],
    ...[
      { tenant: '' },
      { tenant: 'a'.repeat(254) },
      { code: 'slu' },
      { message: 'm'.repeat(161) },
      { time: 'now' },
      { time: 5 },
    ].map(change => [{ denials: [sound ?? null, { ...sound, ...change }] }, /^denials\[1\] has no/] as const),
  ]
  for (const [body, want] of cases) {
    const read = parseDenials(body)
    assert.ok(!read.ok)
    assert.match(read.issues.map(({ at, problem }) => `${at} ${problem}`).join(), want)
  }
  assert.deepEqual(parsedValue(parseDenials({ denials: [sound ?? null] })), [past('x')])
})
