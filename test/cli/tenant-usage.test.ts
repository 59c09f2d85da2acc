import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'yaml'
import { assertPlain } from '../support/plain-text.ts'
import { EXAMPLES, sluice, sluiceHere } from '../support/sluice-process.ts'

const RUNNING = join(EXAMPLES, 'pods-running.yaml')
const CLUSTER = ['--cluster', join(EXAMPLES, 'cluster')]
const usage = (...more: readonly string[]) => ['usage', ...CLUSTER, '--pods', RUNNING, ...more]

describe('sluice usage', () => {
  test('shows what each tenant uses, may use, and has borrowed from whom', async () => {
    const { exitCode, stdout } = await sluiceHere(usage())
    assert.equal(exitCode, 0)
    for (const fact of [
      /^research {2}cohort experiments$/m,
      /^ {2}h100 +reserved +24 +26 +2$/m,
      /^ {2}h100 +burst +12 +16 +4 +borrows 6 from the burst pool of experiments, .*; can be reclaimed with 60 s notice$/m,
      /^notebooks {2}cohort experiments\n.*\n.*\n {2}a10g +shared +1 +12 +11$/m,
      /^pods that need a look\n {2}sandbox\/demo: its namespace belongs to no tenant; not counted$/m,
    ]) {
      assert.match(stdout, fact)
    }
    assertPlain(stdout)
  })

  test('of one namespace is that of its tenant, and the same by its name', async () => {
    const [byNamespace, byName] = [
      await sluiceHere(usage('-n', 'research-sweeps')),
      await sluiceHere(usage('--tenant', 'research')),
    ]
    assert.equal(byNamespace.stdout, byName.stdout)
    assert.match(byName.stdout, /^research /)
    assert.doesNotMatch(byName.stdout, /^notebooks /m)
  })

  test('as JSON names what is at risk, and reads pods in JSON from standard input', async () => {
    const pods = JSON.stringify(parse(readFileSync(RUNNING, 'utf8')))
    const args = ['usage', ...CLUSTER, '--pods', '-', '--tenant', 'research', '-o', 'json']
    const { exitCode, stdout, stderr } = await sluice(args, pods)
    assert.equal(exitCode, 0, stderr)
    const { tenants, oversubscribed, undefinedTenants } = JSON.parse(stdout)
    assert.deepEqual([tenants.length, tenants[0].tenant, oversubscribed, undefinedTenants], [1, 'research', [], []])
    const burst = tenants[0].usage.find(
      (row: { class: string; tier: string }) => row.class === 'h100' && row.tier === 'burst',
    )
    assert.equal(burst.atRiskMilliGpus, 12_000)
    assert.deepEqual(burst.borrowedFrom[0], { kind: 'burst-pool', name: 'experiments', amountMilliGpus: 6_000 })
  })

  for (const { name, args, says } of [
    { name: 'an unknown tenant', args: usage('--tenant', 'nobody'), says: /tenant: no TenantQuota is named "nobody"/ },
    {
      name: 'a namespace of no tenant',
      args: usage('-n', 'sandbox'),
      says: /namespace: "sandbox" belongs to no tenant/,
    },
    { name: 'both at once', args: usage('-n', 'research', '--tenant', 'research'), says: /cannot be used with option/ },
    { name: 'no pods', args: ['usage', ...CLUSTER], says: /required option '--pods/ },
  ]) {
    test(`of ${name} ends with 2`, async () => {
      const { exitCode, stderr } = await sluiceHere(args)
      assert.equal(exitCode, 2)
      assert.match(stderr, says)
    })
  }
})
