import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { assertPlain } from '../support/plain-text.ts'
import { EXAMPLES, folderOf, sluice, sluiceHere } from '../support/sluice-process.ts'

const CLUSTER = ['--cluster', join(EXAMPLES, 'cluster')]
const PODS = ['--pods', join(EXAMPLES, 'pods-running.yaml')]
const CHANGED = ['-f', join(EXAMPLES, 'changed-quota.yaml')]
const manifest = (name: string) => ['--pod', join(EXAMPLES, 'manifests', name)]

describe('sluice whatif on the examples', () => {
  test('says who is over, by how much, what becomes of it, and which manifests are refused; and ends with 1', async () => {
    const { exitCode, stdout, stderr } = await sluice([
      'whatif',
      ...CHANGED,
      ...CLUSTER,
      ...PODS,
      ...manifest('dra-claims.yaml'),
    ])
    assert.equal(exitCode, 1, stderr)
    assert.equal(stderr, '')
    for (const fact of [
      /research +h100 +reserved +26 -> 16 +24 +2 -> 0/,
      /research +h100 +burst +16 -> 8 +12 +4 -> 0/,
      /research h100 reserved: 24 of 16 in use; 8 stays until pods end, and nothing new is admitted there/,
      /research h100 burst: 12 of 8 in use; up to 4 can be reclaimed with 60 s notice/,
      /Pod research\/profile-kernels .*\n +allowed in reserved -> refused\n +\[SLU-Q201\] exceeded quota: research\/burst/,
      /sandbox\/demo: its namespace belongs to no tenant; not counted/,
      /^not safe: 1 tenant over a new limit, 1 of 2 pod templates newly refused$/m,
    ]) {
      assert.match(stdout, fact)
    }
    assertPlain(stdout)
  })

  test('with nobody running is safe, and ends with 0', async () => {
    const { exitCode, stdout } = await sluiceHere(['whatif', ...CHANGED, ...CLUSTER])
    assert.equal(exitCode, 0)
    assert.match(stdout, /research +h100 +reserved +26 -> 16 +0 +26 -> 16/)
    assert.match(stdout, /^safe: /m)
  })

  test('of the quota as it is has nothing to say but its verdict', async () => {
    const same = ['-f', join(EXAMPLES, 'cluster', 'tenants-experiments.yaml')]
    const { exitCode, stdout } = await sluiceHere(['whatif', ...same, ...CLUSTER, ...manifest('spot-sweep.yaml')])
    assert.equal(exitCode, 0)
    assert.match(
      stdout,
      /^pods, before -> after\n {2}Job research-sweeps\/lr-sweep .*\n {4}allowed in burst\n\nsafe: .*\n$/,
    )
  })

  test('as JSON says the same in milli-GPUs', async () => {
    const { exitCode, stdout } = await sluiceHere([
      'whatif',
      ...CHANGED,
      ...CLUSTER,
      ...PODS,
      ...manifest('dra-claims.yaml'),
      '-o',
      'json',
    ])
    assert.equal(exitCode, 1)
    const { isSafe, changed, over, pods, remarks } = JSON.parse(stdout)
    assert.equal(isSafe, false)
    // The file is the quota of the cluster but for its h100.
    assert.deepEqual(
      changed.map(({ class: name, tier }: { class: string; tier: string }) => `${name} ${tier}`),
      ['h100 reserved', 'h100 burst'],
    )
    assert.deepEqual(changed[0], {
      tenant: 'research',
      class: 'h100',
      tier: 'reserved',
      before: {
        cohort: 'experiments',
        usedMilliGpus: 24_000,
        claimedMilliGpus: 0,
        limitMilliGpus: 26_000,
        availableMilliGpus: 2_000,
        overMilliGpus: 0,
      },
      after: {
        cohort: 'experiments',
        usedMilliGpus: 24_000,
        claimedMilliGpus: 0,
        limitMilliGpus: 16_000,
        availableMilliGpus: 0,
        overMilliGpus: 8_000,
      },
    })
    assert.deepEqual(over, [
      { tenant: 'research', class: 'h100', tier: 'reserved', overMilliGpus: 8_000, outcome: 'stuck' },
      { tenant: 'research', class: 'h100', tier: 'burst', overMilliGpus: 4_000, outcome: 'reclaimable' },
    ])
    const outcomes = pods.map(
      (pod: { isNewlyRefused: boolean; before: { verdict: string }; after: { verdict: string } }) => {
        return [pod.isNewlyRefused, pod.before.verdict, pod.after.verdict]
      },
    )
    assert.deepEqual(outcomes, [
      [true, 'allowed', 'denied'],
      [false, 'allowed', 'allowed'],
    ])
    assert.deepEqual(remarks, [
      { pod: 'sandbox/demo', isCounted: false, problem: 'its namespace belongs to no tenant' },
    ])
  })

  test('--delete takes a tenant away, and says what it leaves', async () => {
    const { exitCode, stdout } = await sluiceHere(['whatif', '--delete', 'tenantquota/research', ...CLUSTER, ...PODS])
    assert.equal(exitCode, 1)
    assert.match(stdout, /research +h100 +reserved +26 -> - +24 -> - +2 -> - +gone/)
    assert.match(stdout, /research-sweeps: research -> no tenant/)
    assert.match(stdout, /research holds 24 h100 in reserved: counted as burst at the root until its pods end/)
  })

  test('a tenant that moves to another cohort takes along what it uses', async t => {
    const text = readFileSync(join(EXAMPLES, 'changed-quota.yaml'), 'utf8').replace(
      'cohort: experiments',
      'cohort: inference',
    )
    const folder = folderOf(t, {
      'moved.yaml': text
        .replaceAll(/ {2}- class: (a10g|l40s|a100-40gb)\n(?: {4}.*\n)+/g, '')
        .replace('reserved: 16', 'reserved: 0'),
    })
    const { exitCode, stdout, stderr } = await sluiceHere([
      'whatif',
      '-f',
      join(folder, 'moved.yaml'),
      ...CLUSTER,
      ...PODS,
    ])
    assert.equal(exitCode, 1, stderr)
    assert.match(stdout, /research +h100 +shared +8 -> 16 +8 +0 -> 8 +cohort experiments -> inference/)
  })
})

describe('sluice whatif ends with 2 and says what is wrong with', () => {
  const mistakes = [
    {
      name: 'no change at all',
      args: CLUSTER,
      says: /nothing is changed \(give -f FILE, --delete KIND\/NAME, or both\)/,
    },
    {
      name: 'a deletion of nothing',
      args: ['--delete', 'TenantQuota/nobody', ...CLUSTER],
      says: /there is no TenantQuota\/nobody to delete/,
    },
    {
      name: 'a deletion without a kind',
      args: ['--delete', 'research', ...CLUSTER],
      says: /"research" names no document \(write KIND\/NAME/,
    },
    {
      name: 'a deletion that leaves others without their cohort',
      args: ['--delete', 'Cohort/training', ...CLUSTER],
      says: /there is no Cohort training/,
    },
    {
      name: 'pods that are not there',
      args: [...CHANGED, ...CLUSTER, '--pods', 'nowhere.json'],
      says: /nowhere\.json: does not exist/,
    },
    {
      name: 'a manifest that is not there',
      args: [...CHANGED, ...CLUSTER, '--pod', 'nowhere.yaml'],
      says: /nowhere\.yaml: does not exist/,
    },
  ]
  for (const { name, args, says } of mistakes) {
    test(name, async () => {
      const { exitCode, stdout, stderr } = await sluiceHere(['whatif', ...args])
      assert.deepEqual([exitCode, stdout], [2, ''])
      assert.match(stderr, says)
    })
  }

  test('quotas that promise more than there is are no mistake, but said', async t => {
    const text = readFileSync(join(EXAMPLES, 'changed-quota.yaml'), 'utf8').replace('reserved: 16', 'reserved: 160')
    const { exitCode, stdout, stderr } = await sluiceHere([
      'whatif',
      '-f',
      join(folderOf(t, { 'q.yaml': text }), 'q.yaml'),
      ...CLUSTER,
    ])
    assert.deepEqual([exitCode, stderr], [0, ''])
    assert.match(stdout, /Cohort experiments: .*promises 134 h100 more than its capacity of 40/)
  })
})
