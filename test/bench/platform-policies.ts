/** Policies of the kinds that a platform has. Of every twenty, eight are about the pod of the benchmark and six of them ask CEL. */
import type { JsonObject } from '../../src/schema/parts.ts'

/** The first is both an injection and a rule, so that one policy is work for both webhooks. */
const ABOUT_EVERY_GPU_POD: readonly JsonObject[] = [
  {
    matchConditions: [{ name: 'not-kai', expression: "object.spec.?schedulerName.orValue('') != 'kai-scheduler'" }],
    inject: {
      priorityClass: {
        byTier: [
          { tier: 'reserved', name: 'gpu-reserved' },
          { tier: 'shared', name: 'gpu-shared' },
          { tier: 'burst', name: 'gpu-burst' },
        ],
      },
    },
    validate: [
      { expression: "!object.spec.?priorityClassName.orValue('').startsWith('system-')", message: 'a system- class' },
    ],
  },
  { inject: { tolerations: [{ classTaints: true }] } },
  {
    inject: {
      labels: [
        {
          key: 'example.com/billed-to',
          expression: "namespaceObject.metadata.?labels[?'example.com/cost-center'].orValue('')",
          when: 'enforce',
        },
      ],
    },
  },
  {
    matchConditions: [{ name: 'several', expression: 'sluice.gpus > 1000' }],
    inject: {
      env: [
        { name: 'OMP_NUM_THREADS', value: '8' },
        { name: 'CUDA_DEVICE_MAX_CONNECTIONS', value: '1' },
      ],
    },
  },
  {
    validate: [
      {
        expression: "object.spec.containers.all(c, c.image.startsWith('registry.example.com/'))",
        messageExpression:
          "'images come from registry.example.com, and this is ' + object.spec.containers.filter(c, !c.image.startsWith('registry.example.com/')).map(c, c.image).join(', ')",
      },
      { expression: "object.spec.containers.all(c, !c.image.endsWith(':latest'))", message: 'name a version' },
    ],
  },
  {
    variables: [
      {
        name: 'users',
        expression: "object.spec.containers.filter(c, c.?resources.?limits[?'nvidia.com/gpu'].hasValue())",
      },
    ],
    validate: [
      { expression: 'variables.users.all(c, has(c.resources.requests.memory))', message: 'ask for memory' },
      {
        expression: "variables.users.all(c, quantity(string(c.resources.requests.cpu)).compareTo(quantity('1')) >= 0)",
        message: 'a GPU needs a CPU to feed it',
      },
    ],
  },
  {
    mode: 'Warn',
    validate: [
      {
        expression:
          "object.spec.containers.all(c, !c.?env.orValue([]).exists(e, e.name.matches('^NCCL_(ALGO|PROTO)$')))",
        message: 'NCCL chooses better by itself',
      },
    ],
  },
  {
    validate: [
      { expression: '!object.spec.?hostNetwork.orValue(false)', message: 'no host network' },
      {
        expression: 'object.spec.?terminationGracePeriodSeconds.orValue(30) <= 600',
        message: 'a pod must stop within ten minutes',
      },
    ],
  },
]

/** What a policy may be about besides: other teams, other work, other hardware, other moments. */
const ABOUT_OTHERS: readonly ((index: number) => JsonObject)[] = [
  index => ({ match: { namespaces: [`team-${index}`] }, inject: labelled(index) }),
  index => ({ match: { namespaceSelector: { matchLabels: { team: `team-${index}` } } }, inject: labelled(index) }),
  () => ({ match: { workloadKinds: ['PyTorchJob', 'MPIJob'] }, inject: { sharedMemory: { sizeLimit: '64Gi' } } }),
  index => ({ match: { classes: [`tpu-v${index}`] }, validate: [ruleOf(index)] }),
  () => ({ match: { vendors: ['amd'] }, inject: { env: [{ name: 'RCCL_MSCCL_ENABLE', value: '0' }] } }),
  index => ({ match: { tiers: ['burst'] }, inject: labelled(index) }),
  index => ({ match: { operations: ['UPDATE'] }, validate: [ruleOf(index)] }),
  index => ({ match: { objectSelector: { matchLabels: { app: `app-${index}` } } }, validate: [ruleOf(index)] }),
  index => ({ match: { accelerators: 'Absent' }, inject: labelled(index) }),
  index => ({ match: { multiPod: true }, inject: labelled(index) }),
  index => ({
    matchConditions: [
      { name: 'opted-in', expression: `object.metadata.?labels[?'example.com/feature-${index}'].orValue('') == 'on'` },
    ],
    inject: labelled(index),
  }),
  index => ({
    matchConditions: [{ name: 'of-ray', expression: `object.spec.containers.exists(c, c.name == 'ray-${index}')` }],
    validate: [ruleOf(index)],
  }),
]

function labelled(index: number): JsonObject {
  return { labels: [{ key: `example.com/policy-${index}`, value: 'yes' }] }
}

function ruleOf(index: number): JsonObject {
  return { expression: `object.metadata.?labels[?'owner'].orValue('') != 'nobody-${index}'`, message: 'name an owner' }
}

/**
 * One, twenty, or two hundred policies: what is about every GPU pod grows far slower than what is about somebody else, so past the
 * first twenty one in twenty is about this pod.
 */
export function platformPolicies(count: number): readonly JsonObject[] {
  return Array.from({ length: count }, (_, index) => policyDocument(index, specOf(index)))
}

const PER_BLOCK = 20

function specOf(index: number): JsonObject {
  const place = index % PER_BLOCK
  if (index < ABOUT_EVERY_GPU_POD.length) return ABOUT_EVERY_GPU_POD[index] ?? {}
  if (place === 0)
    return {
      matchConditions: [{ name: 'on-nvidia', expression: "'nvidia' in sluice.vendors" }],
      validate: [ruleOf(index)],
    }
  return ABOUT_OTHERS[place % ABOUT_OTHERS.length]?.(index) ?? {}
}

function policyDocument(index: number, spec: JsonObject): JsonObject {
  const name = `policy-${String(index).padStart(3, '0')}`
  return { apiVersion: 'sluice.dev/v1alpha1', kind: 'GpuPolicy', metadata: { name }, spec }
}
