/** Which asks are one question, so that thousands who wait for the same are decided once. */
import type { Book } from '../../quota/book.ts'
import type { Ask } from '../../quota/decide.ts'
import { claimFor } from '../../quota/drawing.ts'
import { gangKey } from '../../quota/gang.ts'
import { knownGang } from '../../quota/ledger.ts'
import type { Amounts } from '../../quota/usage.ts'

interface Question {
  /** What the ask is whatever the ledger holds. */
  readonly text: string
  readonly gang: string | undefined
}

// An ask never changes, and is asked about every second for as long as it waits.
const questions = new WeakMap<Ask, Question>()

/** The same text for all asks that a book gives the same answer. */
export function questionOf(ask: Ask, { ledger }: Book): string {
  const known = questions.get(ask) ?? worded(ask)
  questions.set(ask, known)
  const { text, gang } = known
  // Of a gang some of whom are there, less may be missing than of another of its size.
  const ofGang = gang === undefined || knownGang(ledger, gang) === undefined ? text : `${text} ${gang}`
  return claimFor(ledger, ask) === undefined ? ofGang : `${ofGang} ${ask.owner}`
}

function worded({ tenant, tier, demand, gang }: Ask): Question {
  const whole = gang === undefined ? null : [gang.size, amountsOf(gang.demand)]
  return {
    text: JSON.stringify([tenant, tier, amountsOf(demand), whole]),
    gang: gang === undefined ? undefined : gangKey(tenant, gang.id),
  }
}

function amountsOf(amounts: Amounts): readonly (readonly [string, string])[] {
  return [...amounts].map(([key, amount]) => [key, String(amount)] as const).toSorted()
}
