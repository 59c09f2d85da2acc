import Type from 'typebox'
import { defineKind, READY_COLUMNS } from './kind.ts'
import { choice, flag, integer, list, object, qualifiedName, type ReadonlyStatic, text } from './parts.ts'
import { conditionStatus } from './status.ts'

const milliGpus = integer(
  'What one unit counts for, in thousandths of a whole GPU: 1000 for a whole one, 250 for one of four time slices. Weights are rounded down, so that the slices of one GPU never count for more than it.',
  { minimum: 1 },
)

const taint = object('A taint on the nodes of this class.', {
  key: qualifiedName('The key.'),
  value: Type.Optional(text('The value. Without one any value is tolerated.', { maxLength: 63 })),
  effect: choice('The effect.', ['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
})

const spec = object('How one kind of accelerator is recognised and counted.', {
  displayName: Type.Optional(text('The name people know it by.', { maxLength: 128 })),
  vendor: choice('Whose it is. Tuning for one vendor never reaches pods of another.', [
    'nvidia',
    'amd',
    'intel',
    'habana',
    'aws',
    'google',
    'other',
  ]),
  default: Type.Optional(
    flag('A pod that asks for one of these resources and names no model counts here. One class per resource.'),
  ),
  memoryMiB: Type.Optional(
    integer('Memory of one whole device, in MiB. Turns a request for memory into a fraction of a device.', {
      minimum: 1,
    }),
  ),
  resources: Type.Optional(
    list(
      'The extended resources that ask for this class.',
      object('One resource.', { name: qualifiedName('For example `nvidia.com/gpu`.'), milliGpus }),
      { keys: ['name'], maxItems: 64 },
    ),
  ),
  mig: Type.Optional(
    object('NVIDIA multi-instance GPU: `nvidia.com/mig-<profile>` counts by its compute slices.', {
      slices: integer('Compute slices of one GPU: 7 for most models, 4 for A30 and RTX PRO 6000.', {
        minimum: 1,
        maximum: 16,
      }),
      profiles: list('Profiles of this model, for example `1g.10gb` or `1g.10gb.me`.', text('A profile.'), {
        minItems: 1,
      }),
    }),
  ),
  nodeLabels: Type.Optional(
    list(
      'Node labels that name this model. A pod that selects nodes by one of them asks for this class.',
      object('One label.', {
        key: qualifiedName('For example `nvidia.com/gpu.product`.'),
        values: list('The values that mean this model.', text('A value.', { maxLength: 63 }), { minItems: 1 }),
      }),
      { keys: ['key'] },
    ),
  ),
  instanceTypes: Type.Optional(
    list(
      'Instance types that carry this model. The prefix `ml.` of SageMaker HyperPod is ignored.',
      text('For example `p5.48xlarge`.', { maxLength: 63 }),
    ),
  ),
  taints: Type.Optional(list('Taints that the nodes of this class carry.', taint, { maxItems: 16 })),
  deviceClasses: Type.Optional(
    list(
      'DRA device classes whose devices count here.',
      object('One device class.', {
        name: qualifiedName('The name of the DeviceClass.'),
        milliGpus,
        selectorMentions: Type.Optional(
          list(
            'Texts of which one must occur, in any case, in a CEL selector of the request, for a device class that several models share.',
            text('A text.', { minLength: 1, maxLength: 63 }),
          ),
        ),
      }),
      { keys: ['name'] },
    ),
  ),
  fractions: Type.Optional(
    list(
      'Annotations and modifier resources by which a pod asks for a part of a device.',
      object('One way to ask for a part.', {
        annotation: Type.Optional(qualifiedName('The pod annotation that holds the amount.')),
        resource: Type.Optional(
          qualifiedName('The extended resource that holds the amount, per device asked for in the same container.'),
        ),
        unit: choice('What the amount means: a share of 1, hundredths, or MiB of device memory.', [
          'fraction',
          'percent',
          'mebibytes',
        ]),
        devicesAnnotation: Type.Optional(qualifiedName('The pod annotation with the number of devices; 1 without it.')),
      }),
      { maxItems: 16 },
    ),
  ),
})

export const acceleratorClass = defineKind({
  kind: 'AcceleratorClass',
  plural: 'acceleratorclasses',
  scope: 'Cluster',
  description: 'One kind of accelerator as quota counts it: how it is recognised, and what a unit of it weighs.',
  spec,
  status: conditionStatus,
  columns: [
    { name: 'Vendor', type: 'string', jsonPath: '.spec.vendor', description: 'Whose it is.' },
    {
      name: 'Default',
      type: 'boolean',
      jsonPath: '.spec.default',
      description: 'Whether pods that name no model count here.',
    },
    {
      name: 'Memory',
      type: 'integer',
      jsonPath: '.spec.memoryMiB',
      description: 'Memory of one whole device, in MiB.',
      priority: 1,
    },
    ...READY_COLUMNS,
  ],
})

export type AcceleratorClassSpec = ReadonlyStatic<typeof spec>
