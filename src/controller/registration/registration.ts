import type { Clock, Log } from '../../admission/endpoint.ts'
import { textAt } from '../../admission/objects.ts'
import type { Timer } from '../../quota/waiter.ts'
import { formatIssue, type Parsed } from '../../schema/parsed.ts'
import type { JsonObject } from '../../schema/parts.ts'
import type { ApiServer, Audience, Follow } from '../api-server.ts'
import {
  bring,
  collectionOf,
  isAsWanted,
  isSuccess,
  isUnmanaged,
  MUTATING_PATH,
  VALIDATING_PATH,
} from './webhook-configuration.ts'

export interface RegistrationDeps {
  readonly api: ApiServer
  readonly follow: Follow
  /** Both configurations as they should be now, or what keeps them from being known. */
  readonly wanted: () => Parsed<readonly JsonObject[]>
  /**
   * Sends a review to the address that the API server will call, and believes only whom it will believe. A webhook that fails
   * closed must not be registered before it answers.
   */
  readonly selfTest: () => Promise<Parsed<void>>
  readonly observer: RegistrationObserver
  readonly clock: Clock
  readonly timer: Timer
  readonly log: Pick<Log, 'event' | 'problem'>
}

interface RegistrationObserver {
  /** Whether the API server asks as it should, as far as is known now. */
  registered(ok: boolean): void
}

export interface Registration {
  /** What is wanted may have changed: classes, policies, settings, the certificate's authority. */
  refresh(): void
  /** Leaves everything as it is: the next leader goes on. */
  stop(): void
}

// Whoever fights over a configuration does it at this pace, and it is long enough for a failed self-test to be worth another.
const PAUSE_MS = 5_000

/**
 * Keeps both webhook configurations as they should be, as the leader does: creates them once the service answers, follows what
 * decides over them, and restores them when somebody edits or deletes them. Writes nothing that is equal.
 */
export function registration(deps: RegistrationDeps): Registration {
  const live = liveConfigurations()
  let isStopped = false
  let isBusy = false
  let isDue = false
  let notBeforeMs = Number.NEGATIVE_INFINITY
  let cancel: (() => void) | undefined

  async function pass(): Promise<void> {
    isBusy = true
    isDue = false
    try {
      if (await reconcile(deps, live, () => isStopped)) notBeforeMs = deps.clock.now() + PAUSE_MS
    } catch (cause) {
      failed(deps, 'the webhooks could not be registered', cause)
      notBeforeMs = deps.clock.now() + PAUSE_MS
      isDue = true
    } finally {
      isBusy = false
    }
    if (isDue) consider()
  }

  function consider(): void {
    isDue = true
    if (isStopped || isBusy || !FOLLOWED.every(live.isKnown)) return
    cancel?.()
    if (deps.clock.now() >= notBeforeMs) void pass()
    else cancel = deps.timer.at(notBeforeMs, () => void pass())
  }

  const followings = FOLLOWED.map(path =>
    deps.follow({
      path,
      query: { fieldSelector: 'metadata.name=sluice' },
      keep: object => object,
      audience: audienceOf(path, live, consider),
    }),
  )

  return {
    refresh: consider,
    stop() {
      isStopped = true
      cancel?.()
      for (const following of followings) following.stop()
    },
  }
}

const FOLLOWED: readonly string[] = [MUTATING_PATH, VALIDATING_PATH]

/** The newest that is known of each: the answer to a write comes before the watch has told what was there earlier. */
interface LiveConfigurations {
  isKnown(path: string): boolean
  get(path: string): JsonObject | undefined
  /** Undefined: it is not there. */
  see(path: string, object: JsonObject | undefined, version: bigint): void
}

function liveConfigurations(): LiveConfigurations {
  const known = new Map<string, { readonly object: JsonObject | undefined; readonly version: bigint }>()
  return {
    isKnown: path => known.has(path),
    get: path => known.get(path)?.object,
    see(path, object, version) {
      const newest = known.get(path)
      if (newest === undefined || newest.version <= version) known.set(path, { object, version })
    },
  }
}

function audienceOf(path: string, live: LiveConfigurations, consider: () => void): Audience<JsonObject> {
  const see = (object: JsonObject | undefined, version: bigint) => {
    live.see(path, object, version)
    consider()
  }
  return {
    replaced: ([one], version) => see(one?.kept, version),
    changed: one => see(one.kept, one.resourceVersion),
    removed: one => see(undefined, one.resourceVersion),
    reached() {},
  }
}

/** One look at both; true when something was to be done. Rejects when it is not done, so that it is tried again. */
async function reconcile(deps: RegistrationDeps, live: LiveConfigurations, isStopped: () => boolean): Promise<boolean> {
  const wanted = deps.wanted()
  if (!wanted.ok) throw new Error(wanted.issues.map(formatIssue).join('; '))
  const wrong = wanted.value.filter(one => {
    const found = live.get(collectionOf(one))
    return !isUnmanaged(found) && !isAsWanted(found, one)
  })
  if (wrong.length > 0) {
    const answered = await deps.selfTest()
    if (!answered.ok) throw new Error(`the service does not answer: ${answered.issues.map(formatIssue).join('; ')}`)
  }
  for (const one of wrong) {
    if (isStopped()) return true
    await correct(one, deps, live)
  }
  deps.observer.registered(true)
  return wrong.length > 0
}

async function correct(wanted: JsonObject, { api, log }: RegistrationDeps, live: LiveConfigurations): Promise<void> {
  const path = collectionOf(wanted)
  const before = live.get(path)
  const answer = await bring(wanted, api)
  if (!isSuccess(answer)) {
    const why = textAt(answer.body, 'message') ?? 'no message'
    throw new Error(`${path} answered ${answer.status}: ${why}`)
  }
  if (!isAsWanted(answer.body, wanted)) throw new Error(`${path} does not keep what is written to it`)
  const version = textAt(answer.body, 'metadata', 'resourceVersion') ?? '0'
  live.see(path, answer.body, BigInt(version))
  log.event(before === undefined ? 'the webhooks were registered' : 'the registration of the webhooks was corrected', {
    object: textAt(wanted, 'kind') ?? '',
    resourceVersion: version,
  })
}

function failed({ observer, log }: RegistrationDeps, message: string, cause: unknown): void {
  observer.registered(false)
  log.problem(message, cause)
}
