import type { ResourceRule, WebhookDeclaration } from './declaration.ts'
import { MUTATE_PODS } from './mutate-pods.ts'
import { VALIDATE_GPU_PODS, VALIDATE_OTHER_PODS } from './validate-pods.ts'

/** The kinds that people write; those that Sluice writes itself are nobody's to judge. */
const GUARDED_RESOURCES: readonly ResourceRule[] = [
  {
    apiGroups: ['sluice.dev'],
    apiVersions: ['v1alpha1'],
    resources: ['acceleratorclasses', 'cohorts', 'fabricprofiles', 'gpupolicies', 'tenantquotas'],
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

/** A policy or quota that nobody has read is not stored: it would be found wrong only when pods meet it. */
const VALIDATE_OBJECTS: WebhookDeclaration = {
  name: 'objects.validate.sluice.dev',
  phase: 'validating',
  path: '/validate/objects',
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  resources: GUARDED_RESOURCES,
  about: 'all',
  failurePolicy: 'Fail',
  sideEffects: 'None',
  timeoutSeconds: 10,
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
  VALIDATE_OBJECTS,
  ADVISE_WORKLOADS,
]
