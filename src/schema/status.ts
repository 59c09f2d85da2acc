import Type from 'typebox'
import { choice, integer, list, object, type ReadonlyStatic, text } from './parts.ts'

/** `metav1.Condition`, with its bounds: what `kubectl wait --for=condition=` and every GitOps tool reads. */
const condition = object('One condition.', {
  type: Type.String({
    description: 'What is told: `Ready`, `Accepted`, `Compiled`, `Oversubscribed`.',
    minLength: 1,
    maxLength: 316,
    pattern: '^[A-Za-z][A-Za-z0-9]*$',
  }),
  status: choice('Whether it is so.', ['True', 'False', 'Unknown']),
  observedGeneration: Type.Optional(integer('The generation of the object that this is about.')),
  lastTransitionTime: Type.String({ description: 'Since when the status is what it is (RFC 3339).', maxLength: 40 }),
  reason: Type.String({
    description: 'Why, in one word for programs.',
    minLength: 1,
    maxLength: 1024,
    pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
  }),
  message: text('Why, for people; empty where there is nothing to say.', { maxLength: 32_768 }),
})

export type Condition = ReadonlyStatic<typeof condition>

/** What every status says. */
const conditionFields = {
  observedGeneration: Type.Optional(integer('The generation of the object that the status is about.')),
  conditions: Type.Optional(list('What holds of the object now.', condition, { keys: ['type'], maxItems: 16 })),
}

/** The status of a kind that has nothing to report but its conditions. */
export const conditionStatus = object('What Sluice makes of the object. Written by Sluice.', conditionFields)
