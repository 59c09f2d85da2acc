/** The one store that all replicas write, and the bad connections they have to it. */
import type { TextStore } from '../../src/quota/text-store.ts'
import type { Versioned } from '../../src/quota/versions.ts'
import type { Chance } from './chance.ts'
import type { VirtualTime } from './virtual-time.ts'
import type { Weather } from './weather.ts'

export interface SharedText {
  read(): Versioned<string>
  replace(version: string, next: string): Versioned<string> | 'conflict'
}

/** `ignoresVersions`: a store that is broken, as proof that the load would notice. */
export function sharedText(written: (text: string) => void, { ignoresVersions = false } = {}): SharedText {
  let stored: Versioned<string> = { version: '0', value: '' }
  return {
    read: () => stored,
    replace(version, next) {
      if (version !== stored.version && !ignoresVersions) return 'conflict'
      stored = { version: String(Number(stored.version) + 1), value: next }
      written(next)
      return stored
    },
  }
}

export interface Sky {
  readonly time: VirtualTime
  readonly chance: Chance
  /** How the weather is at the moment. */
  readonly weather: () => Weather
}

export interface Line extends Sky {
  readonly isDead: () => boolean
  readonly happened: (
    what: 'invented conflict' | 'conflict' | 'lost call' | 'lost answer' | 'late call' | 'write',
  ) => void
}

/** What one replica can do with the store. Every call takes its time on the way there and on the way back. */
export function connection(shared: SharedText, line: Line): TextStore {
  const { time, chance, weather, isDead, happened } = line

  async function call<T>(effect: () => T): Promise<T> {
    const { lostCalls, lostAnswers, lateCalls } = weather()
    await time.sleep(wayMs(chance))
    if (chance.oneIn(lostCalls)) return lost('lost call')
    if (chance.oneIn(lateCalls)) {
      time.at(time.now() + chance.between(20, 3_000), effect)
      return lost('late call')
    }
    // What a replica has sent takes effect whether it lives to hear of it or not.
    const result = effect()
    await time.sleep(wayMs(chance))
    if (chance.oneIn(lostAnswers)) return lost('lost answer')
    return isDead() ? new Promise(() => {}) : result
  }

  function lost(how: 'lost call' | 'late call' | 'lost answer'): Promise<never> {
    happened(how)
    return isDead() ? new Promise(() => {}) : Promise.reject(new Error(how))
  }

  return {
    read: () => call(() => shared.read()),
    replace: (_tree, version, next) =>
      call(() => {
        if (chance.oneIn(weather().inventedConflicts)) {
          happened('invented conflict')
          return 'conflict'
        }
        const written = shared.replace(version, next)
        happened(written === 'conflict' ? 'conflict' : 'write')
        return written
      }),
  }
}

/** Mostly a few milliseconds; now and then the network thinks about it. */
function wayMs(chance: Chance): number {
  return chance.oneIn(50) ? chance.between(20, 150) : chance.between(1, 6)
}
