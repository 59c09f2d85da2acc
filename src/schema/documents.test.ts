import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSluiceApi, KINDS, parseDocument } from './documents.ts'
import { formatIssue } from './parsed.ts'
import type { JsonObject } from './parts.ts'
import { written } from './testing.ts'

function issuesOf(document: JsonObject): readonly string[] {
  const result = parseDocument(document, 'f.yaml:3')
  return result.ok ? [] : result.issues.map(formatIssue)
}

const MINIMAL: readonly (readonly [Parameters<typeof written>[0], JsonObject])[] = [
  ['AcceleratorClass', { vendor: 'nvidia' }],
  ['Cohort', { classes: [] }],
  ['TenantQuota', { cohort: 'c', classes: [] }],
  ['GpuPolicy', {}],
  ['FabricProfile', { platform: 'aws', traffic: 'nccl', sources: ['a page'] }],
]

test('every kind that people write is read, and known by its kind', () => {
  for (const [kind, spec] of MINIMAL) {
    const result = parseDocument(written(kind, 'a', spec), 'f')
    assert.ok(result.ok, kind)
    assert.equal(result.value.kind, kind)
  }
})

test('what is reported of a document is not judged with it', () => {
  for (const [kind, spec] of MINIMAL) {
    assert.deepEqual(
      issuesOf({ ...written(kind, 'a', spec), status: { conditions: [{ type: 'Later' }], later: 1 } }),
      [],
    )
  }
})

test('what is not served is said with what is', () => {
  const [kind, spec] = MINIMAL[3] ?? ['GpuPolicy', {}]
  const good = written(kind, 'a', spec)
  const cases: readonly { readonly name: string; readonly document: JsonObject; readonly want: string }[] = [
    {
      name: 'another version',
      document: { ...good, apiVersion: 'sluice.dev/v1' },
      want: 'f.yaml:3: apiVersion "sluice.dev/v1" is not served (use sluice.dev/v1alpha1)',
    },
    {
      name: 'another kind',
      document: { ...good, kind: 'Gpupolicy' },
      want: 'f.yaml:3: kind "Gpupolicy" is unknown (one of AcceleratorClass, Cohort, TenantQuota, GpuPolicy, FabricProfile)',
    },
    {
      name: 'a kind that we write ourselves',
      document: { ...good, kind: 'QuotaLedger' },
      want: 'f.yaml:3: kind "QuotaLedger" is unknown (one of AcceleratorClass, Cohort, TenantQuota, GpuPolicy, FabricProfile)',
    },
    {
      name: 'a kind that is part of Object',
      document: { ...good, kind: 'constructor' },
      want: 'f.yaml:3: kind "constructor" is unknown (one of AcceleratorClass, Cohort, TenantQuota, GpuPolicy, FabricProfile)',
    },
    { name: 'no name', document: { ...good, metadata: {} }, want: 'f.yaml:3: metadata: field "name" is missing' },
    {
      name: 'no spec',
      document: { apiVersion: 'sluice.dev/v1alpha1', kind: 'GpuPolicy', metadata: { name: 'a' } },
      want: 'f.yaml:3: field "spec" is missing',
    },
    {
      name: 'a slip of the pen',
      document: written('GpuPolicy', 'a', { matchCondition: [] }),
      want: 'f.yaml:3: spec: unknown field "matchCondition" (known fields: description, suspend, mode, match, matchConditions, variables, validate, inject, exceptions)',
    },
    {
      name: 'a class twice',
      document: written('TenantQuota', 'a', { cohort: 'c', classes: [{ class: 'h100' }, { class: 'h100' }] }),
      want: 'f.yaml:3: spec.classes[1]: class "h100" is there already (remove or rename one of them)',
    },
  ]
  for (const { name, document, want } of cases) assert.deepEqual(issuesOf(document), [want], name)
})

test('the rest of the metadata is the API server’s', () => {
  const document = {
    ...written('GpuPolicy', 'a', {}),
    metadata: { name: 'a', uid: 'x', managedFields: [{}], resourceVersion: '1' },
  }
  assert.deepEqual(issuesOf(document), [])
})

test('our group is told from others', () => {
  assert.ok(isSluiceApi('sluice.dev/v1') && isSluiceApi('sluice.dev/v1alpha1'))
  for (const other of ['v1', 'sluice.development/v1', 'x.sluice.dev/v1', undefined, 1]) assert.ok(!isSluiceApi(other))
})

test('no two kinds share a name', () => {
  for (const names of [KINDS.map(({ kind }) => kind), KINDS.map(({ plural }) => plural)])
    assert.equal(new Set(names).size, KINDS.length)
})
