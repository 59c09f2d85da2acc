import Type from 'typebox'
import { choice, flag, list, object, opaque, type ReadonlyStatic, stringMap, TIERS, text } from './parts.ts'
import { parserOf } from './validator.ts'

const denial = object('A refusal that must be among those of the pod.', {
  code: Type.Optional(text('Its code.')),
  field: Type.Optional(text('The field it blames.')),
  message: Type.Optional(text('A part of its message.')),
})

const want = object('What must come of it.', {
  verdict: Type.Optional(choice('Whether the pod passes; allowed without it.', ['allowed', 'denied'])),
  unchanged: Type.Optional(flag('Nothing is injected.')),
  pod: Type.Optional(opaque('Fields that the patched pod must show; the items of lists in any order.')),
  absent: Type.Optional(list('Paths that the patched pod must not have: `spec.containers[0].env`.', text('A path.'))),
  denials: Type.Optional(list('Refusals.', denial)),
  warnings: Type.Optional(list('Parts of warnings; an empty list means that there must be none.', text('A part.'))),
})

const testCase = object('One case.', {
  name: text('What is shown, as a fact.', { minLength: 1 }),
  namespace: Type.Optional(text('The namespace; `tenant` without it.')),
  namespaceLabels: Type.Optional(stringMap('Its labels.')),
  tenant: Type.Optional(text('The tenant that the namespace belongs to; one of its name without it, none if empty.')),
  tier: Type.Optional(choice('The tier that admission has decided; reserved without it.', TIERS)),
  gangSize: Type.Optional(Type.Integer({ minimum: 1 })),
  instanceTypes: Type.Optional(list('The instance types that the cohort of the tenant has.', text('A type.'))),
  operation: Type.Optional(choice('CREATE without it.', ['CREATE', 'UPDATE'])),
  documents: Type.Optional(list('Objects of the cluster for this case alone.', opaque('An object.'))),
  pod: opaque('The pod; apiVersion, kind and metadata may be left out.'),
  want,
})

const suite = object('Cases for policies.', {
  policies: Type.Optional(
    list('The policies under test; those of the file beside the suite without it. Others do not run.', text('A name.')),
  ),
  cases: list('The cases.', testCase, { minItems: 1 }),
})

export type PolicySuite = ReadonlyStatic<typeof suite>
export type PolicyCase = PolicySuite['cases'][number]

export const parsePolicySuite = parserOf(suite)
