/**
 * The store as replicas see it over a network: a call is sent, takes effect, and is answered, each as an event of its own. Within a
 * budget it may also fail before it takes effect, lose its answer, or be the last thing its replica does.
 */
import { EMPTY_LEDGER, type Ledger } from '../../src/quota/ledger.ts'
import { memoryStore } from '../../src/quota/memory-store.ts'
import type { LedgerStore, Versioned } from '../../src/quota/versions.ts'
import { type Event, footprint } from './event.ts'

export const FAULTS = ['unreached', 'answer lost', 'crash'] as const
export type Fault = (typeof FAULTS)[number]

/** Everything that was ever stored. */
export interface History {
  readonly versions: readonly Ledger[]
  /** For each replica the versions that were the newest when one of its calls took effect. */
  readonly seenBy: readonly Ledger[][]
  /** Which replica stored the newest version. */
  writer: number
}

export interface Network {
  readonly history: History
  readonly dead: ReadonlySet<number>
  storeOf(replica: number): LedgerStore
  events(): readonly Event[]
  /** An answer on its way to a replica of which `isQuiet` says that nothing else will reach them before. */
  quietAnswer(isQuiet: (replica: number) => boolean): Event | undefined
  /** No call fails any more. */
  heal(): void
}

interface Call {
  readonly name: string
  readonly replica: number
  readonly isWrite: boolean
  isDone: boolean
  readonly take: () => void
  readonly answer: () => void
  readonly fail: (what: string) => void
}

export interface NetworkOptions {
  readonly replicas: number
  readonly faults: number
  readonly kinds: readonly Fault[]
  /** What the store does wrong, if anything. */
  readonly flaw: (store: LedgerStore) => LedgerStore
  readonly note: (line: string) => void
}

export function network({ replicas, faults, kinds, flaw, note }: NetworkOptions): Network {
  const versions: Ledger[] = [EMPTY_LEDGER]
  const numbers = Array.from({ length: replicas }, (_, replica) => replica)
  const history: History = { versions, seenBy: numbers.map(() => []), writer: -1 }
  const truth = memoryStore()
  const calls = new Map<number, Call>()
  const sent = new Map<number, number>()
  const dead = new Set<number>()
  let faultsLeft = faults
  let acting = -1

  const store = flaw({
    read: tree => truth.read(tree),
    async replace(tree, expected, next) {
      const written = await truth.replace(tree, expected, next)
      note(written === 'conflict' ? 'conflict' : `version ${written.version} is stored`)
      if (written === 'conflict') return written
      versions.push(next)
      history.writer = acting
      return written
    },
  })

  function send<T>(replica: number, isWrite: boolean, effect: () => Promise<T>): Promise<T> {
    if (dead.has(replica)) return new Promise(() => {})
    const number = (sent.get(replica) ?? 0) + 1
    sent.set(replica, number)
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    let result: Promise<T> | undefined
    calls.set(replica, {
      name: `${isWrite ? 'write' : 'read'} ${number} of R${replica}`,
      replica,
      isWrite,
      isDone: false,
      take: () => {
        acting = replica
        result = effect()
        // Not before it is stored, which takes a turn.
        void result.then(() => history.seenBy[replica]?.push(versions.at(-1) ?? EMPTY_LEDGER))
      },
      answer: () => void result?.then(resolve, reject),
      fail: what => reject(new Error(what)),
    })
    return promise
  }

  function faultsOf(call: Call): readonly Event[] {
    if (faultsLeft === 0) return []
    const { name, replica, isDone } = call
    const fault = (kind: Fault, title: string, act: () => void): Event => ({
      name: `${name}: ${title}`,
      // A failed call makes its replica act at once, by the time it is.
      touches: footprint([`R${replica}`, 'faults'], kind === 'crash' ? [] : ['clock']),
      happen: () => {
        faultsLeft -= 1
        calls.delete(replica)
        act()
      },
    })
    const options: Readonly<Record<Fault, Event | undefined>> = {
      unreached: isDone ? undefined : fault('unreached', 'never arrives', () => call.fail('it never arrived')),
      'answer lost': isDone ? fault('answer lost', 'answer lost', () => call.fail('the answer was lost')) : undefined,
      crash: fault('crash', `R${replica} dies ${isDone ? 'after' : 'before'} it`, () => void dead.add(replica)),
    }
    return kinds.flatMap(kind => options[kind] ?? [])
  }

  function progressOf(call: Call): Event {
    const { name, replica, isWrite, isDone } = call
    const own = `R${replica}`
    if (isDone) {
      const happen = () => {
        calls.delete(replica)
        call.answer()
      }
      return { name: `${name} is answered`, touches: footprint([own], ['clock']), happen }
    }
    const touches = isWrite ? footprint([own, 'store']) : footprint([own], ['store'])
    const happen = () => {
      call.isDone = true
      call.take()
    }
    return { name, touches, happen }
  }

  return {
    history,
    dead,
    storeOf: replica => ({
      read: tree => send(replica, false, () => store.read(tree)),
      replace: (tree, expected: Versioned<Ledger>, next) =>
        send(replica, true, () => store.replace(tree, expected, next)),
    }),
    events: () => {
      const pending = numbers.flatMap(replica => calls.get(replica) ?? [])
      return [...pending.map(progressOf), ...pending.flatMap(faultsOf)]
    },
    quietAnswer: isQuiet => {
      if (faultsLeft > 0) return undefined
      const call = numbers.flatMap(replica => calls.get(replica) ?? []).find(one => one.isDone && isQuiet(one.replica))
      return call === undefined ? undefined : progressOf(call)
    },
    heal: () => {
      faultsLeft = 0
    },
  }
}
