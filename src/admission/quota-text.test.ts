import assert from 'node:assert/strict'
import { test } from 'node:test'
import { amount } from '../quantity/amount.ts'
import { type Book, openBook } from '../quota/book.ts'
import { amend } from '../quota/change.ts'
import { type Bar, barsFor, decide } from '../quota/decide.ts'
import { explain } from '../quota/explain.ts'
import type { WholeGang } from '../quota/gang.ts'
import { EMPTY_LEDGER } from '../quota/ledger.ts'
import type { Limit } from '../quota/limits.ts'
import type { CohortSpec, TenantSpec } from '../quota/spec.ts'
import { amounts, cohort, compiled, request, STAMP, tenant, tenantNamed } from '../quota/testing.ts'
import { verdictOf } from '../quota/verdict.ts'
import type { Tier } from '../schema/parts.ts'
import { denialText } from './denial.ts'
import { barRefusal, borrowWarnings, limitName, refusal } from './quota-text.ts'

/*
 * What a tenant reads, whole, from real quotas and a real ledger: one scene for every limit that can bind. Reviewed as text; when one
 * changes, so does what people see and grep for.
 */

type Numbers = Readonly<Record<string, number>>

interface Scene {
  readonly cohorts: readonly CohortSpec[]
  readonly tenants: readonly TenantSpec[]
  readonly held?: readonly (readonly [tenant: string, tier: Tier, gpus: number])[]
  readonly claimed?: readonly (readonly [tenant: string, tier: Tier, gpus: number, owner: string])[]
  readonly tier: Tier | 'auto'
  readonly demand: Numbers
  readonly owner?: string
  readonly gang?: WholeGang
}

const milli = (gpus: number) => Math.round(gpus * 1000)
const h100 = (limits: Numbers) => ({
  h100: Object.fromEntries(Object.entries(limits).map(([field, gpus]) => [field, milli(gpus)])),
})

function bookOf({ cohorts, tenants, held = [], claimed = [] }: Scene): Book {
  const [quota] = compiled(cohorts, tenants).trees.values()
  assert.ok(quota !== undefined)
  const used = held.reduce(
    (book, [name, tier, gpus], index) => {
      const decided = decide(book, request(`held-${index}`, name, { h100: milli(gpus) }, tier), STAMP)
      assert.equal(decided.outcome.kind, 'charged', `${name} could not hold ${gpus} in ${tier}`)
      return decided.book
    },
    openBook(quota, EMPTY_LEDGER),
  )
  return claimed.reduce((book, [name, tier, gpus, owner]) => {
    const heldFor = { kind: 'owner', owner } as const
    return amend(book, {
      kind: 'claim',
      claim: { tenant: name, tier, amounts: amounts({ h100: milli(gpus) }), heldFor, untilMs: STAMP.expiresAtMs },
    })
  }, used)
}

function refused(scene: Scene) {
  const book = bookOf(scene)
  const demand = amounts(Object.fromEntries(Object.entries(scene.demand).map(([name, gpus]) => [name, milli(gpus)])))
  const { tier, gang, owner } = scene
  const ask = { tenant: 't', tier, demand, gang, owner }
  const explanation = explain(book, tenantNamed(book.quota, 't'), ask)
  assert.ok(
    explanation.tiers.every(({ fits }) => !fits),
    'the pod fits',
  )
  return { explanation, denial: refusal({ kind: 'refused', explanation }) }
}

const ALL_TIERS = {
  cohorts: [cohort('c', { ...h100({ shared: 4, burst: 4 }), a100: { burst: 16_000 } })],
  tenants: [
    tenant('t', 'c', { ...h100({ reserved: 8, sharedMax: 4, burstLimit: 4 }), a100: {} }),
    tenant('u', 'c', h100({})),
  ],
  held: [
    ['t', 'reserved', 8],
    ['u', 'burst', 4],
  ],
  tier: 'auto',
} as const

interface Golden extends Scene {
  readonly name: string
  /** The first line, why, and fix. */
  readonly want: readonly string[]
  /** The limit that binds in the last tier. */
  readonly limit: Limit['kind']
}

const GOLDENS: readonly Golden[] = [
  {
    name: 'the reservation is full',
    limit: 'reserved',
    cohorts: [cohort('c', h100({ burst: 8 }))],
    tenants: [tenant('t', 'c', h100({ reserved: 8 }))],
    held: [['t', 'reserved', 6]],
    tier: 'reserved',
    demand: { h100: 4 },
    want: [
      '[SLU-Q201] exceeded quota: t/reserved, requested: h100=4, used: 6, limited: 8',
      '  why: reserved has 2 left by its size (6 of 8); cohort c has 10 h100 idle',
      '  fix: ask for at most 2 h100, or free some of what t uses, or wait',
    ],
  },
  {
    name: 'the tenant’s part of the pool is full',
    limit: 'shared-max',
    cohorts: [cohort('c', h100({ shared: 8 }))],
    tenants: [tenant('t', 'c', h100({ sharedMax: 5 }))],
    held: [['t', 'shared', 4]],
    tier: 'shared',
    demand: { h100: 2 },
    want: [
      '[SLU-Q201] exceeded quota: t/shared, requested: h100=2, used: 4, limited: 5',
      '  why: shared has 1 left by its maximum (4 of 5); cohort c has 4 h100 idle',
      '  fix: ask for at most 1 h100, or free some of what t uses, or wait',
    ],
  },
  {
    name: 'the pool is full',
    limit: 'shared-pool',
    cohorts: [cohort('c', h100({ shared: 8, burst: 8 }))],
    tenants: [tenant('t', 'c', h100({ sharedMax: 8 })), tenant('u', 'c', h100({}))],
    held: [['u', 'shared', 7.5]],
    tier: 'shared',
    demand: { h100: 1 },
    want: [
      '[SLU-Q201] exceeded quota: t/shared, requested: h100=1, used: 7500m, limited: 8',
      '  why: shared has 500m left by the pool of cohort c (7500m of 8); cohort c has 8500m h100 idle',
      '  fix: wait until others give some back',
    ],
  },
  {
    name: 'the tenant may borrow no more',
    limit: 'burst-limit',
    cohorts: [cohort('c', h100({ burst: 12 }))],
    tenants: [tenant('t', 'c', h100({ burstLimit: 8 }))],
    held: [['t', 'burst', 6]],
    tier: 'burst',
    demand: { h100: 8 },
    want: [
      '[SLU-Q201] exceeded quota: t/burst, requested: h100=8, used: 6, limited: 8',
      '  why: burst has 2 left by its borrowing limit (6 of 8); cohort c has 6 h100 idle; t borrows 6',
      '  fix: ask for at most 2 h100, or free some of what t uses, or wait',
    ],
  },
  {
    name: 'the tenant may hold no more of a class, over all tiers',
    limit: 'cap',
    cohorts: [cohort('c', h100({ burst: 12 }))],
    tenants: [tenant('t', 'c', h100({ reserved: 4, cap: 8 }))],
    held: [
      ['t', 'reserved', 4],
      ['t', 'burst', 2],
    ],
    tier: 'burst',
    demand: { h100: 4 },
    want: [
      '[SLU-Q201] exceeded quota: t/burst, requested: h100=4, used: 6, limited: 8',
      '  why: burst has 2 left by its cap on h100 (6 of 8); cohort c has 10 h100 idle; t borrows 2',
      '  fix: ask for at most 2 h100, or free some of what t uses, or wait',
    ],
  },
  {
    name: 'a gang that does not fit at once',
    limit: 'reserved',
    cohorts: [cohort('c', h100({ burst: 12 }))],
    tenants: [tenant('t', 'c', h100({ reserved: 12 }))],
    tier: 'reserved',
    demand: { h100: 4 },
    gang: { id: 'g', size: 4, demand: new Map([['h100', amount(16_000)]]) },
    want: [
      '[SLU-Q202] exceeded quota: t/reserved, requested: h100=16, possible: 12',
      '  why: all 4 pods of the gang must fit at once; reserved has 12 left by its size (0 of 12); cohort c has 24 h100 idle',
      '  fix: make the gang at most 3 pods, or ask the platform team for more quota',
    ],
  },
  {
    name: 'the cohort may borrow no more',
    limit: 'borrowing-limit',
    cohorts: [cohort('top', h100({ burst: 20 })), cohort('c', h100({ burst: 4, borrowingLimit: 3 }), 'top')],
    tenants: [tenant('t', 'c', h100({})), tenant('u', 'c', h100({}))],
    held: [['u', 'burst', 7]],
    tier: 'burst',
    demand: { h100: 1 },
    want: [
      '[SLU-Q201] exceeded quota: t/burst, requested: h100=1, used: 7, limited: 7',
      '  why: burst is full by the borrowing limit of cohort c (7 of 7); cohort c has 0 h100 idle; u borrows 7',
      '  fix: wait until others give some back',
    ],
  },
  {
    name: 'a neighbour lends no more',
    limit: 'lending-limit',
    cohorts: [cohort('c', h100({ burst: 4 }))],
    tenants: [tenant('t', 'c', h100({})), tenant('u', 'c', h100({ reserved: 8, lendingLimit: 2 }))],
    held: [['t', 'burst', 5]],
    tier: 'burst',
    demand: { h100: 2 },
    want: [
      '[SLU-Q201] exceeded quota: t/burst, requested: h100=2, used: 5, limited: 6',
      '  why: burst has 1 left by the lending limit of u (5 of 6); cohort c has 1 h100 idle; t borrows 5',
      '  fix: ask for at most 1 h100, or free some of what t uses, or wait',
    ],
  },
  {
    name: 'another cohort lends no more',
    limit: 'lending-limit',
    cohorts: [
      cohort('top', h100({ burst: 2 })),
      cohort('c', h100({}), 'top'),
      cohort('d', h100({ burst: 8, lendingLimit: 1 }), 'top'),
    ],
    tenants: [tenant('t', 'c', h100({})), tenant('u', 'd', h100({}))],
    held: [['t', 'burst', 2]],
    tier: 'burst',
    demand: { h100: 2 },
    want: [
      '[SLU-Q201] exceeded quota: t/burst, requested: h100=2, used: 2, limited: 3',
      '  why: burst has 1 left by the lending limit of cohort d (2 of 3); cohort c has 0 h100 idle; t borrows 2',
      '  fix: ask for at most 1 h100, or free some of what t uses, or wait',
    ],
  },
  {
    name: 'everything is in use',
    limit: 'nothing-idle',
    cohorts: [cohort('c', h100({ burst: 8 }))],
    tenants: [tenant('t', 'c', h100({})), tenant('u', 'c', h100({})), tenant('v', 'c', h100({}))],
    held: [
      ['u', 'burst', 5],
      ['v', 'burst', 3],
    ],
    tier: 'burst',
    demand: { h100: 1 },
    want: [
      '[SLU-Q201] exceeded quota: t/burst, requested: h100=1, used: 8, limited: 8',
      '  why: burst is full by what c has in all (8 of 8); cohort c has 0 h100 idle; u borrows 5; v borrows 3',
      '  fix: wait until others give some back',
    ],
  },
  {
    ...ALL_TIERS,
    name: 'no tier of any fits',
    limit: 'burst-limit',
    demand: { h100: 8 },
    want: [
      '[SLU-Q201] exceeded quota: t/burst, requested: h100=8, used: 0, limited: 4',
      '  why: reserved is full by its size (8 of 8); shared has 4 left by its maximum (0 of 4); burst has 4 left by its borrowing limit (0 of 4); cohort c has 4 h100 idle; u borrows 4',
      '  fix: ask for at most 4 h100, or use a100, of which 16 fit now, or free some of what t uses, or wait',
    ],
  },
  {
    ...ALL_TIERS,
    name: 'more than there can ever be',
    limit: 'burst-limit',
    demand: { h100: 16 },
    want: [
      '[SLU-Q202] exceeded quota: t/burst, requested: h100=16, possible: 8',
      '  why: reserved is full by its size (8 of 8); shared has 4 left by its maximum (0 of 4); burst has 4 left by its borrowing limit (0 of 4); cohort c has 4 h100 idle; u borrows 4',
      '  fix: ask for at most 4 h100, or use a100, of which 16 fit now, or ask the platform team for more quota',
    ],
  },
  {
    ...ALL_TIERS,
    name: 'of two classes, the one that lacks most',
    limit: 'nothing-idle',
    demand: { h100: 2, a100: 32 },
    want: [
      '[SLU-Q202] exceeded quota: t/burst, requested: h100=2,a100=32, possible: a100=16',
      '  why: reserved is full by its size (0 of 0); shared is full by the pool of cohort c (0 of 0); burst has 16 left by what c has in all (0 of 16); cohort c has 16 a100 idle',
      '  fix: ask for at most 16 a100, or ask the platform team for more quota',
    ],
  },
  {
    name: 'room that is held for somebody else',
    limit: 'nothing-idle',
    cohorts: [cohort('c', h100({ burst: 8 }))],
    tenants: [tenant('t', 'c', h100({})), tenant('u', 'c', h100({}))],
    held: [['u', 'burst', 2]],
    claimed: [['u', 'burst', 4, 'job']],
    tier: 'burst',
    demand: { h100: 4 },
    want: [
      '[SLU-Q201] exceeded quota: t/burst, requested: h100=4, used: 6, limited: 8',
      '  why: burst has 2 left by what c has in all (6 of 8); cohort c has 2 h100 idle; 4 h100 are held for u; u borrows 2',
      '  fix: ask for at most 2 h100, or wait until others give some back',
    ],
  },
  {
    name: 'room that is held for it, and that others still use',
    limit: 'nothing-idle',
    cohorts: [cohort('c', h100({ burst: 8 }))],
    tenants: [tenant('t', 'c', h100({})), tenant('u', 'c', h100({}))],
    held: [['u', 'burst', 6]],
    claimed: [['t', 'burst', 4, 'job']],
    tier: 'burst',
    demand: { h100: 4 },
    owner: 'job',
    want: [
      '[SLU-Q201] exceeded quota: t/burst, requested: h100=4, used: 6, limited: 8',
      '  why: burst has 2 left by what c has in all (6 of 8); cohort c has 2 h100 idle; 4 h100 are held for it, and others still use some; u borrows 6',
      '  fix: wait until others give some back',
    ],
  },
  {
    ...ALL_TIERS,
    name: 'a part of a GPU is answered in parts',
    limit: 'burst-limit',
    held: [
      ['t', 'reserved', 8],
      ['t', 'shared', 4],
      ['t', 'burst', 3.75],
    ],
    demand: { h100: 0.5 },
    want: [
      '[SLU-Q201] exceeded quota: t/burst, requested: h100=500m, used: 3750m, limited: 4',
      '  why: reserved is full by its size (8 of 8); shared is full by its maximum (4 of 4); burst has 250m left by its borrowing limit (3750m of 4); cohort c has 250m h100 idle; t borrows 3750m',
      '  fix: ask for at most 250m h100, or use a100, of which 16 fit now, or free some of what t uses, or wait',
    ],
  },
]

test('a tenant reads which limit binds, who holds the capacity, and what would fit', () => {
  for (const scene of GOLDENS) {
    const { denial, explanation } = refused(scene)
    assert.equal(
      explanation.tiers.at(-1)?.classes.toSorted((a, b) => Number(b.short - a.short))[0]?.binding.limit.kind,
      scene.limit,
      scene.name,
    )
    const [first, why, fix, more] = denialText([denial]).split('\n')
    assert.deepEqual([first, why, fix], scene.want, scene.name)
    assert.equal(more, `  more: https://sluice.dev/codes/${denial.code}`, scene.name)
    assert.equal(denial.reason, 'Forbidden', scene.name)
  }
})

test('every limit has a scene', () => {
  const kinds: Record<Limit['kind'], true> = {
    reserved: true,
    'shared-max': true,
    'shared-pool': true,
    'burst-limit': true,
    'borrowing-limit': true,
    'lending-limit': true,
    cap: true,
    'nothing-idle': true,
  }
  assert.deepEqual(new Set(GOLDENS.map(({ limit }) => limit)), new Set(Object.keys(kinds)))
})

test('a size is not advised that is no smaller than what was asked for', () => {
  // Each class fits in a tier, and no tier fits both.
  const { denial } = refused({
    cohorts: [cohort('c', { ...h100({ burst: 0 }), a100: { burst: 4_000 } })],
    tenants: [tenant('t', 'c', { ...h100({ reserved: 4, burstLimit: 0 }), a100: {} })],
    tier: 'auto',
    demand: { h100: 4, a100: 4 },
  })
  assert.equal(denial.fix, 'ask the platform team for more quota')
})

const LIMITS = {
  cohorts: [cohort('c', { ...h100({ burst: 64 }), a100: { burst: 8_000 } })],
  tenants: [tenant('t', 'c', { ...h100({ perPodMin: 2, perPodMax: 8 }), a100: {} })],
}

function bars(demand: Numbers, tenants: readonly TenantSpec[] = LIMITS.tenants): readonly Bar[] {
  const quota = bookOf({ ...LIMITS, tenants, tier: 'auto', demand }).quota
  return barsFor(tenantNamed(quota, 't'), { demand: amounts(demand) })
}

test('what no freed capacity would help is said with what to change', () => {
  const held = {
    uid: 'u',
    tenant: 't',
    tier: 'burst',
    amounts: amounts({ h100: 1 }),
    gang: null,
    ...STAMP,
  } as const
  const cases: readonly { readonly bars: readonly Bar[]; readonly want: readonly string[] }[] = [
    {
      bars: bars({ h200: 1_000 }),
      want: ['SLU-Q210 Forbidden: exceeded quota: no quota for h200 / use one of a100, h100'],
    },
    {
      bars: bars({ h200: 1_000 }, [tenant('t', 'c', {})]),
      want: ['SLU-Q210 Forbidden: exceeded quota: no quota for h200 / ask the platform team for one'],
    },
    {
      bars: bars({ h100: 16_000 }),
      want: ['SLU-Q220 Invalid: 16 h100 is more than one pod may use: 8 / spread the work over more pods of at most 8'],
    },
    {
      bars: bars({ h100: 500 }),
      want: [
        'SLU-Q221 Invalid: 500m h100 is less than one pod must use: 2 / ask for at least 2, or use a class that is divided into smaller parts',
      ],
    },
    {
      bars: [{ kind: 'unknown-tenant', tenant: 't' }],
      want: ['SLU-Q211 Forbidden: exceeded quota: tenant t is not defined / '],
    },
    {
      bars: [{ kind: 'uid-taken', holder: held }],
      want: ["SLU-S500 Forbidden: the pod's UID is already charged to t/burst with another demand / "],
    },
  ]
  for (const { bars: found, want } of cases) {
    const lines = found
      .map(barRefusal)
      .map(({ code, reason, message, fix = '' }) => `${code} ${reason}: ${message} / ${fix}`)
    assert.deepEqual(lines, want)
  }
})

test('who borrows is told from whom, and how soon it can be asked back', () => {
  const scenes: readonly (Omit<Scene, 'tier' | 'demand'> & { readonly gpus: number; readonly want: string })[] = [
    {
      cohorts: [cohort('c', h100({ burst: 4 }))],
      tenants: [tenant('t', 'c', h100({}))],
      gpus: 4,
      want: 'the burst pool of c',
    },
    {
      cohorts: [cohort('c', h100({ shared: 4 }))],
      tenants: [tenant('t', 'c', h100({}))],
      gpus: 2,
      want: 'the shared pool of c',
    },
    {
      cohorts: [cohort('c', h100({}))],
      tenants: [tenant('t', 'c', h100({})), tenant('u', 'c', h100({ reserved: 4 }))],
      gpus: 0.5,
      want: 'u',
    },
    {
      cohorts: [cohort('top', h100({})), cohort('c', h100({}), 'top'), cohort('d', h100({ burst: 4 }), 'top')],
      tenants: [tenant('t', 'c', h100({}))],
      gpus: 1,
      want: 'cohort d',
    },
    {
      cohorts: [cohort('c', h100({ burst: 4 }))],
      tenants: [tenant('t', 'c', h100({})), tenant('u', 'c', h100({ reserved: 4 }))],
      gpus: 6,
      want: 'the burst pool of c, u',
    },
    {
      cohorts: [cohort('c', h100({}))],
      tenants: [tenant('t', 'c', h100({ reserved: 2 }))],
      gpus: 1,
      want: 'its own reservation',
    },
  ]
  for (const { gpus, want, ...quotas } of scenes) {
    const asked = request('new', 't', { h100: milli(gpus) }, 'burst')
    const { outcome, book } = decide(bookOf({ ...quotas, tier: 'burst', demand: {} }), asked, STAMP)
    const verdict = verdictOf(outcome, asked, book)
    assert.ok(verdict.kind === 'charged', want)
    const amountOf = gpus === 0.5 ? '500m' : String(gpus)
    assert.deepEqual(borrowWarnings(verdict, 't', 60), [
      `borrows ${amountOf} h100 from ${want}; can be reclaimed with 60 s notice`,
    ])
  }
})

test('what is reserved or shared is not borrowed, and a lender that is not known is not named', () => {
  assert.deepEqual(
    borrowWarnings({ kind: 'charged', tier: 'reserved', borrowed: new Map(), lenders: new Map() }, 'borrower', 60),
    [],
  )
  const borrowed = new Map([['h100', amount(1_000)]])
  assert.deepEqual(borrowWarnings({ kind: 'charged', tier: 'burst', borrowed, lenders: new Map() }, 'borrower', 60), [
    'borrows 1 h100; can be reclaimed with 60 s notice',
  ])
})

test('a limit by name', () => {
  assert.equal(
    limitName({ kind: 'lending-limit', owner: { kind: 'tenant', tenant: 'u' }, hidden: amount(1) }),
    'the lending limit of u',
  )
})

test('a refusal ends with the command that shows who uses what, where the namespace is known and there is room', () => {
  const { explanation } = refused({ ...ALL_TIERS, demand: { h100: 8 } })
  const fixFor = (namespace: string | undefined, told = explanation) =>
    refusal({ kind: 'refused', explanation: told }, namespace).fix ?? ''
  const plain = fixFor(undefined)
  assert.equal(fixFor('team-a'), `${plain}; see kubectl sluice usage -n team-a`)
  // What is pasted into a shell must be a name and nothing else.
  for (const name of ['', '-n', 'a; rm -rf .', 'A', '$(x)', 'x'.repeat(64)]) assert.equal(fixFor(name), plain)
  const roomy = { reserved: amount(8_000), shared: amount(0), burst: amount(0) }
  const crowded = { ...explanation, largest: new Map([['x'.repeat(253), roomy]]) }
  assert.equal(fixFor('team-a', crowded), fixFor(undefined, crowded))
})
