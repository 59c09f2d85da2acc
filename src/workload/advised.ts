import { KNOWN_KINDS, type KnownKind } from './kinds.ts'

/** A rule as webhook configurations have it. */
export interface ResourceRule {
  readonly apiGroups: readonly string[]
  readonly apiVersions: readonly string[]
  readonly resources: readonly string[]
}

/** Objects that controllers make of what people wrote, whose advice nobody would read; pods have webhooks of their own. */
const MADE_BY_CONTROLLERS: ReadonlySet<string> = new Set([
  '/Pod',
  'apps/ReplicaSet',
  'apps/ControllerRevision',
  'kueue.x-k8s.io/Workload',
])

/** Of these nothing runs by itself: what fits now says nothing of when others will make pods of them. */
const BLUEPRINTS: ReadonlySet<string> = new Set([
  '/PodTemplate',
  'argoproj.io/ClusterWorkflowTemplate',
  'argoproj.io/WorkflowTemplate',
  'serving.kserve.io/ClusterServingRuntime',
  'serving.kserve.io/LLMInferenceServiceConfig',
  'serving.kserve.io/ServingRuntime',
  'trainer.kubeflow.org/ClusterTrainingRuntime',
  'trainer.kubeflow.org/TrainingRuntime',
])

/**
 * The workloads whose authors are told what will become of their pods, a rule for each API group. Versions differ in what is not
 * read here. Other kinds need nothing but a rule: wherever an object has a list of containers, that is taken for a pod.
 */
export const ADVISED_RESOURCES: readonly ResourceRule[] = [
  ...Map.groupBy(KNOWN_KINDS.filter(isAdvised), kind => kind.group),
]
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
  .map(([group, kinds]) => ({
    apiGroups: [group],
    apiVersions: ['*'],
    resources: kinds.map(({ plural }) => plural).toSorted(),
  }))

function isAdvised({ group, kind }: KnownKind): boolean {
  const name = `${group}/${kind}`
  return !MADE_BY_CONTROLLERS.has(name) && !BLUEPRINTS.has(name)
}
