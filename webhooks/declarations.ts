import { ADVISE_WORKLOADS } from './advise-workloads.ts'
import type { WebhookDeclaration } from './declaration.ts'
import { MUTATE_PODS } from './mutate-pods.ts'
import { GUARD_DELETES, GUARD_WRITES } from './validate-objects.ts'
import { VALIDATE_GPU_PODS, VALIDATE_OTHER_PODS } from './validate-pods.ts'

/** Every webhook, in the order in which people read them. */
export const WEBHOOK_DECLARATIONS: readonly WebhookDeclaration[] = [
  MUTATE_PODS,
  VALIDATE_GPU_PODS,
  VALIDATE_OTHER_PODS,
  GUARD_WRITES,
  GUARD_DELETES,
  ADVISE_WORKLOADS,
]
