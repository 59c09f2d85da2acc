import Type from 'typebox'
import { inject } from './inject.ts'
import { conditionColumn, defineKind, READY_COLUMNS } from './kind.ts'
import {
  choice,
  dnsLabel,
  dnsName,
  expression,
  flag,
  labelSelector,
  list,
  MODES,
  object,
  type ReadonlyStatic,
  TIERS,
  text,
} from './parts.ts'
import { conditionStatus } from './status.ts'

const match = object('Which pods the policy is about. Every field that is given must hold.', {
  accelerators: Type.Optional(
    choice('Pods that ask for accelerators (the default), pods that ask for none, or all.', [
      'Required',
      'Absent',
      'Any',
    ]),
  ),
  namespaces: Type.Optional(list('Only these namespaces.', dnsLabel('A namespace.'))),
  excludedNamespaces: Type.Optional(list('Not these namespaces.', dnsLabel('A namespace.'))),
  namespaceSelector: Type.Optional(labelSelector),
  objectSelector: Type.Optional(labelSelector),
  operations: Type.Optional(list('CREATE without it.', choice('An operation.', ['CREATE', 'UPDATE']), { maxItems: 2 })),
  workloadKinds: Type.Optional(
    list('Only pods of these workloads.', text('For example `PyTorchJob`.', { maxLength: 63 }), { maxItems: 64 }),
  ),
  excludedWorkloadKinds: Type.Optional(
    list('Not pods of these workloads.', text('For example `RayCluster`.', { maxLength: 63 }), { maxItems: 64 }),
  ),
  multiPod: Type.Optional(flag('Only pods that are known to be (true) or not to be (false) one of several of a gang.')),
  tiers: Type.Optional(list('Only these tiers.', choice('A tier.', TIERS), { maxItems: 3 })),
  classes: Type.Optional(
    list('Only pods that use one of these classes.', dnsName('An AcceleratorClass.'), { maxItems: 64 }),
  ),
  vendors: Type.Optional(
    list('Only pods that use accelerators of these vendors.', text('For example `nvidia`.', { maxLength: 32 }), {
      maxItems: 16,
    }),
  ),
})

const validation = object('One rule that a pod must keep.', {
  expression: expression('CEL; true means the rule is kept.'),
  message: Type.Optional(text('What is wrong, for the tenant. ASCII, one line.', { maxLength: 512 })),
  messageExpression: Type.Optional(
    Type.String({ description: 'CEL that gives the message; falls back to `message` if it fails.', maxLength: 5120 }),
  ),
  fix: Type.Optional(text('What the tenant can do.', { maxLength: 512 })),
  reason: Type.Optional(
    choice('Invalid: the spec must change. Forbidden: it is not allowed here. Invalid without it.', [
      'Invalid',
      'Forbidden',
    ]),
  ),
  field: Type.Optional(text('The field to blame: `spec.containers[0].env`.', { maxLength: 256 })),
  code: Type.Optional(
    Type.String({
      description: 'A stable code for the denial. `SLU-P100` without it.',
      pattern: '^[A-Z]{2,8}-[A-Z]?[0-9]{1,5}$',
      maxLength: 16,
    }),
  ),
  mode: Type.Optional(choice('What a violation does; the mode of the policy without it.', MODES)),
})

const named = (description: string) =>
  object(description, {
    name: Type.String({ description: 'The name.', pattern: '^[A-Za-z_][A-Za-z0-9_]*$', maxLength: 63 }),
    expression: expression('CEL.'),
  })

const spec = object('What to inject into GPU pods and what to require of them.', {
  description: Type.Optional(text('What the policy is for, in a sentence or two.', { maxLength: 2048 })),
  suspend: Type.Optional(flag('Switches the policy off without deleting it.')),
  mode: Type.Optional(
    choice('What a violation does: refuse the pod, warn its author, or only be recorded. Enforce without it.', MODES),
  ),
  match: Type.Optional(match),
  matchConditions: Type.Optional(
    list(
      'CEL conditions that must all be true; an error counts as not matching for `inject`, and as a violation for `validate`.',
      object('One condition.', {
        name: qualifiedConditionName(),
        expression: expression('CEL that gives a bool.'),
      }),
      { keys: ['name'], maxItems: 64 },
    ),
  ),
  variables: Type.Optional(
    list(
      'Values by name, as `variables.<name>`: evaluated when first used and at most once. A variable sees those before it.',
      named('One variable.'),
      { keys: ['name'], maxItems: 64 },
    ),
  ),
  validate: Type.Optional(list('Rules that a pod must keep.', validation, { maxItems: 64 })),
  inject: Type.Optional(inject),
  exceptions: Type.Optional(
    list(
      'Namespaces in which the policy does not apply, each with the reason. Only what is named here is excepted: a tenant cannot except itself.',
      object('One exception.', {
        namespaces: list('The namespaces.', dnsLabel('A namespace.'), { minItems: 1 }),
        objectSelector: Type.Optional(labelSelector),
        reason: text('Why.', { minLength: 1, maxLength: 512 }),
      }),
      { maxItems: 64 },
    ),
  ),
})

function qualifiedConditionName() {
  return Type.String({ description: 'The name.', pattern: '^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$', maxLength: 63 })
}

export const gpuPolicy = defineKind({
  kind: 'GpuPolicy',
  plural: 'gpupolicies',
  scope: 'Cluster',
  description: 'What Sluice adds to GPU pods, and what it requires of them.',
  spec,
  status: conditionStatus,
  columns: [
    {
      name: 'Mode',
      type: 'string',
      jsonPath: '.spec.mode',
      description: 'What a violation does; Enforce where it is empty.',
    },
    { name: 'Suspended', type: 'boolean', jsonPath: '.spec.suspend', description: 'Whether it is switched off.' },
    conditionColumn('Compiled', 'Whether its expressions compile.'),
    ...READY_COLUMNS,
  ],
})

export type GpuPolicySpec = ReadonlyStatic<typeof spec>
export type PolicyMatch = NonNullable<GpuPolicySpec['match']>
export type PolicyValidation = NonNullable<GpuPolicySpec['validate']>[number]
