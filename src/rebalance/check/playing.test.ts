/** Several needs in one plan: what is only shown beside what happens, and what is owed beside what is claimed. */
import { amount } from '../../quantity/amount.ts'
import type { Claim } from '../../quota/claim.ts'
import { amounts, cohort, tenant } from '../../quota/testing.ts'
import type { ExcessNeed } from '../need.ts'
import type { MetNeed, Plan, Step } from '../plan.ts'
import { HOUR, NOW, nodeNamed, notify, pod, snapshotOf, TERMS } from './scenes.testing.ts'
import { accepts, rejects } from './verdicts.testing.ts'

// 6 are used of 2, one third of it where plans are only shown.
const WORLD = {
  cohorts: [cohort('c', { a: { burst: 2 } }), cohort('slow', { a: {} }, 'c')],
  tenants: [tenant('borrower', 'c', { a: {} }), tenant('careful', 'slow', { a: {} })],
  pods: [
    pod('b1', 'borrower', 'burst', 2),
    pod('b2', 'borrower', 'burst', 2, { budgets: ['n/web'] }),
    pod('c1', 'careful', 'burst', 2, { budgets: ['n/web'] }),
  ],
  rest: {
    terms: new Map([
      ['c', TERMS],
      ['slow', { ...TERMS, mode: 'DryRun' as const }],
    ]),
    disruptionsAllowed: new Map([['n/web', 1]]),
  },
}
const mixed = snapshotOf(WORLD)
const excess = (id: string, atMost: number): ExcessNeed => ({
  kind: 'excess',
  id,
  node: nodeNamed(mixed, 'cohort:c'),
  class: 'a',
  atMost: amount(atMost),
  of: { kind: 'cohort', name: 'c' },
})
const applied = (id: string, atMost: number, ...victims: readonly string[]): MetNeed => {
  return { need: excess(id, atMost), victims, isApplied: true }
}
const shown = (id: string, atMost: number, ...victims: readonly string[]): MetNeed => {
  return { need: excess(id, atMost), victims, isApplied: false }
}
const tell = (need: string, uid: string): Step => notify(need, [uid], 2, { rule: 'over-its-limit' })
const planOf = (met: readonly MetNeed[], ...steps: readonly Step[]): Plan => ({ asOfMs: NOW, met, unmet: [], steps })

const claim: Claim = {
  tenant: 'careful',
  tier: 'burst',
  amounts: amounts({ a: 2 }),
  heldFor: { kind: 'owner', owner: 'job' },
  untilMs: NOW + HOUR,
}
// 4 are used of 4, and a claim of 2 stands on it.
const claimed = snapshotOf({
  ...WORLD,
  cohorts: [cohort('c', { a: { burst: 4 } }), cohort('slow', { a: {} }, 'c')],
  pods: WORLD.pods.slice(0, 2),
  claims: [claim],
})

accepts([
  {
    name: 'what is shown counts on what happens',
    snapshot: mixed,
    plan: planOf([applied('one', 4, 'b1'), shown('two', 2, 'c1')], tell('one', 'b1')),
  },
  {
    name: 'one gives back for two',
    snapshot: mixed,
    plan: planOf([applied('one', 5), applied('two', 4, 'b1')], tell('two', 'b1')),
  },
])

rejects([
  {
    name: 'what happens counts on what is only shown',
    snapshot: mixed,
    plan: planOf([shown('one', 4, 'c1'), applied('two', 2, 'b1')], tell('two', 'b1')),
    want: /need two: cohort:c still uses 4m a, and may use 2m/,
  },
  {
    name: 'a budget is used up by what happens and what is shown together',
    snapshot: mixed,
    plan: planOf([applied('one', 4, 'b2'), shown('two', 2, 'c1')], tell('one', 'b2')),
    want: /n\/web: 2 of its pods are to go, and it allows 1/,
  },
  {
    name: 'two give back for two needs of which the second alone is enough',
    snapshot: mixed,
    plan: planOf([applied('one', 4, 'b1'), applied('two', 4, 'b2')], tell('one', 'b1'), tell('two', 'b2')),
    want: /need one, pod b1: it is not needed/,
  },
  {
    name: 'somebody gives back to a claim as if it were owed',
    snapshot: claimed,
    plan: planOf([applied('one', 6, 'b1')], tell('one', 'b1')),
    want: /need one, pod b1: it is not needed/,
  },
  {
    name: 'a claim is brought below the limit as if it were owed',
    snapshot: claimed,
    plan: planOf([applied('one', 4, 'b1')], tell('one', 'b1')),
    want: /cohort:c may use 4m a, and is brought down to 2m/,
  },
])
