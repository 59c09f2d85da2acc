/** What the tests of following share: an audience that remembers, and a time of which the short pauses pass by themselves. */
import { EventEmitter, once } from 'node:events'
import type { TestContext } from 'node:test'
import { MemoryLog } from '../../test/support/https.ts'
import { textAt } from '../admission/objects.ts'
import type { Audience, Collection, Following } from '../controller/api-server.ts'
import { manualClock } from '../quota/testing.ts'
import type { JsonObject } from '../schema/parts.ts'
import { apiServer } from './api-server.ts'
import { following } from './follow.ts'
import type { Time } from './silence.ts'
import type { TestApi } from './testing.ts'

export const PODS = '/api/v1/pods'
const SHORT_MS = 30_000

export interface TestTime extends Time {
  /** Lets everything that waits for longer than pauses do go on. */
  advance(byMs: number): void
  /** Resolves when somebody waits for so long. */
  waiting(ms: number): Promise<void>
  /** How long each pause was. */
  readonly pauses: readonly number[]
}

export const REAL_TIME: Time = {
  clock: { now: () => performance.now() },
  timer: {
    at(atMs, ring) {
      const timeout = setTimeout(ring, atMs - performance.now())
      return () => clearTimeout(timeout)
    },
  },
}

export function passingTime(): TestTime {
  const manual = manualClock()
  const pauses: number[] = []
  const waits = new Set<number>()
  const emitter = new EventEmitter()
  return {
    async waiting(ms) {
      while (!waits.has(ms)) await once(emitter, 'wait')
    },
    clock: manual,
    advance: manual.advance,
    pauses,
    timer: {
      at(atMs, ring) {
        const inMs = atMs - manual.now()
        if (inMs > SHORT_MS) {
          waits.add(inMs)
          emitter.emit('wait')
          return manual.at(atMs, ring)
        }
        const passing = setImmediate(() => {
          pauses.push(inMs)
          manual.advance(inMs)
          ring()
        })
        return () => clearImmediate(passing)
      },
    },
  }
}

export interface Recorder extends Audience<string> {
  readonly told: readonly string[]
  /** Resolves when this was told, so many times. */
  until(line: string, times?: number): Promise<void>
}

export function recorder(hear: (line: string) => void = () => {}): Recorder {
  const told: string[] = []
  const emitter = new EventEmitter()
  function tell(line: string): void {
    told.push(line)
    emitter.emit('told')
    hear(line)
  }
  return {
    told,
    replaced: (all, version) => tell(`all ${all.map(({ kept }) => kept).join(' ')} @${version}`),
    changed: ({ kept, name }) => tell(kept === undefined ? `lost interest in ${name}` : `changed ${kept}`),
    removed: ({ name, resourceVersion }) => tell(`removed ${name} @${resourceVersion}`),
    reached: version => tell(`reached ${version}`),
    async until(line, times = 1) {
      while (told.filter(one => one === line).length < times) await once(emitter, 'told')
    },
  }
}

export interface Followed {
  readonly time: TestTime
  readonly log: MemoryLog
  readonly audience: Recorder
  readonly following: Following
}

export function follow(t: TestContext, api: TestApi, options: Partial<Collection<string>> = {}): Followed {
  const [time, log, audience] = [passingTime(), new MemoryLog(), recorder()]
  const follower = following({ api: apiServer(api.line), line: api.line, random: () => 0.5, log, ...time })
  const keep = (object: JsonObject) => textAt(object, 'metadata', 'name')
  const one = follower({ path: PODS, keep, audience, ...options })
  t.after(() => one.stop())
  return { time, log, audience, following: one }
}
