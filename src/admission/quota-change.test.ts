import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { openBook } from '../quota/book.ts'
import { decide } from '../quota/decide.ts'
import { type Charge, ledgerOf } from '../quota/ledger.ts'
import { amounts, request, STAMP, treeNamed } from '../quota/testing.ts'
import { TIERS, type Tier } from '../schema/parts.ts'
import { written } from '../schema/testing.ts'
import type { Cluster } from './cluster.ts'
import { exemptNamespaces } from './exempt.ts'
import { type Asked, isRefusal, isSafe, quotaChange } from './quota-change.ts'
import { clusterWith, placed } from './testing.ts'

const OPTIONS = { exempt: exemptNamespaces([]) }

function quotaOf(name: string, limits: { readonly reserved: number; readonly burst: number }) {
  return written('TenantQuota', name, {
    cohort: 'research',
    namespaces: [`team-${name}`],
    classes: [{ class: 'h100', reserved: limits.reserved, shared: {}, burst: { borrowingLimit: limits.burst } }],
  })
}

function chargeOf(index: number, tenant: string, tier: Tier, gpus: number): Charge {
  const uid = `held-${index}`
  return {
    ...STAMP,
    uid,
    tenant,
    tier,
    amounts: amounts({ h100: gpus * 1000 }),
    gang: null,
  }
}

function asked(before: Cluster, after: Cluster, gpus: number): readonly Asked[] {
  const containers = [{ name: 'main', image: 'x', resources: { limits: { 'nvidia.com/gpu': String(gpus) } } }]
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'team-a' }, spec: { containers } }
  return placed([pod]).map(object => ({ object, before, after }))
}

describe('a change of quotas', () => {
  const before = clusterWith()

  test('that takes what a pod would have got refuses it, and says by which limit', async () => {
    const after = clusterWith(quotaOf('a', { reserved: 2, burst: 0 }))
    const change = await quotaChange(before, after, [], asked(before, after, 6), OPTIONS)
    const [pod] = change.pods
    assert.ok(pod !== undefined && isRefusal(pod))
    assert.deepEqual([pod.before.tier, pod.after.denials.map(({ code }) => code)], ['reserved', ['SLU-Q202']])
    assert.match(String(pod.after.denials[0]?.why), /reserved has 2 left by its size/)
    assert.equal(isSafe(change), false)
  })

  test('that refuses what was refused already is not to blame', async () => {
    const after = clusterWith(quotaOf('a', { reserved: 2, burst: 0 }))
    const change = await quotaChange(before, after, [], asked(before, after, 100), OPTIONS)
    assert.deepEqual(
      change.pods.map(({ before, after }) => [before.verdict, after.verdict]),
      [['denied', 'denied']],
    )
    assert.equal(isSafe(change), true)
  })

  test('that is odd has the new warnings alone', async () => {
    const odd = quotaOf('b', { reserved: 4, burst: 900 })
    const change = await quotaChange(
      clusterWith(odd),
      clusterWith(odd, quotaOf('a', { reserved: 8, burst: 800 })),
      [],
      [],
      OPTIONS,
    )
    assert.equal(change.warnings.length, 1)
    assert.match(String(change.warnings[0]?.at), /TenantQuota a: .*burst/)
  })

  test('without any leaves nothing to say', async () => {
    const { quotas, warnings, pods } = await quotaChange(
      before,
      clusterWith(),
      [chargeOf(0, 'a', 'burst', 9)],
      [],
      OPTIONS,
    )
    assert.deepEqual([quotas.changed, warnings, pods], [[], [], []])
  })
})

test('property: a manifest is refused newly exactly where a charge was granted on the ledger before and is refused after', async () => {
  const limits = fc.record({ reserved: fc.integer({ min: 0, max: 8 }), burst: fc.integer({ min: 0, max: 10 }) })
  const held = fc.array(
    fc.record({
      tenant: fc.constantFrom('a', 'b'),
      tier: fc.constantFrom<Tier>(...TIERS),
      gpus: fc.integer({ min: 1, max: 5 }),
    }),
    { maxLength: 5 },
  )
  let [refused, granted] = [0, 0]
  await fc.assert(
    fc.asyncProperty(limits, limits, held, fc.integer({ min: 1, max: 8 }), async (former, future, drafts, gpus) => {
      const [before, after] = [clusterWith(quotaOf('a', former)), clusterWith(quotaOf('a', future))]
      const charges = drafts.map(({ tenant, tier, gpus: amount }, index) => chargeOf(index, tenant, tier, amount))
      const outcomeIn = ({ quotas }: Cluster) => {
        const book = openBook(treeNamed(quotas, 'research'), ledgerOf(charges))
        return decide(book, request('new', 'a', { h100: gpus * 1000 }), STAMP).outcome.kind
      }
      const { pods } = await quotaChange(before, after, charges, asked(before, after, gpus), OPTIONS)
      const isLost = outcomeIn(before) === 'charged' && outcomeIn(after) !== 'charged'
      assert.deepEqual(pods.map(isRefusal), [isLost])
      if (isLost) refused += 1
      else granted += 1
    }),
    { numRuns: 150 },
  )
  assert.ok(refused >= 5 && granted >= 5, `${refused} refused, ${granted} not: the scenes are too much alike`)
})
