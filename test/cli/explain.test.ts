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
    const [answer] = quota.tiers[0].classes
    assert.deepEqual([answer.requestedMilliGpus, answer.availableMilliGpus, answer.shortMilliGpus], [4_000, 40_000, 0])
    assert.deepEqual(
      quota.largest.find((entry: { class: string }) => entry.class === 'l4'),
      { class: 'l4', reservedMilliGpus: 1_000, sharedMilliGpus: 1_000, burstMilliGpus: 1_000 },
    )
    const isMatch = Object.fromEntries(
      policies.map((policy: { policy: string; isMatch: boolean }) => [policy.policy, policy.isMatch]),
    )
    assert.equal(isMatch['gpu-tolerations'], true)
    assert.equal(isMatch['burst-pods'], false)
  })

  test('under the pods that run shows who holds, who borrows, who would lend, and the largest size that fits', async () => {
    const pods = ['--pods', join(EXAMPLES, 'pods-running.yaml')]
    const { exitCode, stdout } = await sluiceHere(explain('nemo-finetune-job.yaml', ...pods, '-n', 'research'))
    assert.equal(exitCode, 1)
    for (const fact of [
      /reserved h100: requested 32, available 2 +does not fit\n +its size +used 24 of 26 +binds/,
      /held by research\/reserved 24$/m,
      /borrowed by research\/burst 12$/m,
      /burst h100: requested 32, available 4 +does not fit/,
      /largest pod that fits now\n +class +reserved +shared +burst\n/,
      /^ +h100 +2 +0 +4$/m,
      /fix: .*; see kubectl sluice usage -n research$/m,
      /^ {2}sandbox\/demo: its namespace belongs to no tenant; not counted$/m,
    ]) {
      assert.match(stdout, fact)
    }
    const lent = await sluiceHere(explain('borrowed-h200.yaml', ...pods))
    assert.match(lent.stdout, /burst h200: .*fits\n(?:.*\n)*? +would borrow \d+ from cohort training/)
  })

  test('of a manifest without pods says so', async () => {
    const { exitCode, stdout } = await sluiceHere(explain('karpenter-nodepools.yaml'))
    assert.equal(exitCode, 0)
    assert.match(stdout, /no pods/)
  })
})
