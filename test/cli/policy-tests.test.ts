import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { EXAMPLES, folderOf, sluice, sluiceHere } from '../support/sluice-process.ts'

const POLICY = `apiVersion: sluice.dev/v1alpha1
kind: GpuPolicy
metadata: {name: named-owner}
spec:
  inject: {labels: [{key: example.com/seen, value: "yes"}]}
  validate:
  - {code: PLAT-001, expression: "'owner' in object.metadata.?labels.orValue({})", message: name an owner, field: metadata.labels}
`
const suiteOf = (verdict: string) => `cases:
- name: a pod without an owner
  pod: {spec: {containers: [{name: a, resources: {limits: {nvidia.com/gpu: 1}}}]}}
  want: {verdict: ${verdict}}
`

describe('sluice test', () => {
  test('passes the shipped policies', async () => {
    const { exitCode, stdout } = await sluice(['test'])
    assert.equal(
      exitCode,
      0,
      stdout
        .split('\n')
        .filter(line => line.includes('FAILED'))
        .join('\n'),
    )
    const [, passed = '0', failed] = /(\d+) passed, (\d+) failed\n?$/.exec(stdout) ?? []
    assert.equal(failed, '0')
    assert.ok(Number(passed) > 100, `${passed} cases`)
  })

  test('passes the suite of the examples, and says so as JSON', async () => {
    const { exitCode, stdout } = await sluiceHere(['test', join(EXAMPLES, 'cluster'), '-o', 'json'])
    assert.equal(exitCode, 0)
    const { passed, failed, suites } = JSON.parse(stdout)
    assert.equal(failed, 0)
    assert.ok(passed > 0 && suites.length === 1)
  })

  test('ends with 1 when a case fails, and says which and how', async t => {
    const folder = folderOf(t, { 'named-owner.yaml': POLICY, 'named-owner.test.yaml': suiteOf('allowed') })
    const { exitCode, stdout } = await sluice(['test', folder])
    assert.equal(exitCode, 1)
    assert.match(stdout, /FAILED +a pod without an owner\n +denied: \[PLAT-001\] name an owner/)
    assert.match(stdout, /0 passed, 1 failed/)
  })

  test('passes the same policy where the suite is right', async t => {
    const folder = folderOf(t, { 'named-owner.yaml': POLICY, 'named-owner.test.yaml': suiteOf('denied') })
    const { exitCode, stdout } = await sluiceHere(['test', folder])
    assert.equal(exitCode, 0, stdout)
  })

  const mistakes = [
    { name: 'a folder without suites', files: { 'p.yaml': POLICY }, says: /holds no \*\.test\.yaml/ },
    { name: 'a suite that is no YAML', files: { 'p.yaml': POLICY, 'p.test.yaml': 'cases: [' }, says: /p\.test\.yaml/ },
    {
      name: 'a suite without cases',
      files: { 'p.yaml': POLICY, 'p.test.yaml': 'cases: []' },
      says: /p\.test\.yaml: cases/,
    },
    {
      name: 'a suite with a field that is none',
      files: { 'p.yaml': POLICY, 'p.test.yaml': suiteOf('denied').replace('want', 'wants') },
      says: /cases\[0\].*wants/,
    },
  ]
  for (const { name, files, says } of mistakes) {
    test(`ends with 2 on ${name}`, async t => {
      const { exitCode, stderr } = await sluiceHere(['test', folderOf(t, files)])
      assert.equal(exitCode, 2, stderr)
      assert.match(stderr, says)
    })
  }

  test('ends with 2 on a folder that is not there', async () => {
    const { exitCode, stderr } = await sluice(['test', '/no/such/folder'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /\/no\/such\/folder: does not exist/)
  })

  test('ends with 1 where the suite is of a policy that is not there', async t => {
    const suite = `policies: [nobody]\n${suiteOf('allowed')}`
    const { exitCode, stdout } = await sluiceHere(['test', folderOf(t, { 'p.yaml': POLICY, 'p.test.yaml': suite })])
    assert.equal(exitCode, 1)
    assert.match(stdout, /no GpuPolicy is named nobody/)
  })
})
