import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ClassTable, compileClasses } from '../gpu/classes.ts'
import { parsedValue } from '../schema/testing.ts'
import { importedFrom, kueueYaml, SHIPPED } from './testing.ts'

/** Labels and types that shipped classes have, next to some that none has. */
const LABELS: readonly (readonly [string, string])[] = [
  ['nvidia.com/gpu.product', 'NVIDIA-H100-80GB-HBM3'],
  ['nvidia.com/gpu.product', 'NVIDIA-A100-SXM4-80GB'],
  ['nvidia.com/gpu.product', 'NVIDIA-A10G-SHARED'],
  ['cloud.google.com/gke-tpu-accelerator', 'tpu-v6e-slice'],
  ['node.kubernetes.io/instance-type', 'ml.p5.48xlarge'],
  ['node.kubernetes.io/instance-type', 'trn1.32xlarge'],
  ['pool', 'spot'],
]
const RESOURCES = [
  'nvidia.com/gpu',
  'nvidia.com/gpu.shared',
  'nvidia.com/mig-1g.10gb',
  'nvidia.com/mig-9g.99gb',
  'aws.amazon.com/neuroncore',
  'google.com/tpu',
  'habana.ai/gaudi',
]
// Two of them are names of shipped classes.
const FLAVORS = ['h100', 'mig-1g.10gb', 'other', 'another']

const anyFlavors = fc.dictionary(
  fc.constantFrom(...FLAVORS),
  fc.record({
    labels: fc.subarray([...LABELS]),
    resources: fc.subarray(RESOURCES, { minLength: 1, maxLength: 3 }),
  }),
  { minKeys: 1 },
)

/** The classes as they are when an import is laid over the shipped ones. */
function tableOver(imported: ReturnType<typeof importedFrom>): ClassTable {
  const own = [...imported.classes, ...imported.yielding]
  const names = new Set(own.map(({ metadata }) => metadata.name))
  return parsedValue(compileClasses([...SHIPPED.filter(({ metadata }) => !names.has(metadata.name)), ...own]))
}

test('whatever the flavors, their classes load by themselves and over the shipped ones, and each resource has one default', () => {
  const quota = { nominal: 8, borrowingLimit: null, lendingLimit: null }
  fc.assert(
    fc.property(anyFlavors, flavors => {
      const entries = Object.entries(flavors)
      const quotas = entries.flatMap(([name, { resources }]) =>
        resources.map(resource => [`${name}|${resource}`, quota]),
      )
      const tree = { cohorts: [], queues: [{ name: 'q', cohort: null, quotas: Object.fromEntries(quotas) }] }
      const labels = new Map(entries.map(([name, own]) => [name, Object.fromEntries(own.labels)]))
      const imported = importedFrom(kueueYaml(tree, labels))
      parsedValue(compileClasses([...imported.classes, ...imported.yielding]))

      const table = tableOver(imported)
      for (const resource of new Set(entries.flatMap(([, own]) => own.resources))) {
        const defaults = table.byResource.get(resource)?.filter(({ class: owner }) => owner.isDefault) ?? []
        assert.equal(defaults.length, 1, resource)
        assert.ok(
          imported.classes.some(({ metadata }) => metadata.name === defaults[0]?.class.name),
          resource,
        )
      }
    }),
    { numRuns: 200 },
  )
})
