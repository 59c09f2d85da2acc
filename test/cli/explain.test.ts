import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { EXAMPLES, sluice, sluiceHere } from '../support/sluice-process.ts'

const CLUSTER = ['--cluster', join(EXAMPLES, 'cluster')]
const explain = (name: string, ...more: readonly string[]) => [
  'explain',
  '-f',
  join(EXAMPLES, 'manifests', name),
  ...CLUSTER,
  ...more,
]

describe('sluice explain', () => {
  test('shows a person every policy and every limit that the pods meet', async () => {
    const { exitCode, stdout, stderr } = await sluice(explain('vllm-deployment.yaml'))
    assert.equal(exitCode, 0, stderr)
    for (const fact of [
      /tenant +assistant-serving/,
      /tier +reserved/,
      /demand +h100=4/,
      /applies +gpu-tolerations/,
      /burst-pods +match\.tiers/,
    ]) {
      assert.match(stdout, fact)
    }
    assert.match(stdout, /reserved h100: requested 4, available 40 +fits/)
    assert.match(stdout, /its size +used 0 of 40 +binds/)
  })

  test('shows the limit that refuses, and ends with 1', async () => {
    const { exitCode, stdout } = await sluiceHere(explain('denied-over-burst-limit.yaml'))
    assert.equal(exitCode, 1)
    assert.match(stdout, /does not fit/)
    assert.match(stdout, /\[SLU-Q202\] exceeded quota: research/)
  })

  test('as JSON says the same with numbers', async () => {
    const { exitCode, stdout } = await sluiceHere(explain('vllm-deployment.yaml', '-o', 'json'))
    assert.equal(exitCode, 0)
    const [{ verdict, demand, policies, quota }] = JSON.parse(stdout).explained
    assert.equal(verdict, 'allowed')
    assert.deepEqual(demand, { h100: 4000 })
    assert.deepEqual(
      quota.tiers.map((tier: { tier: string; fits: boolean }) => [tier.tier, tier.fits]),
      [
        ['reserved', true],
        ['shared', true],
        ['burst', true],
      ],
    )
    assert.equal(quota.tiers[0].classes[0].requested, 4000)
    assert.equal(quota.tiers[0].classes[0].available, 40_000)
    const isMatch = Object.fromEntries(
      policies.map((policy: { policy: string; isMatch: boolean }) => [policy.policy, policy.isMatch]),
    )
    assert.equal(isMatch['gpu-tolerations'], true)
    assert.equal(isMatch['burst-pods'], false)
  })

  test('of a manifest without pods says so', async () => {
    const { exitCode, stdout } = await sluiceHere(explain('karpenter-nodepools.yaml'))
    assert.equal(exitCode, 0)
    assert.match(stdout, /no pods/)
  })
})
