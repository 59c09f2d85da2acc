/** How far what was told of a collection can be relied on. */
import type { Log } from '../admission/endpoint.ts'

export interface Freshness {
  problem(): string | undefined
  /** What was told is complete, or becomes so without further asking. */
  current(): void
  /** Something must be asked again, and nobody knows what was missed meanwhile. */
  behind(why: string, cause?: unknown): void
  failed(failure: Failure): void
}

interface Failure {
  readonly why: string
  readonly cause?: unknown
  /** The API server said no, so that waiting alone will not help. */
  readonly isRefusal: boolean
}

type State =
  | { readonly kind: 'unlisted'; readonly sinceMs: number; readonly why: string }
  | { readonly kind: 'current' }
  | { readonly kind: 'behind'; readonly sinceMs: number; readonly why: string }
  | { readonly kind: 'failing'; readonly sinceMs: number; readonly why: string }

/** An API server that restarts is back by then; what is told is as old as that at most. */
const GRACE_MS = 30_000

export function freshness(path: string, log: Pick<Log, 'problem' | 'event'>, clock: { now(): number }): Freshness {
  let state: State = { kind: 'unlisted', sinceMs: clock.now(), why: '' }
  let toldOf: string | undefined

  function tellOnce(why: string, cause: unknown): void {
    if (toldOf === why) return
    toldOf = why
    log.problem('a collection cannot be followed', cause, { path, reason: why })
  }

  return {
    problem() {
      switch (state.kind) {
        case 'current':
          return undefined
        case 'unlisted':
          return `${path} has not been listed yet${state.why === '' ? '' : `: ${state.why}`}`
        case 'behind':
          return `${path} has to be listed again: ${state.why}`
        case 'failing':
          return clock.now() - state.sinceMs > GRACE_MS ? `${path} is not followed: ${state.why}` : undefined
      }
    },
    current() {
      state = { kind: 'current' }
      if (toldOf === undefined) return
      toldOf = undefined
      log.event('a collection is followed again', { path })
    },
    behind(why, cause) {
      state = { kind: 'behind', sinceMs: clock.now(), why }
      tellOnce(why, cause)
    },
    failed({ why, cause, isRefusal }) {
      if (state.kind === 'current') state = { kind: 'failing', sinceMs: clock.now(), why }
      else state = { ...state, why }
      // A connection that is cut is made again a moment later, and not worth a line.
      if (isRefusal || clock.now() - state.sinceMs > GRACE_MS) tellOnce(why, cause)
    },
  }
}
