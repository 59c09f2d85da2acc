import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { assertPlain } from '../support/plain-text.ts'
import { EXAMPLES, folderOf, sluice, sluiceHere } from '../support/sluice-process.ts'
import { QUOTAS } from '../support/webhook-service.ts'

const COHORT =
  'apiVersion: sluice.dev/v1alpha1\nkind: Cohort\nmetadata: {name: lab}\nspec: {classes: [{class: h100, capacity: {gpus: 8}}]}\n'
const TENANT = tenantOf('team', 'lab', 'team-a', '{class: h100, reserved: 4}')

function tenantOf(name: string, cohort: string, namespace: string, quota: string): string {
  return `apiVersion: sluice.dev/v1alpha1\nkind: TenantQuota\nmetadata: {name: ${name}}\nspec: {namespaces: [${namespace}], cohort: ${cohort}, classes: [${quota}]}\n`
}

function cohortBelow(name: string, parent: string): string {
  return `apiVersion: sluice.dev/v1alpha1\nkind: Cohort\nmetadata: {name: ${name}}\nspec: {parent: ${parent}, classes: []}\n`
}

function policyOf(name: string, spec: string): string {
  return `apiVersion: sluice.dev/v1alpha1\nkind: GpuPolicy\nmetadata: {name: ${name}}\nspec: ${spec}\n`
}

interface Case {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
  /** The place, then the problem, then what can be done. */
  readonly says: readonly RegExp[]
}

const CASES: readonly Case[] = [
  {
    name: 'a tenant of a cohort that is not there',
    files: { 'a.yaml': TENANT },
    says: [/TenantQuota team: spec\.cohort/, /no Cohort lab/, /\(create it/],
  },
  {
    name: 'a parent that is not there',
    files: { 'a.yaml': cohortBelow('lab', 'nowhere') },
    says: [/Cohort lab: spec\.parent/, /no Cohort nowhere/, /\(create it/],
  },
  {
    name: 'cohorts in a cycle',
    files: { 'a.yaml': [cohortBelow('x', 'y'), cohortBelow('y', 'z'), cohortBelow('z', 'x')].join('---\n') },
    says: [/Cohort x: spec\.parent/, /cycle: x -> y -> z -> x/, /\(remove the parent/],
  },
  {
    name: 'two tenants with one namespace',
    files: { 'a.yaml': COHORT, 'b.yaml': TENANT, 'c.yaml': tenantOf('other', 'lab', 'team-a', '{class: h100}') },
    says: [/TenantQuota (team|other)/, /team-a/, /\(.*\)/],
  },
  {
    name: 'a class that nobody defined',
    files: { 'a.yaml': COHORT.replaceAll('h100', 'h1000') },
    says: [/Cohort lab: spec\.classes/, /"h1000"/, /one of .*h100/],
  },
  {
    name: 'a kind that is unknown',
    files: { 'a.yaml': COHORT, 'sub.yaml': COHORT.replace('Cohort', 'Cohorts').replace('lab', 'two') },
    says: [/sub\.yaml:1\b/, /kind "Cohorts" is unknown/, /one of AcceleratorClass, Cohort/],
  },
  {
    name: 'a version that is not served',
    files: { 'a.yaml': COHORT.replace('v1alpha1', 'v1') },
    says: [/a\.yaml:1\b/, /"sluice\.dev\/v1" is not served/, /sluice\.dev\/v1alpha1/],
  },
  {
    name: 'YAML that is broken',
    files: { 'a.yaml': `${COHORT}---\nkind: Cohort\nmetadata: {name: x\nspec: 1\n` },
    says: [/a\.yaml:\d+:\d+: /, /.{5,}/],
  },
  {
    name: 'one name twice',
    files: { 'a.yaml': COHORT, 'b.yaml': COHORT },
    says: [/b\.yaml:1\b/, /Cohort lab is already at .*a\.yaml:1/, /remove or rename/],
  },
  {
    name: 'a field that no kind has',
    files: { 'a.yaml': COHORT.replace('gpus', 'gpu') },
    says: [/a\.yaml:1: spec\.classes\[0\]\.capacity/, /unknown field "gpu"/, /gpus/],
  },
  {
    name: 'a count that is none',
    files: { 'a.yaml': COHORT.replace('gpus: 8', 'gpus: lots') },
    says: [/a\.yaml:1: spec\.classes\[0\]\.capacity\.gpus/, /"lots"/, /form/],
  },
  {
    name: 'an expression that does not parse',
    files: {
      'p.yaml': policyOf(
        'unparsed',
        '{validate: [{expression: "object.spec.containers.all(c, c.image != ", message: x}]}',
      ),
    },
    says: [/GpuPolicy unparsed: spec\.validate\[0\]\.expression/, /1:\d+/],
  },
  {
    name: 'an expression that does not compile, with line and column',
    files: {
      'p.yaml': policyOf(
        'uncompiled',
        '\n  validate:\n  - message: x\n    expression: |-\n      object.metadata.name != ""\n      && variables.missing == 3\n',
      ),
    },
    says: [/GpuPolicy uncompiled: spec\.validate\[0\]\.expression/, /2:\d+/, /missing/],
  },
  {
    name: 'an expression of the wrong type',
    files: { 'p.yaml': policyOf('typed', '{validate: [{expression: "object.metadata.name.size()", message: x}]}') },
    says: [/GpuPolicy typed: spec\.validate\[0\]\.expression/, /bool/],
  },
  {
    name: 'a pattern that is no regular expression',
    files: {
      'p.yaml': policyOf('pattern', `{validate: [{expression: "object.metadata.name.matches('(((')", message: x}]}`),
    },
    says: [/GpuPolicy pattern: spec\.validate\[0\]\.expression/, /regular expression/],
  },
  {
    name: 'two policies that set one key to different values',
    files: {
      'p.yaml': [1, 2]
        .map(n => policyOf(`sets-${n}`, `{inject: {labels: [{key: example.com/x, value: "${n}"}]}}`))
        .join('---\n'),
    },
    says: [/sets-[12]/, /example\.com\/x/, /sets-[12]/],
  },
  {
    name: 'a fabric profile that is not there',
    files: { 'p.yaml': policyOf('fabulous', '{inject: {fabric: {profile: warp}}}') },
    says: [/GpuPolicy fabulous: spec\.inject\.fabric\.profile/, /"warp"/, /aws-efa/],
  },
  {
    name: 'terminal escapes, which do not reach the terminal',
    files: {
      'a.yaml': COHORT.replace('{name: lab}', '{name: "\\u001b[31m\\u009b2Jlab"}').replace(
        'kind: Cohort',
        'kind: "Co\\u001b[2J\\u009b2Jhort"',
      ),
    },
    says: [/a\.yaml:1/],
  },
]

const MANIFEST = join(EXAMPLES, 'manifests', 'litellm.yaml')

describe('a cluster folder with a mistake: exit code 2, the place, the problem and the remedy', () => {
  for (const { name, files, says } of CASES) {
    test(name, async t => {
      const { exitCode, stdout, stderr } = await sluiceHere(['review', '-f', MANIFEST, '--cluster', folderOf(t, files)])
      assert.equal(exitCode, 2, stderr)
      assert.equal(stdout, '')
      for (const pattern of says) assert.match(stderr, pattern)
      assert.match(stderr, /^error: /)
      assert.doesNotMatch(stderr, /\n\s+at /, 'a stack trace is for us and not for them')
      assertPlain(stderr)
    })
  }

  test('all mistakes are told at once', async t => {
    const files = { 'a.yaml': TENANT, 'b.yaml': policyOf('unparsed', '{validate: [{expression: "(", message: x}]}') }
    const { stderr } = await sluiceHere(['review', '-f', MANIFEST, '--cluster', folderOf(t, files)])
    assert.match(stderr, /TenantQuota team/)
    assert.match(stderr, /GpuPolicy unparsed/)
  })

  for (const command of [
    ['serve', '--standalone', '--port', '0'],
    ['explain', '-f', MANIFEST],
    ['review', '-f', MANIFEST],
  ]) {
    test(`the process of sluice ${command[0]} ends with 2`, async t => {
      const { exitCode, stderr } = await sluice([...command, '--cluster', folderOf(t, { 'a.yaml': TENANT })])
      assert.equal(exitCode, 2)
      assert.match(stderr, /^error: TenantQuota team/)
    })
  }

  test('a folder that is not there is one of them', async () => {
    const { exitCode, stderr } = await sluiceHere(['review', '-f', MANIFEST, '--cluster', '/no/such/folder'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /^error: \/no\/such\/folder: does not exist \(/)
  })
})

test('the quotas of these tests are in order', async t => {
  const { exitCode, stderr } = await sluiceHere([
    'review',
    '-f',
    MANIFEST,
    '--cluster',
    folderOf(t, { 'a.yaml': QUOTAS }),
  ])
  assert.equal(stderr, '')
  assert.equal(exitCode, 0)
})
