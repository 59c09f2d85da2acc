/** Wakes one owner after the other, and remembers what became of it. */
import type { Log } from '../../admission/endpoint.ts'
import { intervalOf, type RefusedOwner, type RefusedOwners, type Stage } from './refused.ts'
import { type TouchDeps, type Touched, touch } from './touch.ts'

interface WakerDeps extends TouchDeps {
  readonly refused: RefusedOwners
  readonly observer: { touched(result: Touched['kind']): void }
  readonly log: Log
}

/** How long a woken owner's room is its own: controllers take 0.2 to 1.3 s. */
const CALLED_MS = 5_000
/** When it is tried again after somebody else was faster. */
const CONFLICT_MS = 1_000
/** When it is tried again where the permission is missing. */
const FORBIDDEN_MS = 10 * 60_000

/** Never rejects. */
export function waker(deps: WakerDeps): (owner: RefusedOwner) => Promise<void> {
  const { refused, clock, observer } = deps
  const complain = complaints(deps.log)

  return async waiting => {
    // Before it is woken: its next pod may be judged before the answer is here.
    const called = refused.update(waiting, { stage: { kind: 'called', untilMs: clock.now() + CALLED_MS } })
    if (called === undefined) return
    const touched = await touch(called, deps)
    observer.touched(touched.kind)
    complain(called, touched)
    if (touched.kind === 'gone') refused.forget(called)
    else refused.update(called, { stage: stageAfter(called, touched, clock.now()) })
  }
}

function stageAfter(called: RefusedOwner, touched: Exclude<Touched, { readonly kind: 'gone' }>, nowMs: number): Stage {
  switch (touched.kind) {
    case 'woken':
      return called.stage
    case 'recent':
      // Refused again since that, it waits for its next interval; otherwise its pod is still to come.
      return touched.atMs > called.seenMs ? called.stage : waitingUntil(touched.atMs + intervalOf(called))
    case 'conflict':
      return waitingUntil(nowMs + CONFLICT_MS)
    case 'forbidden':
      return waitingUntil(nowMs + FORBIDDEN_MS)
    case 'failed':
      return waitingUntil(nowMs + intervalOf(called))
  }
}

function waitingUntil(notBeforeMs: number): Stage {
  return { kind: 'waiting', notBeforeMs }
}

/** A missing permission is told once for each kind, other failures until one succeeds again. */
function complaints(log: Log) {
  const forbidden = new Set<string>()
  let isFailing = false
  return ({ owner: { group, kind, name, namespace } }: RefusedOwner, touched: Touched): void => {
    if (touched.kind === 'woken') isFailing = false
    if (touched.kind !== 'forbidden' && touched.kind !== 'failed') return
    const resource = `${kind}.${group}`
    const isTold = touched.kind === 'forbidden' ? forbidden.has(resource) : isFailing
    if (touched.kind === 'forbidden') forbidden.add(resource)
    else isFailing = true
    if (isTold) return
    const why =
      touched.kind === 'forbidden'
        ? `owners of kind ${resource} cannot be woken: allow get and patch`
        : 'an owner could not be woken'
    log.problem(why, undefined, { object: `${kind} ${name}`, namespace, reason: touched.message })
  }
}
