import { daemonSet, deployment, pod, replicaSet, statefulSet } from './apps.ts'
import { cronWorkflow, workflow, workflowTemplate } from './argo.ts'
import type { Draft, Source } from './draft.ts'
import { hyperPodJob } from './hyperpod.ts'
import { inferenceService } from './inference-service.ts'
import { cronJob, job, scaledJob } from './jobs.ts'
import { jobSet, trainingRuntime } from './jobset.ts'
import { KUBEFLOW_KINDS, kubeflowJob } from './kubeflow.ts'
import { leaderWorkerSet } from './leader-worker-set.ts'
import { llmInferenceService, llmInferenceServiceConfig } from './llm-inference-service.ts'
import { rayCluster, rayCronJob, rayJob, rayService } from './ray.ts'
import { trainJob } from './trainjob.ts'
import { blueprint, unknownKind } from './unknown.ts'
import { volcanoJob } from './volcano.ts'

/** The pod templates of one kind's manifests. */
type TemplateFinder = (source: Source) => readonly Draft[]

/** By `group/kind`; versions differ in what we do not read. A kind of the core group starts with the slash. */
const KINDS: ReadonlyMap<string, TemplateFinder> = new Map<string, TemplateFinder>([
  ['/Pod', pod],
  ['/ReplicationController', replicaSet],
  ['apps/Deployment', deployment],
  ['apps/ReplicaSet', replicaSet],
  ['apps/StatefulSet', statefulSet],
  ['apps/DaemonSet', daemonSet],
  ['batch/Job', job],
  ['batch/CronJob', cronJob],
  ['keda.sh/ScaledJob', scaledJob],
  ['jobset.x-k8s.io/JobSet', jobSet],
  ['leaderworkerset.x-k8s.io/LeaderWorkerSet', leaderWorkerSet],
  ...KUBEFLOW_KINDS.map((kind): [string, TemplateFinder] => [`kubeflow.org/${kind}`, kubeflowJob]),
  ['trainer.kubeflow.org/TrainJob', trainJob],
  ['trainer.kubeflow.org/TrainingRuntime', trainingRuntime],
  ['trainer.kubeflow.org/ClusterTrainingRuntime', trainingRuntime],
  ['sagemaker.amazonaws.com/HyperPodPyTorchJob', hyperPodJob],
  ['ray.io/RayCluster', rayCluster],
  ['ray.io/RayJob', rayJob],
  ['ray.io/RayCronJob', rayCronJob],
  ['ray.io/RayService', rayService],
  ['batch.volcano.sh/Job', volcanoJob],
  ['argoproj.io/Workflow', workflow],
  ['argoproj.io/CronWorkflow', cronWorkflow],
  ['argoproj.io/WorkflowTemplate', workflowTemplate],
  ['argoproj.io/ClusterWorkflowTemplate', workflowTemplate],
  ['serving.kserve.io/InferenceService', inferenceService],
  ['serving.kubeflow.org/InferenceService', inferenceService],
  ['serving.kserve.io/LLMInferenceService', llmInferenceService],
  ['serving.kserve.io/LLMInferenceServiceConfig', llmInferenceServiceConfig],
  ['serving.kserve.io/ServingRuntime', blueprint],
  ['serving.kserve.io/ClusterServingRuntime', blueprint],
  ['kueue.x-k8s.io/Workload', blueprint],
  ['apps/ControllerRevision', blueprint],
  ['/PodTemplate', blueprint],
])

/** Groups whose objects speak about pod specs (policies, schemas) without ever holding one that runs. */
const GROUPS_WITHOUT_PODS: ReadonlySet<string> = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'constraints.gatekeeper.sh',
  'kyverno.io',
  'mutations.gatekeeper.sh',
  'policies.kyverno.io',
  'sluice.dev',
  'templates.gatekeeper.sh',
])

/** A kind that is known by name. */
export interface KnownKind {
  readonly group: string
  readonly kind: string
  /** As its API serves it; each of these plurals is regular. */
  readonly plural: string
}

export const KNOWN_KINDS: readonly KnownKind[] = [...KINDS.keys()].map(name => {
  const [group = '', kind = ''] = name.split('/')
  return { group, kind, plural: `${kind.toLowerCase()}s` }
})

const NONE: TemplateFinder = () => []

export function finderFor({ group, kind }: Source): TemplateFinder {
  if (kind === '' || GROUPS_WITHOUT_PODS.has(group)) return NONE
  return KINDS.get(`${group}/${kind}`) ?? unknownKind
}
