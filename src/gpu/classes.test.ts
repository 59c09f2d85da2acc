import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { classesIn, shippedClasses, tableOf } from '../../test/support/accelerators.ts'
import type { AcceleratorClassDocument } from '../schema/documents.ts'
import { formatIssue } from '../schema/parsed.ts'
import { compileClasses } from './classes.ts'

function classOf(name: string, spec: string): string {
  return `apiVersion: sluice.dev/v1alpha1\nkind: AcceleratorClass\nmetadata: {name: ${name}}\nspec: ${spec}\n`
}

function issuesOf(...texts: readonly string[]): readonly string[] {
  const compiled = compileClasses(texts.flatMap(text => classesIn(text)))
  return compiled.ok ? [] : compiled.issues.map(formatIssue)
}

const GPU = 'resources: [{name: nvidia.com/gpu, milliGpus: 1000}]'
const NODES = 'instanceTypes: [x.large]'

test('classes that leave open where a pod counts are refused, with the document and the remedy', () => {
  const cases: readonly { readonly name: string; readonly classes: readonly string[]; readonly want: RegExp }[] = [
    {
      name: 'two of one name',
      classes: [classOf('a', `{vendor: nvidia, ${GPU}}`), classOf('a', `{vendor: nvidia, ${GPU}}`)],
      want: /^AcceleratorClass a: metadata\.name: two classes have this name \(rename or remove one of them\)$/m,
    },
    {
      name: 'two defaults',
      classes: [
        classOf('a', `{vendor: nvidia, default: true, ${GPU}}`),
        classOf('b', `{vendor: nvidia, default: true, ${GPU}}`),
      ],
      want: /^AcceleratorClass a: spec\.resources\[0\]: nvidia\.com\/gpu has 2 default classes: a, b \(remove `default: true` from b, or the entry\)$/m,
    },
    {
      name: 'two defaults of a profile',
      classes: [
        classOf('a', '{vendor: nvidia, default: true, mig: {slices: 7, profiles: [1g.5gb]}}'),
        classOf('b', '{vendor: nvidia, default: true, mig: {slices: 7, profiles: [1g.5gb]}}'),
      ],
      want: /^AcceleratorClass a: spec\.mig\.profiles\[0\]: nvidia\.com\/mig-1g\.5gb has 2 default classes/m,
    },
    {
      name: 'a class beside the default that no pod can name',
      classes: [classOf('a', `{vendor: nvidia, default: true, ${GPU}}`), classOf('b', `{vendor: nvidia, ${GPU}}`)],
      want: /^AcceleratorClass b: spec\.resources\[0\]: nvidia\.com\/gpu is shared with a, and nothing in a pod can name this class/m,
    },
    {
      name: 'no default, and a class that no pod can name',
      classes: [classOf('a', `{vendor: nvidia, ${GPU}, ${NODES}}`), classOf('b', `{vendor: nvidia, ${GPU}}`)],
      want: /^AcceleratorClass b: spec\.resources\[0\]: .* \(give it nodeLabels or instanceTypes/m,
    },
    {
      name: 'a device class that never leads to a class',
      classes: [
        classOf('a', '{vendor: amd, default: true, deviceClasses: [{name: gpu.amd.com, milliGpus: 1000}]}'),
        classOf('b', '{vendor: amd, deviceClasses: [{name: gpu.amd.com, milliGpus: 1000}]}'),
      ],
      want: /^AcceleratorClass b: spec\.deviceClasses\[0\]: DeviceClass gpu\.amd\.com is shared with a/m,
    },
    {
      name: 'a class that nothing asks for',
      classes: [classOf('a', '{vendor: nvidia, nodeLabels: [{key: a/b, values: [c]}]}')],
      want: /^AcceleratorClass a: spec: no pod can ask for this class \(give it resources, mig profiles or deviceClasses\)$/m,
    },
    {
      name: 'a resource without a domain',
      classes: [classOf('a', '{vendor: nvidia, resources: [{name: cpu, milliGpus: 1}]}')],
      want: /^AcceleratorClass a: spec\.resources\[0\]: "cpu" is not an extended resource/m,
    },
    {
      name: 'a profile twice',
      classes: [classOf('a', '{vendor: nvidia, mig: {slices: 7, profiles: [1g.5gb, 2g.10gb, 1g.5gb]}}')],
      want: /^AcceleratorClass a: spec\.mig\.profiles: "1g\.5gb" is listed twice \(keep one of the two\)$/m,
    },
    {
      name: 'a profile no resource can have',
      classes: [classOf('a', '{vendor: nvidia, mig: {slices: 7, profiles: [1g.10gb+me]}}')],
      want: /^AcceleratorClass a: spec\.mig\.profiles\[0\]: "1g\.10gb\+me" can never be asked for/m,
    },
    {
      name: 'a profile larger than the GPU',
      classes: [classOf('a', '{vendor: nvidia, mig: {slices: 4, profiles: [7g.80gb]}}')],
      want: /^AcceleratorClass a: spec\.mig\.profiles\[0\]: "7g\.80gb" has more slices than the 4 of a GPU/m,
    },
    {
      name: 'a profile that is listed by name as well',
      classes: [
        classOf(
          'a',
          '{vendor: nvidia, resources: [{name: nvidia.com/mig-1g.5gb, milliGpus: 142}], mig: {slices: 7, profiles: [1g.5gb]}}',
        ),
      ],
      want: /^AcceleratorClass a: spec\.resources\[0\]: "nvidia\.com\/mig-1g\.5gb" is a profile of spec\.mig as well/m,
    },
    {
      name: 'a part that nobody can ask for',
      classes: [classOf('a', `{vendor: nvidia, ${GPU}, fractions: [{unit: percent}]}`)],
      want: /^AcceleratorClass a: spec\.fractions\[0\]: no pod can ask for this part \(name an annotation or a resource\)$/m,
    },
    {
      name: 'a part of nothing',
      classes: [
        classOf(
          'a',
          '{vendor: nvidia, mig: {slices: 7, profiles: [1g.5gb]}, fractions: [{annotation: f, unit: fraction}]}',
        ),
      ],
      want: /^AcceleratorClass a: spec\.fractions\[0\]: a part of what is not said/m,
    },
    {
      name: 'a number of devices without an annotation',
      classes: [
        classOf('a', `{vendor: nvidia, ${GPU}, fractions: [{resource: a/m, unit: percent, devicesAnnotation: n}]}`),
      ],
      want: /^AcceleratorClass a: spec\.fractions\[0\]: devicesAnnotation is read only beside an annotation/m,
    },
    {
      name: 'a modifier that is a device of another class',
      classes: [
        classOf('a', `{vendor: nvidia, ${GPU}, fractions: [{resource: b/c, unit: percent}]}`),
        classOf('b', '{vendor: other, resources: [{name: b/c, milliGpus: 1}]}'),
      ],
      want: /^AcceleratorClass a: spec\.fractions\[0\]: "b\/c" is a device of class b/m,
    },
    {
      name: 'an annotation with two meanings',
      classes: [
        classOf('a', `{vendor: nvidia, default: true, ${GPU}, fractions: [{annotation: f, unit: fraction}]}`),
        classOf('b', `{vendor: nvidia, ${GPU}, ${NODES}, fractions: [{annotation: f, unit: percent}]}`),
      ],
      want: /^AcceleratorClass b: spec\.fractions\[0\]: annotation "f" means something else in class a/m,
    },
  ]
  for (const { name, classes, want } of cases) {
    const issues = issuesOf(...classes)
    assert.match(issues.join('\n'), want, name)
    assert.equal(issuesOf(...classes.toReversed()).length, issues.length, `${name}, in the other order`)
  }
})

test('classes that share a resource without a default are fine where nodes tell them apart', () => {
  const shared = 'resources: [{name: nvidia.com/gpu.shared, milliGpus: 250}]'
  assert.deepEqual(
    issuesOf(
      classOf('a', `{vendor: nvidia, ${shared}, nodeLabels: [{key: nvidia.com/gpu.product, values: [A-SHARED]}]}`),
      classOf('b', `{vendor: nvidia, ${shared}, instanceTypes: [b.large]}`),
    ),
    [],
  )
})

test('one annotation may be declared alike by several classes', () => {
  const fraction = 'fractions: [{annotation: f, unit: fraction}]'
  const texts = [
    classOf('a', `{vendor: nvidia, default: true, ${GPU}, ${fraction}}`),
    classOf('b', `{vendor: amd, ${GPU}, ${NODES}, ${fraction}}`),
  ]
  assert.deepEqual(issuesOf(...texts), [])
  const table = tableOf(texts.flatMap(text => classesIn(text)))
  assert.deepEqual(
    table.fractionAnnotations.map(({ annotation, resources }) => [annotation, [...resources]]),
    [['f', ['nvidia.com/gpu']]],
  )
})

test('names that every object has are ordinary names', () => {
  const spec =
    '{vendor: nvidia, nodeLabels: [{key: constructor, values: [__proto__]}], resources: [{name: a.b/constructor, milliGpus: 1}]}'
  const table = tableOf(classesIn(classOf('constructor', spec)))
  assert.equal(table.byResource.has('constructor'), false)
  assert.equal(table.byLabel.get('constructor')?.get('__proto__')?.length, 1)
  assert.equal(table.byLabel.get('toString'), undefined)
})

test('the order of documents changes nothing', () => {
  const documents = shippedClasses()
  const want = snapshot(documents)
  fc.assert(
    fc.property(fc.shuffledSubarray([...documents], { minLength: documents.length }), shuffled => {
      assert.deepEqual(snapshot(shuffled), want)
    }),
    { numRuns: 20 },
  )
})

function snapshot(documents: readonly AcceleratorClassDocument[]) {
  const table = tableOf(documents)
  const candidates = [...table.byResource, ...table.byDeviceClass].map(([asked, list]) => [
    asked,
    list.map(({ class: owner, milliGpus }) => [owner.name, milliGpus]),
  ])
  return { classes: [...table.classes.keys()], candidates: new Map(candidates as [string, unknown][]) }
}
