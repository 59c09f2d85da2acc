/** How the API server is told to call an endpoint. Each endpoint's file declares it; registration.ts writes it down. */
export interface WebhookDeclaration {
  /** Shown to whoever is refused: `admission webhook "gpu-pods.validate.sluice.dev" denied the request`. */
  readonly name: string
  readonly phase: 'mutating' | 'validating'
  readonly path: string
  readonly operations: readonly ('CREATE' | 'UPDATE' | 'DELETE')[]
  readonly resources: readonly ResourceRule[]
  /** Which objects of these resources it is about. */
  readonly about: About
  /** What becomes of the object when nobody answers. `Chosen`: Fail, unless the platform prefers pods without quota to no pods. */
  readonly failurePolicy: 'Fail' | 'Ignore' | 'Chosen'
  /** Of mutating webhooks. `IfNeeded`: again where another one has changed the pod after us. */
  readonly reinvocationPolicy?: 'IfNeeded'
  readonly sideEffects: 'None' | 'NoneOnDryRun'
  readonly timeoutSeconds: number
}

export interface ResourceRule {
  readonly apiGroups: readonly string[]
  readonly apiVersions: readonly string[]
  readonly resources: readonly string[]
}

/**
 * - `mutable-pods`: pods that ask for accelerators, and those that a policy may inject into.
 * - `accelerated-pods`: pods that ask for accelerators.
 * - `other-pods`: pods that ask for none, of which a policy may have something to say.
 * - `applied-workloads`: what people create or change themselves. What a controller makes for them, nobody would read a warning about.
 * - `guarded-objects`: what others than Sluice write. Every charge is an update of a ledger, and would wait for a replica that waits
 *   for that very charge.
 */
export type About = 'mutable-pods' | 'accelerated-pods' | 'other-pods' | 'applied-workloads' | 'guarded-objects'

export const PODS: readonly ResourceRule[] = [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }]
