import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openBook } from '../quota/book.ts'
import { type Charge, ledgerOf } from '../quota/ledger.ts'
import { amounts, STAMP, treeNamed } from '../quota/testing.ts'
import type { SluiceDocument } from '../schema/documents.ts'
import type { JsonObject, Tier } from '../schema/parts.ts'
import { parsedValue, written } from '../schema/testing.ts'
import { assembleCluster } from './cluster.ts'
import { judgeDelete, judgeWrite, type Live } from './guard.ts'
import { CLASSES, placed, QUOTAS } from './testing.ts'

type Kind = SluiceDocument['kind']

const BASE = [...CLASSES, ...QUOTAS]

/** What is in force is what was there before it broke. */
function live(
  objects: readonly JsonObject[] = [],
  charges: readonly Charge[] = [],
  shipped: readonly JsonObject[] = [],
): Live {
  const layers = [placed(shipped, 'shipped'), placed([...BASE, ...objects], 'live')]
  const whole = assembleCluster(...layers)
  const cluster = whole.ok ? whole.value : parsedValue(assembleCluster(placed(BASE)))
  const books = new Map(
    [...cluster.quotas.trees.keys()].map(tree => [tree, openBook(treeNamed(cluster.quotas, tree), ledgerOf(charges))]),
  )
  return { cluster, layers, bookOf: tree => books.get(tree) }
}

function write(kind: Kind, name: string, spec: JsonObject, on: Live = live()) {
  return judgeWrite(written(kind, name, spec), { kind, name }, on)
}

function held(tenant: string, tier: Tier, gpus: number): Charge {
  return { ...STAMP, uid: `${tenant}-${tier}`, tenant, tier, amounts: amounts({ h100: gpus * 1000 }), gang: null }
}

const tenant = (more: JsonObject): JsonObject => ({ cohort: 'research', namespaces: ['team-c'], classes: [], ...more })

describe('a document is refused for', () => {
  const cases: readonly {
    readonly name: string
    readonly kind: Kind
    readonly document?: string
    readonly spec: JsonObject
    readonly field: string
    readonly says: RegExp
    readonly live?: Live
  }[] = [
    {
      name: 'a field that is none',
      kind: 'GpuPolicy',
      spec: { injct: {} },
      field: 'spec',
      says: /^unknown field "injct"$/,
    },
    {
      name: 'an expression that does not compile, with line and column',
      kind: 'GpuPolicy',
      spec: { validate: [{ expression: 'true &&\n  object.spec.(' }] },
      field: 'spec.validate[0].expression',
      says: /^line 2, column 15: /,
    },
    {
      name: 'an expression of another type',
      kind: 'GpuPolicy',
      spec: { matchConditions: [{ name: 'c', expression: '1 + 1' }] },
      field: 'spec.matchConditions[0].expression',
      says: /^line 1, column 1: must be bool, but is int$/,
    },
    {
      name: 'a profile that is not there',
      kind: 'GpuPolicy',
      spec: { inject: { fabric: { profile: 'nowhere' } } },
      field: 'spec.inject.fabric.profile',
      says: /^no FabricProfile is named "nowhere"$/,
    },
    {
      name: 'a key that another policy sets to another value',
      kind: 'GpuPolicy',
      spec: { inject: { env: [{ name: 'A', value: '2' }] } },
      live: live([written('GpuPolicy', 'first', { inject: { env: [{ name: 'A', value: '1' }] } })]),
      field: 'spec.inject',
      says: /^GpuPolicy candidate and GpuPolicy first: both set env A, to different values/,
    },
    {
      name: 'a class that is not there',
      kind: 'TenantQuota',
      spec: tenant({ classes: [{ class: 'h200' }] }),
      field: 'spec.classes',
      says: /^no AcceleratorClass is named "h200"$/,
    },
    {
      name: 'a cohort that is not there',
      kind: 'TenantQuota',
      spec: tenant({ cohort: 'nowhere' }),
      field: 'spec.cohort',
      says: /^there is no Cohort nowhere$/,
    },
    {
      name: 'a namespace of somebody else',
      kind: 'TenantQuota',
      spec: tenant({ namespaces: ['team-a'] }),
      field: 'spec.namespaces',
      says: /^namespace team-a belongs to TenantQuota a as well as to candidate$/,
    },
    {
      name: 'a cycle of cohorts, though it is told at the first of them',
      kind: 'Cohort',
      document: 'research',
      spec: { parent: 'below', classes: [] },
      live: live([written('Cohort', 'below', { parent: 'research', classes: [] })]),
      field: 'spec.parent',
      says: /^Cohort below: the parents form a cycle: below -> research -> below$/,
    },
    {
      name: 'a second default class of one resource',
      kind: 'AcceleratorClass',
      spec: { vendor: 'nvidia', default: true, resources: [{ name: 'nvidia.com/gpu', milliGpus: 1000 }] },
      field: 'spec.resources[0]',
      says: /nvidia.com\/gpu has 2 default classes: candidate, h100/,
    },
  ]
  for (const { name, kind, document = 'candidate', spec, field, says, live: on } of cases) {
    test(name, () => {
      const { denials, warnings } = write(kind, document, spec, on)
      assert.deepEqual(
        denials.map(denial => [denial.reason, denial.field]),
        [['Invalid', field]],
      )
      assert.match(denials[0]?.message ?? '', says)
      assert.deepEqual(warnings, [])
    })
  }

  test('everything at once, a cause each', () => {
    const { denials } = write('GpuPolicy', 'p', {
      validate: [{ expression: '!' }, { expression: 'true' }, { expression: 'nothing.known' }],
    })
    assert.deepEqual(
      denials.map(({ field }) => field),
      ['spec.validate[0].expression', 'spec.validate[2].expression'],
    )
  })
})

describe('where others are broken already', () => {
  const broken = live([
    written('GpuPolicy', 'broken', { validate: [{ expression: '!' }] }),
    written('TenantQuota', 'lost', { cohort: 'nowhere', classes: [] }),
  ])

  test('a document that is well is let through, and told what could not be looked at', () => {
    for (const judged of [
      write('GpuPolicy', 'p', { validate: [{ expression: 'true' }] }, broken),
      write('TenantQuota', 'c', tenant({}), broken),
    ]) {
      assert.deepEqual(judged.denials, [])
      assert.match(judged.warnings.join(), /not valid, so what this means for what runs is not known/)
    }
  })

  test('what is wrong with a document itself is refused all the same', () => {
    assert.equal(write('GpuPolicy', 'p', { validate: [{ expression: '?' }] }, broken).denials.length, 1)
    assert.equal(write('TenantQuota', 'c', tenant({ namespaces: ['team-a'] }), broken).denials.length, 1)
  })

  test('a broken document may be changed without being mended, and mended', () => {
    const still = write('TenantQuota', 'lost', { cohort: 'nowhere', weight: 2, classes: [] }, broken)
    assert.deepEqual(still.denials, [])
    const mended = write('TenantQuota', 'lost', { cohort: 'research', classes: [] }, broken)
    assert.deepEqual([mended.denials, mended.warnings], [[], []])
  })

  test('a class that hid what is wrong with the quotas may be mended', () => {
    const hidden = live([
      written('AcceleratorClass', 'empty', { vendor: 'amd' }),
      written('TenantQuota', 'lost', { cohort: 'nowhere', classes: [] }),
    ])
    const spec = { vendor: 'amd', resources: [{ name: 'amd.com/gpu', milliGpus: 1000 }] }
    assert.deepEqual(write('AcceleratorClass', 'empty', spec, hidden).denials, [])
  })
})

describe('a document may go', () => {
  const remove = (kind: Kind, name: string, on: Live = live()) => judgeDelete({ kind, name }, on)

  test('unless others name it, and who they are is said', () => {
    const [denial] = remove('Cohort', 'research').denials
    assert.deepEqual([denial?.code, denial?.reason], ['SLU-E210', 'Forbidden'])
    assert.equal(denial?.message, 'Cohort research is in use by TenantQuota a, TenantQuota b')
    assert.match(denial?.why ?? '', /TenantQuota a names it in spec\.cohort/)
  })

  test('unless a class, a parent or a profile would be missed', () => {
    const on = live([
      written('Cohort', 'below', { parent: 'above', classes: [] }),
      written('Cohort', 'above', { classes: [] }),
      written('FabricProfile', 'efa', { platform: 'aws', traffic: 'nccl', sources: ['a page'] }),
      written('GpuPolicy', 'p', { inject: { fabric: { profile: 'efa' } } }),
    ])
    for (const [kind, name, user] of [
      ['AcceleratorClass', 'h100', /Cohort research, TenantQuota a, TenantQuota b$/],
      ['Cohort', 'above', /Cohort below$/],
      ['FabricProfile', 'efa', /GpuPolicy p$/],
    ] as const) {
      assert.match(remove(kind, name, on).denials[0]?.message ?? '', user)
    }
  })

  test('where nobody names it, or who does is switched off', () => {
    const on = live([
      written('FabricProfile', 'efa', { platform: 'aws', traffic: 'nccl', sources: ['a page'] }),
      written('GpuPolicy', 'p', { suspend: true, inject: { fabric: { profile: 'efa' } } }),
    ])
    assert.deepEqual(remove('FabricProfile', 'efa', on), { denials: [], warnings: [] })
    assert.deepEqual(remove('GpuPolicy', 'p', on), { denials: [], warnings: [] })
    assert.deepEqual(remove('AcceleratorClass', 'a100'), { denials: [], warnings: [] })
  })

  test('where a shipped one stands below it', () => {
    const [h100 = {}] = CLASSES
    assert.deepEqual(remove('AcceleratorClass', 'h100', live([], [], [h100])).denials, [])
  })

  test('in a cluster that is broken elsewhere, and then where it was not there at all', () => {
    const broken = live([written('TenantQuota', 'lost', { cohort: 'nowhere', classes: [] })])
    assert.equal(remove('Cohort', 'research', broken).denials.length, 1)
    assert.deepEqual(remove('TenantQuota', 'lost', broken).denials, [])
    assert.deepEqual(remove('TenantQuota', 'a', broken).denials, [])
    assert.deepEqual(remove('TenantQuota', '__proto__').denials, [])
  })
})

describe('a change that strands what runs is let through, and told', () => {
  const on = live([], [held('a', 'reserved', 8), held('b', 'reserved', 2), held('a', 'burst', 3)])
  const quota = (more: JsonObject): JsonObject => ({
    cohort: 'research',
    namespaces: ['team-a'],
    classes: [{ class: 'h100', reserved: 8, shared: {}, burst: {} }],
    ...more,
  })

  const cases: readonly { readonly name: string; readonly spec: JsonObject; readonly says: readonly RegExp[] }[] = [
    {
      name: 'a quota below its use',
      spec: quota({ classes: [{ class: 'h100', reserved: 6, shared: {}, burst: {} }] }),
      says: [/^a has 8 h100 in reserved use, and would be allowed 6: 2 stay until pods end$/],
    },
    {
      name: 'a class that is taken away',
      spec: quota({ classes: [] }),
      says: [
        /^a has 8 h100 in reserved use and no more quota for the class: they stay until their pods end$/,
        /^a has 3 h100 in burst use and no more quota/,
        // What nobody has reserved any more is not there for others to stand on.
        /^Cohort research has 13 h100 in use, and would have 12: 1 can be reclaimed$/,
      ],
    },
    {
      name: 'a namespace that is taken away',
      spec: quota({ namespaces: ['other'] }),
      says: [/^namespace team-a goes from a to nobody: pods that run there stay charged to a$/],
    },
  ]
  for (const { name, spec, says } of cases) {
    test(name, () => {
      const { denials, warnings } = write('TenantQuota', 'a', spec, on)
      assert.deepEqual(denials, [])
      assert.equal(warnings.length, says.length, warnings.join('\n'))
      for (const [index, pattern] of says.entries()) assert.match(warnings[index] ?? '', pattern)
    })
  }

  test('a tenant that is deleted', () => {
    const { denials, warnings } = judgeDelete({ kind: 'TenantQuota', name: 'a' }, on)
    assert.deepEqual(denials, [])
    assert.match(warnings[0] ?? '', /^a still has 8 h100 in reserved use: its pods run on, in nobody's quota$/)
  })

  test('a tenant that moves to another tree', () => {
    const with2 = live(
      [written('Cohort', 'other', { classes: [{ class: 'h100', capacity: { gpus: 20 } }] })],
      [held('a', 'reserved', 8)],
    )
    const { warnings } = write('TenantQuota', 'a', quota({ cohort: 'other' }), with2)
    assert.match(warnings.join('\n'), /^a moves from the tree of Cohort research to that of other: /m)
  })

  test('a cohort that shrinks below what is in use', () => {
    const { denials, warnings } = write(
      'Cohort',
      'research',
      { classes: [{ class: 'h100', capacity: { gpus: 12 } }] },
      on,
    )
    assert.deepEqual(denials, [])
    assert.match(warnings.join('\n'), /^Cohort research has 13 h100 in use, and would have 12: 1 can be reclaimed$/m)
  })

  test('a change that strands nobody says nothing', () => {
    assert.deepEqual(write('TenantQuota', 'a', quota({ weight: 2 }), on), { denials: [], warnings: [] })
  })

  test('what is odd about the candidate is told, and what was odd before is not', () => {
    const { warnings } = write(
      'TenantQuota',
      'a',
      quota({ classes: [{ class: 'h100', reserved: 8, shared: { max: 9 }, burst: {} }] }),
      on,
    )
    assert.deepEqual(warnings, [
      'spec.classes[h100].shared.max: 9 is above the shared pool of Cohort research, which is 4',
    ])
  })
})
