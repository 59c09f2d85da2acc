/**
 * Runs a model through every order of its events, depth first. It keeps no states: every order starts anew and repeats the
 * choices of the one before up to the last that has an alternative, so what is checked is the real code, which cannot be copied.
 *
 * Orders that differ only in events that commute are run once, by sleep sets (Godefroid, Partial-Order Methods for the
 * Verification of Concurrent Systems, 1996, ch. 5): once the orders that begin with `a` are done, `a` sleeps while its siblings
 * are tried, until an event happens that does not commute with it; what would begin with a sleeping event has been seen, in
 * another order. That leaves out transitions and never a state, so a check that looks at the state alone misses nothing. It is sound
 * as long as footprints are: two events that are possible together and touch nothing in common must commute, and neither
 * may make the other impossible. And where an event commutes with everything that can happen before it, now or later, only the
 * orders that begin with it are tried (a persistent set of one, ch. 4); which events those are is for the model to say.
 */
import { commute, type Event } from './event.ts'

/** One execution of a model from its beginning. */
export interface Run {
  /** What may happen now, always in the same order. */
  enabled(): readonly Event[]
  /** One of those that may as well happen first: nothing that happens before it can make a difference to it, nor it to that. */
  urgent(): Event | undefined
  /** Lets it happen, and waits until nothing moves by itself any more. What was checked in an earlier run need not be again. */
  take(event: Event, isChecked: boolean): Promise<void>
  /** What is wrong now. */
  wrong(): string | undefined
  /** Lets everything come to rest, and says what is wrong then. */
  wrongAtRest(): Promise<string | undefined>
}

export interface Bounds {
  /** No order is followed any further than this many events. */
  readonly depth: number
  /** The most executions. */
  readonly runs: number
}

export interface Explored {
  /** Orders followed to their end, of which no two differ only in events that commute. */
  readonly orders: number
  /** Executions, those given up included: they could only have led to what had been seen. */
  readonly runs: number
  readonly deepest: number
  /** Whether there was nothing left to try. */
  readonly isComplete: boolean
  readonly violation?: Violation
}

export interface Violation {
  readonly what: string
  /** The names of the events that lead there. */
  readonly path: readonly string[]
}

/** A place where one of several events was chosen. */
interface Fork {
  readonly options: readonly Event[]
  readonly asleep: readonly Event[]
  chosen: number
}

type Ending = { readonly kind: 'end' | 'seen' | 'cut' } | { readonly kind: 'wrong'; readonly what: string }

export async function explore(begin: () => Promise<Run>, bounds: Bounds): Promise<Explored> {
  const forks: Fork[] = []
  let [orders, runs, deepest, isCut] = [0, 0, 0, false]
  do {
    if (runs >= bounds.runs) return { orders, runs, deepest, isComplete: false }
    runs += 1
    const ending = await follow(await begin(), forks, bounds.depth)
    deepest = Math.max(deepest, forks.length)
    if (ending.kind === 'wrong') {
      const path = forks.map(fork => chosenAt(fork).name)
      return { orders, runs, deepest, isComplete: false, violation: { what: ending.what, path } }
    }
    orders += ending.kind === 'end' ? 1 : 0
    isCut ||= ending.kind === 'cut'
  } while (turnBack(forks))
  return { orders, runs, deepest, isComplete: !isCut }
}

/**
 * Another violation, to which no shorter path leads, as far as so many executions for each length can tell. Events that
 * commute can be exchanged but not saved, so what sleep sets leave out is no shorter.
 */
export async function shortened(begin: () => Promise<Run>, known: Violation, runs: number): Promise<Violation> {
  const { violation } = await explore(begin, { depth: known.path.length - 1, runs })
  return violation === undefined ? known : shortened(begin, violation, runs)
}

async function follow(run: Run, forks: Fork[], depth: number): Promise<Ending> {
  // Only the last choice is new.
  for (const fork of forks) await run.take(current(run, chosenAt(fork).name), fork !== forks.at(-1))
  for (;;) {
    const what = run.wrong()
    if (what !== undefined) return { kind: 'wrong', what }
    const enabled = run.enabled()
    if (enabled.length === 0) return ended(await run.wrongAtRest())
    const asleep = asleepAfter(forks.at(-1))
    const urgent = run.urgent()
    const options = (urgent === undefined ? enabled : [urgent]).filter(
      ({ name }) => !asleep.some(sleeper => sleeper.name === name),
    )
    const [first] = options
    if (first === undefined) return { kind: 'seen' }
    if (forks.length >= depth) return { kind: 'cut' }
    forks.push({ options, asleep, chosen: 0 })
    await run.take(first, false)
  }
}

function ended(what: string | undefined): Ending {
  return what === undefined ? { kind: 'end' } : { kind: 'wrong', what }
}

function asleepAfter(fork: Fork | undefined): readonly Event[] {
  if (fork === undefined) return []
  const chosen = chosenAt(fork)
  return [...fork.asleep, ...fork.options.slice(0, fork.chosen)].filter(event => commute(event, chosen))
}

/** Goes to the last place with an alternative, and takes it; false when there is none. */
function turnBack(forks: Fork[]): boolean {
  for (;;) {
    const last = forks.at(-1)
    if (last === undefined) return false
    last.chosen += 1
    if (last.chosen < last.options.length) return true
    forks.pop()
  }
}

function chosenAt({ options, chosen }: Fork): Event {
  const event = options[chosen]
  if (event === undefined) throw new Error(`there is no option ${chosen}`)
  return event
}

/** The event of this name in another execution. */
export function current(run: Run, name: string): Event {
  const enabled = run.enabled()
  const event = enabled.find(candidate => candidate.name === name)
  if (event !== undefined) return event
  throw new Error(`the model is not deterministic: no "${name}" among ${enabled.map(({ name }) => name).join(', ')}`)
}
