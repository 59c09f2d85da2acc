import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../schema/parts.ts'
import { parsedValue, written } from '../schema/testing.ts'
import type { PlacedObject } from './objects.ts'
import { assembleSound, describeUnsound, identityInCluster, type SoundCluster } from './sound-cluster.ts'
import { CLASSES, placed, QUOTAS } from './testing.ts'

const LIBRARY = placed(CLASSES)

function inCluster(...values: readonly JsonObject[]): readonly PlacedObject[] {
  return values.map(value => ({ at: identityInCluster({ value }), value }))
}

function sound(objects: readonly JsonObject[], former?: SoundCluster, library = LIBRARY): SoundCluster {
  return parsedValue(assembleSound(library, inCluster(...objects), former?.objects))
}

const unsoundOf = ({ unsound }: SoundCluster) => unsound.map(({ object }) => object.at)
const policy = (name: string, expression: string) => written('GpuPolicy', name, { validate: [{ expression }] })

test('a policy that cannot be compiled is left out, and the others are in force', () => {
  const { cluster, unsound } = sound([...QUOTAS, policy('broken', '!'), policy('good', 'true')])
  assert.deepEqual([...cluster.policies.names], ['good'])
  assert.deepEqual(
    unsound.map(({ object, inForce }) => [object.at, inForce]),
    [['GpuPolicy broken', undefined]],
  )
  assert.match(
    unsound.map(describeUnsound).join(),
    /^GpuPolicy broken cannot be used, it is not in force: GpuPolicy broken: spec\.validate\[0\]\.expression 1:2/,
  )
})

test('an object that was sound stays in force as it was, for as long as it is wrong', () => {
  const first = sound([...QUOTAS, policy('rule', 'true')])
  const broken = [...QUOTAS, policy('rule', '!')]
  const second = sound(broken, first)
  const third = sound(broken, second)
  for (const one of [second, third]) {
    assert.deepEqual([...one.cluster.policies.names], ['rule'])
    assert.deepEqual(unsoundOf(one), ['GpuPolicy rule'])
  }
  assert.deepEqual(sound([...QUOTAS, policy('rule', 'false')], third).unsound, [])
})

test('one that was deleted does not come back', () => {
  const first = sound([...QUOTAS, policy('rule', 'true')])
  assert.deepEqual([...sound(QUOTAS, first).cluster.policies.names], [])
})

test('of two tenants that name one namespace the later one falls back to what it had', () => {
  const first = sound(QUOTAS)
  const [cohort, a] = QUOTAS
  assert.ok(cohort !== undefined && a !== undefined)
  const greedy = written('TenantQuota', 'b', { cohort: 'research', namespaces: ['team-a', 'team-b'], classes: [] })
  const second = sound([cohort, a, greedy], first)
  assert.deepEqual(unsoundOf(second), ['TenantQuota b'])
  assert.equal(second.cluster.quotas.tenantOfNamespace.get('team-a'), 'a')
  assert.equal(second.cluster.quotas.tenantOfNamespace.get('team-b'), 'b')
})

test('tenants of a cohort that is gone are left out, others are not', () => {
  const other = [
    written('Cohort', 'else', { classes: [{ class: 'a100', capacity: { gpus: 8 } }] }),
    written('TenantQuota', 'c', {
      cohort: 'else',
      namespaces: ['team-c'],
      classes: [{ class: 'a100', reserved: 8 }],
    }),
  ]
  const [, ...tenants] = QUOTAS
  const { cluster, unsound } = sound([...tenants, ...other])
  assert.deepEqual(unsound.map(({ object }) => object.at).toSorted(), ['TenantQuota a', 'TenantQuota b'])
  assert.deepEqual([...cluster.quotas.tenantOfNamespace.keys()], ['team-c'])
})

test('an own policy that conflicts with a shipped one is at fault, not the shipped one', () => {
  const sets = (name: string, value: string) =>
    written('GpuPolicy', name, { inject: { env: [{ name: 'NCCL_DEBUG', value }] } })
  const library = [...LIBRARY, ...placed([sets('shipped', 'WARN')], 'library.yaml')]
  const { cluster, unsound } = sound([sets('own', 'INFO')], undefined, library)
  assert.deepEqual([...cluster.policies.names], ['shipped'])
  assert.deepEqual(
    unsound.map(({ object }) => object.at),
    ['GpuPolicy own'],
  )
})

test('a broken library is nobody else’s fault', () => {
  const outcome = assembleSound([...LIBRARY, ...placed([policy('shipped', '!')], 'library.yaml')], inCluster(...QUOTAS))
  assert.equal(outcome.ok, false)
})

test('whatever is wrong with objects, a cluster comes of it, and what is in force is sound by itself', () => {
  const spec = fc.oneof(
    fc.constant({}),
    fc.record({
      cohort: fc.constantFrom('research', 'nowhere', 7),
      classes: fc.constantFrom([], null, [{ class: 'h100' }, {}]),
    }),
    fc.record({ validate: fc.array(fc.record({ expression: fc.constantFrom('true', '!', 'object.x', '') })) }),
    fc.record({ parent: fc.constantFrom('research', 'p', 'q'), classes: fc.constant([]) }),
    fc.object(),
  )
  const object = fc
    .tuple(
      fc.constantFrom('GpuPolicy', 'TenantQuota', 'Cohort', 'AcceleratorClass', 'FabricProfile'),
      fc.constantFrom('a', 'b', 'p', 'q', 'research'),
      spec,
    )
    .map(([kind, name, fields]) => written(kind, name, fields as JsonObject))
  fc.assert(
    fc.property(fc.array(object, { maxLength: 8 }), objects => {
      const byIdentity = new Map([...QUOTAS, ...objects].map(value => [identityInCluster({ value }), value]))
      const first = sound([...byIdentity.values()])
      const again = parsedValue(assembleSound(LIBRARY, [...first.objects.values()]))
      assert.deepEqual(again.unsound, [])
    }),
    { numRuns: 100 },
  )
})
