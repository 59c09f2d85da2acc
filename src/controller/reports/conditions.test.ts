import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assembleSound, identityInCluster, type SoundCluster } from '../../admission/sound-cluster.ts'
import { CLASSES, QUOTAS } from '../../admission/testing.ts'
import { openBook } from '../../quota/book.ts'
import { ledgerOf } from '../../quota/ledger.ts'
import { amounts, STAMP, treeNamed } from '../../quota/testing.ts'
import type { JsonObject, Tier } from '../../schema/parts.ts'
import { parsedValue, written } from '../../schema/testing.ts'
import { conditionsOf, type Outlook, readReport, reportOf, type Told } from './conditions.ts'
import { excessWatch } from './excesses.ts'

function placedIn(values: readonly JsonObject[]) {
  return values.map(value => ({ at: identityInCluster({ value }), value }))
}

/** What is compiled of the cluster of the tests and these, one after the other. */
function soundAfter(...versions: readonly (readonly JsonObject[])[]): SoundCluster {
  const base = [...CLASSES, ...QUOTAS]
  return versions.reduce<SoundCluster | undefined>((former, values) => {
    const replaced = new Map(placedIn([...base, ...values]).map(object => [object.at, object]))
    return parsedValue(assembleSound([], [...replaced.values()], former?.objects))
  }, undefined) as SoundCluster
}

function conditions(
  sound: SoundCluster,
  identity: string,
  more: Partial<Outlook> = {},
): Readonly<Record<string, string>> {
  const unsound = sound.unsound.find(({ object }) => identityInCluster(object) === identity)
  const object = unsound?.object ?? sound.objects.get(identity)
  assert.ok(object !== undefined, identity)
  const outlook: Outlook = { object, unsound, warnings: [], use: { kind: 'of-no-account' }, ...more }
  return Object.fromEntries(conditionsOf(outlook).map(({ type, status, reason }) => [type, `${status} ${reason}`]))
}

const broken = written('GpuPolicy', 'p', { validate: [{ expression: 'true &&' }] })
const sane = written('GpuPolicy', 'p', { validate: [{ expression: 'true' }] })
const env = (name: string, value: string) => written('GpuPolicy', name, { inject: { env: [{ name: 'A', value }] } })

describe('the conditions of a document', () => {
  const cases: readonly {
    readonly name: string
    readonly sound: SoundCluster
    readonly of: string
    readonly want: Readonly<Record<string, string>>
  }[] = [
    {
      name: 'that is in force',
      sound: soundAfter([sane]),
      of: 'GpuPolicy p',
      want: { Ready: 'True InForce', Accepted: 'True Valid', Compiled: 'True Compiled' },
    },
    {
      name: 'of which no expression can be used',
      sound: soundAfter([broken]),
      of: 'GpuPolicy p',
      want: { Ready: 'False NotInForce', Accepted: 'False Invalid', Compiled: 'False CompileFailed' },
    },
    {
      name: 'that was sound before',
      sound: soundAfter([sane], [broken]),
      of: 'GpuPolicy p',
      want: { Ready: 'False FormerVersionInForce', Accepted: 'False Invalid', Compiled: 'False CompileFailed' },
    },
    {
      name: 'that compiles and contradicts another one',
      sound: soundAfter([env('p', '1'), env('q', '2')]),
      of: 'GpuPolicy p',
      want: { Ready: 'False NotInForce', Accepted: 'False Conflict', Compiled: 'True Compiled' },
    },
    {
      name: 'that is switched off, though it would not compile',
      sound: soundAfter([written('GpuPolicy', 'p', { suspend: true, validate: [{ expression: '!' }] })]),
      of: 'GpuPolicy p',
      want: { Ready: 'False Suspended', Accepted: 'True Valid', Compiled: 'False CompileFailed' },
    },
    {
      name: 'that cannot be read at all',
      sound: soundAfter([written('GpuPolicy', 'p', { later: 1 })]),
      of: 'GpuPolicy p',
      want: { Ready: 'False NotInForce', Accepted: 'False Invalid', Compiled: 'Unknown Unreadable' },
    },
    {
      name: 'of another kind',
      sound: soundAfter([]),
      of: 'AcceleratorClass h100',
      want: { Ready: 'True InForce', Accepted: 'True Valid' },
    },
  ]
  for (const { name, sound, of, want } of cases) {
    test(name, () => assert.deepEqual(conditions(sound, of), want))
  }

  test('say what is wrong, with line and column, in one plain line', () => {
    const { unsound } = soundAfter([broken])
    const [fault] = unsound
    assert.ok(fault !== undefined)
    const told = conditionsOf({ object: fault.object, unsound: fault, warnings: [], use: { kind: 'of-no-account' } })
    for (const { type, message } of told)
      assert.match(message, /GpuPolicy p: spec\.validate\[0\]\.expression 1:\d+: /, type)
    for (const { message } of told) assert.match(message, /^[\x20-\x7e]{1,1024}$/)
  })

  test('tell what is odd without calling it wrong', () => {
    const warnings = [
      { at: 'Cohort research: spec.classes[h100]', problem: 'promises 4 h100 more than its capacity of 20' },
    ]
    assert.equal(conditions(soundAfter([]), 'Cohort research', { warnings }).Ready, 'True InForceWithWarnings')
  })
})

describe('what is in use beyond the limits', () => {
  const charge = (tenant: string, tier: Tier, gpus: number) => {
    return { ...STAMP, uid: `${tenant}-${tier}`, tenant, tier, amounts: amounts({ h100: gpus * 1000 }), gang: null }
  }
  const { quotas } = soundAfter([]).cluster
  const bookOf = (...charges: readonly ReturnType<typeof charge>[]) =>
    openBook(treeNamed(quotas, 'research'), ledgerOf(charges))

  test('is told of the tenant and of the cohort, and nothing of those within', () => {
    const uses = excessWatch(() => bookOf(charge('a', 'burst', 12), charge('b', 'reserved', 9)))(quotas)
    assert.deepEqual(uses.get('TenantQuota b'), {
      kind: 'known',
      excesses: ['more h100 is in reserved use than the limits leave room for: it stays until pods end'],
    })
    assert.deepEqual(uses.get('Cohort research'), {
      kind: 'known',
      excesses: ['more h100 is in use than there is: a part can be reclaimed'],
    })
    const within = excessWatch(() => bookOf(charge('a', 'reserved', 8)))(quotas)
    assert.deepEqual([...new Set(within.values())], [{ kind: 'known', excesses: [] }])
  })

  test('is unknown before the ledger was read', () => {
    const uses = excessWatch(() => undefined)(quotas)
    assert.deepEqual([...uses.keys()].toSorted(), ['Cohort research', 'TenantQuota a', 'TenantQuota b'])
    assert.deepEqual([...new Set(uses.values())], [{ kind: 'unknown' }])
  })

  test('does not change its words with every pod', () => {
    const lines = (gpus: number) =>
      excessWatch(() => bookOf(charge('b', 'reserved', gpus)))(quotas).get('TenantQuota b')
    assert.deepEqual(lines(9), lines(10))
  })

  test('is looked at again only where a book is another', () => {
    let book = bookOf(charge('b', 'reserved', 9))
    const watch = excessWatch(() => book)
    const before = watch(quotas).get('TenantQuota b')
    assert.equal(watch(quotas).get('TenantQuota b'), before)
    book = bookOf()
    assert.deepEqual(watch(quotas).get('TenantQuota b'), { kind: 'known', excesses: [] })
  })
})

describe('a report', () => {
  const ready = (status: Told['status'], message = ''): Told => ({ type: 'Ready', status, reason: 'InForce', message })
  const first = reportOf({ conditions: [] }, [ready('True')], 1, 1_500)

  test('says since when, in whole seconds, and of which generation', () => {
    const lastTransitionTime = '1970-01-01T00:00:01Z'
    assert.deepEqual(first, {
      observedGeneration: 1,
      conditions: [{ ...ready('True'), observedGeneration: 1, lastTransitionTime }],
    })
  })

  test('keeps the time while the status stays, whatever is said of it', () => {
    const same = reportOf(first, [ready('True', 'other words')], 2, 9_000)
    assert.equal(same.conditions[0]?.lastTransitionTime, first.conditions[0]?.lastTransitionTime)
    const other = reportOf(first, [ready('False')], 2, 9_000)
    assert.equal(other.conditions[0]?.lastTransitionTime, '1970-01-01T00:00:09Z')
  })

  test('leaves conditions of others, and takes back those of ours that are not told any longer', () => {
    const foreign = { ...ready('True'), type: 'Healthy', lastTransitionTime: '2026-01-01T00:00:00Z' }
    const stale = { ...foreign, type: 'Compiled' }
    const types = reportOf({ conditions: [foreign, stale] }, [ready('True')], 1, 0).conditions.map(({ type }) => type)
    assert.deepEqual(types, ['Ready', 'Healthy'])
  })

  test('is read back as it was written, and from anything else nothing is read', () => {
    assert.deepEqual(readReport({ ...first }), first)
    const junk = JSON.parse('{"__proto__": {"conditions": [1]}, "observedGeneration": "1"}')
    for (const status of [undefined, {}, { conditions: 'many' }, { conditions: [null, 1, [], { type: 1 }] }, junk]) {
      assert.deepEqual(readReport(status), { conditions: [] })
    }
  })
})
