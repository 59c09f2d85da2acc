import type { ResourceRule, WebhookDeclaration } from './declaration.ts'
import { MUTATE_PODS } from './mutate-pods.ts'
import { VALIDATE_GPU_PODS, VALIDATE_OTHER_PODS } from './validate-pods.ts'

/** All but what a namespace must be able to take along when it goes. Statuses are subresources, which this does not match. */
const GUARDED_RESOURCES: readonly ResourceRule[] = [
  {
    apiGroups: ['sluice.dev'],
    apiVersions: ['*'],
    resources: ['acceleratorclasses', 'cohorts', 'fabricprofiles', 'gpupolicies', 'quotaledgers', 'tenantquotas'],
  },
]

/** The workloads whose pod templates are looked at when they are applied, in whatever version. */
const ADVISED_RESOURCES: readonly ResourceRule[] = [
  advised('apps', 'daemonsets', 'deployments', 'replicasets', 'statefulsets'),
  advised('batch', 'cronjobs', 'jobs'),
  advised('argoproj.io', 'cronworkflows', 'workflows'),
  advised('batch.volcano.sh', 'jobs'),
  advised('jobset.x-k8s.io', 'jobsets'),
  advised('keda.sh', 'scaledjobs'),
  advised('kubeflow.org', 'jaxjobs', 'mpijobs', 'paddlejobs', 'pytorchjobs', 'tfjobs', 'xgboostjobs'),
  advised('leaderworkerset.x-k8s.io', 'leaderworkersets'),
  advised('ray.io', 'rayclusters', 'raycronjobs', 'rayjobs', 'rayservices'),
  advised('sagemaker.amazonaws.com', 'hyperpodpytorchjobs'),
  advised('serving.kserve.io', 'inferenceservices', 'llminferenceservices'),
  advised('trainer.kubeflow.org', 'trainjobs'),
]

function advised(group: string, ...resources: readonly string[]): ResourceRule {
  return { apiGroups: [group], apiVersions: ['*'], resources }
}

/**
 * What nobody has checked is not stored: the most that an unavailable guard stops is a change of configuration, and pods go on being
 * admitted by what is in force.
 */
const GUARD_WRITES: WebhookDeclaration = {
  name: 'objects.validate.sluice.dev',
  phase: 'validating',
  path: '/validate/objects',
  operations: ['CREATE', 'UPDATE'],
  resources: GUARDED_RESOURCES,
  about: 'guarded-objects',
  failurePolicy: 'Fail',
  sideEffects: 'None',
  timeoutSeconds: 10,
}

/** Where Sluice is gone and its registration is not, its objects could never be removed. */
const GUARD_DELETES: WebhookDeclaration = {
  ...GUARD_WRITES,
  name: 'deletions.validate.sluice.dev',
  operations: ['DELETE'],
  failurePolicy: 'Ignore',
}

/** Advice comes in time or not at all. */
const ADVISE_WORKLOADS: WebhookDeclaration = {
  name: 'workloads.advise.sluice.dev',
  phase: 'validating',
  path: '/advise/workloads',
  operations: ['CREATE', 'UPDATE'],
  resources: ADVISED_RESOURCES,
  about: 'applied-workloads',
  failurePolicy: 'Ignore',
  sideEffects: 'None',
  timeoutSeconds: 3,
}

/** Every webhook, in the order in which people read them. */
export const WEBHOOK_DECLARATIONS: readonly WebhookDeclaration[] = [
  MUTATE_PODS,
  VALIDATE_GPU_PODS,
  VALIDATE_OTHER_PODS,
  GUARD_WRITES,
  GUARD_DELETES,
  ADVISE_WORKLOADS,
]
