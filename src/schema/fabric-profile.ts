import Type from 'typebox'
import { defineKind, READY_COLUMNS } from './kind.ts'
import { choice, flag, integer, list, object, opaque, qualifiedName, type ReadonlyStatic, text } from './parts.ts'
import { conditionStatus } from './status.ts'

const spec = object('What a pod needs to use one platform’s fast network for one kind of traffic.', {
  platform: choice('The platform.', ['aws', 'gke', 'azure', 'coreweave', 'oci', 'other']),
  traffic: choice(
    'What speaks over it: collectives of training (nccl) or transfers of disaggregated inference (nixl).',
    ['nccl', 'nixl'],
  ),
  automatic: Type.Optional(
    flag(
      'Chosen for a pod whose nodes are of this platform without anyone naming the profile. At most one per platform and traffic.',
    ),
  ),
  sources: list('Where the values come from, so that a reader can check them.', text('A document or file.'), {
    minItems: 1,
    maxItems: 16,
  }),
  nodeLabels: Type.Optional(
    list(
      'Node labels that tell the platform. A pod that selects nodes by one of them is on it.',
      object('One label.', {
        key: qualifiedName('The label.'),
        values: Type.Optional(list('The values; any value without them.', text('A value.', { maxLength: 63 }))),
      }),
      { keys: ['key'] },
    ),
  ),
  device: Type.Optional(
    object('The network device to ask for.', {
      resource: qualifiedName('The extended resource, for example `vpc.amazonaws.com/efa`.'),
      perPod: Type.Optional(
        integer('The count for every pod, where the resource is a flag and not a number of cards.', { minimum: 1 }),
      ),
    }),
  ),
  instances: Type.Optional(
    list(
      'Devices by instance type. A pod with a part of the accelerators gets the same part of the devices, rounded down.',
      object('One instance type.', {
        type: text('For example `p5.48xlarge`.', { maxLength: 63 }),
        accelerators: integer('Accelerators of the instance.', { minimum: 1, maximum: 1024 }),
        devices: integer('Network devices of the instance.', { maximum: 1024 }),
      }),
      { keys: ['type'] },
    ),
  ),
  env: Type.Optional(
    list(
      'Environment of the containers that use accelerators.',
      object('One variable.', {
        name: text('The name.', { maxLength: 256 }),
        value: text('The value.', { maxLength: 4096 }),
      }),
      { keys: ['name'] },
    ),
  ),
  podAnnotations: Type.Optional(
    list(
      'Annotations of the pod, such as the networks to attach.',
      object('One annotation.', { key: qualifiedName('The key.'), value: text('The value.', { maxLength: 8192 }) }),
      { keys: ['key'] },
    ),
  ),
  volumes: Type.Optional(
    list(
      'Volumes of the pod, with the place where the containers that use accelerators see them.',
      object('One volume.', {
        name: text('The name.', { maxLength: 63 }),
        mountPath: text('Where it is mounted; nothing is added where a volume is mounted there already.', {
          maxLength: 512,
        }),
        readOnly: Type.Optional(flag('Mounted read-only.')),
        source: opaque('The volume source as in a pod: `{hostPath: {path: …}}`.'),
      }),
      { keys: ['name'] },
    ),
  ),
  capabilities: Type.Optional(
    list(
      'Linux capabilities the containers need. PodSecurity `baseline` refuses IPC_LOCK, so a profile asks for it only where the platform needs it.',
      choice('A capability.', ['IPC_LOCK']),
      { maxItems: 1 },
    ),
  ),
  note: Type.Optional(
    text('What the operator must know, such as what the image has to do by itself.', { maxLength: 2048 }),
  ),
})

export const fabricProfile = defineKind({
  kind: 'FabricProfile',
  plural: 'fabricprofiles',
  scope: 'Cluster',
  description: 'Devices, environment, volumes and annotations that a platform’s fast network needs, as data.',
  spec,
  status: conditionStatus,
  columns: [
    { name: 'Platform', type: 'string', jsonPath: '.spec.platform', description: 'The platform.' },
    { name: 'Traffic', type: 'string', jsonPath: '.spec.traffic', description: 'What speaks over it.' },
    {
      name: 'Automatic',
      type: 'boolean',
      jsonPath: '.spec.automatic',
      description: 'Whether pods get it without naming it.',
    },
    ...READY_COLUMNS,
  ],
})

export type FabricProfileSpec = ReadonlyStatic<typeof spec>
