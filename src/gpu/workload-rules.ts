import { annotation, env, label, ownerGroup, ownerKind, ownerName, ownerUid, podName } from './workload-places.ts'
import { POD_GROUPS } from './workload-queues.ts'
import type { GangRule, ObjectSource, WordSource, WorkloadRule } from './workload-rule.ts'

/*
 * How controllers mark their pods, one row each, as data. Adding a controller is adding a row.
 *
 * The order is the order of resolution. The first row that applies and names a kind says what the workload is; the first
 * that applies and speaks of a gang says which gang it is. So a scheduler's own pod groups come first (they say exactly who
 * must run together), then the controllers from the outermost to the plain Job, then whatever else owns the pod.
 */

const KUBEFLOW_OPERATORS: ReadonlyMap<string, string> = new Map([
  ['pytorchjob-controller', 'PyTorchJob'],
  ['tfjob-controller', 'TFJob'],
  ['xgboostjob-controller', 'XGBoostJob'],
  ['paddlejob-controller', 'PaddleJob'],
  ['jaxjob-controller', 'JAXJob'],
  ['mpijob-controller', 'MPIJob'],
  ['mpi-operator', 'MPIJob'],
])

const TRAINER_STEPS: ReadonlyMap<string, string> = new Map([
  ['dataset-initializer', 'initializer'],
  ['model-initializer', 'initializer'],
  ['launcher', 'launcher'],
  ['node', 'worker'],
])

const DISAGGREGATED_ROLES: ReadonlyMap<string, string> = new Map([
  ['prefill', 'prefill'],
  ['decode', 'decode'],
])

const LLM_COMPONENTS: ReadonlyMap<string, string> = new Map([
  ['llminferenceservice-workload-leader', 'leader'],
  ['llminferenceservice-workload-worker', 'worker'],
  ['llminferenceservice-workload-prefill', 'prefill'],
  ['llminferenceservice-workload-leader-prefill', 'prefill'],
  ['llminferenceservice-workload-worker-prefill', 'prefill'],
  ['llminferenceservice-router-scheduler', 'scheduler'],
])

const JOB_SET: GangRule = {
  scope: 'JobSet',
  id: [[label('jobset.sigs.k8s.io/jobset-uid')], [label('jobset.sigs.k8s.io/jobset-name')]],
  // The labels count Jobs (replicatedjob-replicas, global-replicas), never the pods of a Job: no size can be read from them.
  labels: ['jobset.sigs.k8s.io/jobset-uid', 'jobset.sigs.k8s.io/jobset-name'],
}

// A TrainJob and its JobSet share a name. The JobSet knows the pods, the TrainJob leaves most of them to its runtime.
const JOB_SET_OBJECTS: readonly ObjectSource[] = [
  {
    group: 'jobset.x-k8s.io',
    kind: ['JobSet'],
    name: [label('jobset.sigs.k8s.io/jobset-name')],
    uid: label('jobset.sigs.k8s.io/jobset-uid'),
  },
  { group: 'trainer.kubeflow.org', kind: ['TrainJob'], name: [label('jobset.sigs.k8s.io/jobset-name')] },
]

// Who owns every pod of a job, so that its UID tells a job from the next of that name. Of an MPIJob the launcher has another owner.
const OWNING_OPERATORS = [...KUBEFLOW_OPERATORS].filter(([, kind]) => kind !== 'MPIJob').map(([operator]) => operator)

const KUBEFLOW_KIND: readonly WordSource[] = [
  { at: label('training.kubeflow.org/operator-name'), as: KUBEFLOW_OPERATORS },
  { at: ownerKind },
]

const KUBEFLOW_NAME = label('training.kubeflow.org/job-name')

const KUBEFLOW_GANG: GangRule = {
  scope: 'training.kubeflow.org',
  id: [[KUBEFLOW_NAME]],
  size: [
    // An elastic job has a range here ("1:36"), which is no count, and needs none.
    { count: env('PET_NNODES') },
    { processes: env('WORLD_SIZE'), perPod: env('PET_NPROC_PER_NODE') },
    { count: env('NUM_PROCESSES') },
  ],
  labels: ['training.kubeflow.org/job-name'],
}

const KUBEFLOW_JOB: WorkloadRule = {
  when: [{ at: KUBEFLOW_NAME }],
  kind: KUBEFLOW_KIND,
  name: [KUBEFLOW_NAME],
  role: [{ at: label('training.kubeflow.org/replica-type') }, { at: label('training.kubeflow.org/job-role') }],
  gang: KUBEFLOW_GANG,
  objects: [{ group: 'kubeflow.org', kind: KUBEFLOW_KIND, name: [KUBEFLOW_NAME] }],
  severalWhen: [{ at: label('training.kubeflow.org/replica-index'), min: 1 }],
}

// The pods of a cluster that a RayJob or RayService has created tell of it by nothing but the cluster's name.
const RAY_OBJECTS: readonly ObjectSource[] = [
  { group: 'ray.io', kind: ['RayCluster'], name: [label('ray.io/cluster')] },
  ...['RayJob', 'RayService'].map(kind => ({
    group: 'ray.io',
    kind: [kind],
    name: [{ from: 'creatorOfCluster', key: 'ray.io/cluster' } as const],
  })),
]

const OWNER: ObjectSource = { group: { at: ownerGroup }, kind: [{ at: ownerKind }], name: [ownerName], uid: ownerUid }

/** Who says so when several pods work on one request or one step together without being one gang. */
export const COMMON_ROLES: readonly WordSource[] = [{ at: label('llm-d.ai/role'), as: DISAGGREGATED_ROLES }]

/** Roles whose pods exchange data with pods of another role: prefill hands its KV cache to decode. */
export const COMMUNICATING_ROLES: ReadonlySet<string> = new Set(['prefill', 'decode'])

// Serving stacks that lay a Deployment or a LeaderWorkerSet under themselves: the gang, if any, is the lower layer's.
const SERVING: readonly WorkloadRule[] = [
  {
    when: [{ at: label('nvidia.com/dynamo-graph-deployment-name') }],
    kind: ['DynamoGraphDeployment'],
    name: [label('nvidia.com/dynamo-graph-deployment-name')],
    role: [{ at: label('nvidia.com/dynamo-sub-component-type') }, { at: label('nvidia.com/dynamo-component-type') }],
  },
  {
    when: [{ at: label('app.kubernetes.io/part-of'), is: ['llminferenceservice'] }],
    kind: ['LLMInferenceService'],
    name: [label('app.kubernetes.io/name'), podName],
    role: [...COMMON_ROLES, { at: label('app.kubernetes.io/component'), as: LLM_COMPONENTS }],
    multiPod: false,
  },
  {
    when: [{ at: label('app.kubernetes.io/managed-by'), is: ['k8s-nim-operator'] }],
    kind: ['NIMService'],
    name: [label('app.kubernetes.io/name'), podName],
    multiPod: false,
  },
  {
    when: [{ at: label('disaggregatedset.x-k8s.io/name') }],
    kind: ['DisaggregatedSet'],
    name: [label('disaggregatedset.x-k8s.io/name')],
    role: [{ at: label('disaggregatedset.x-k8s.io/role') }],
  },
  { when: [{ at: label('kaito.sh/workspace') }], kind: ['Workspace'], name: [label('kaito.sh/workspace')] },
  {
    when: [{ at: label('ome.io/inferenceservice') }],
    kind: ['InferenceService'],
    name: [label('ome.io/inferenceservice')],
  },
]

const CONTROLLERS: readonly WorkloadRule[] = [
  {
    when: [{ at: label('leaderworkerset.sigs.k8s.io/name') }],
    kind: ['LeaderWorkerSet'],
    name: [label('leaderworkerset.sigs.k8s.io/name')],
    role: [{ at: label('leaderworkerset.sigs.k8s.io/worker-index'), as: new Map([['0', 'leader']]) }, 'worker'],
    gang: {
      scope: 'LeaderWorkerSet',
      // LWS's own webhook stamps group-index and group-key on a leader, perhaps after us. The leader's ordinal is the group
      // index, so the id is the same at both webhooks.
      id: [
        [label('leaderworkerset.sigs.k8s.io/name'), label('leaderworkerset.sigs.k8s.io/group-index')],
        [label('leaderworkerset.sigs.k8s.io/group-key')],
        [label('leaderworkerset.sigs.k8s.io/name'), { from: 'pod', key: 'ordinal' }],
      ],
      size: [{ count: annotation('leaderworkerset.sigs.k8s.io/size') }],
      labels: ['leaderworkerset.sigs.k8s.io/group-key'],
    },
    objects: [
      {
        group: 'leaderworkerset.x-k8s.io',
        kind: ['LeaderWorkerSet'],
        name: [label('leaderworkerset.sigs.k8s.io/name')],
      },
    ],
  },
  {
    // Initializers finish before the nodes start. They belong to no gang.
    when: [
      { at: label('jobset.sigs.k8s.io/jobset-name') },
      { at: label('jobset.sigs.k8s.io/replicatedjob-name'), is: ['dataset-initializer', 'model-initializer'] },
    ],
    kind: ['TrainJob'],
    name: [label('jobset.sigs.k8s.io/jobset-name')],
    role: ['initializer'],
    gang: 'none',
    multiPod: false,
  },
  {
    // Trainer v2 leaves no label of its own on pods; its torch plugin always sets the number of nodes.
    when: [
      { at: label('jobset.sigs.k8s.io/jobset-name') },
      { at: label('jobset.sigs.k8s.io/replicatedjob-name'), is: ['node'] },
      { at: env('PET_NNODES') },
    ],
    kind: ['TrainJob'],
    name: [label('jobset.sigs.k8s.io/jobset-name')],
    role: ['worker'],
    gang: { ...JOB_SET, size: [{ count: env('PET_NNODES') }] },
    objects: JOB_SET_OBJECTS,
  },
  {
    when: [
      { at: label('jobset.sigs.k8s.io/jobset-name') },
      { at: label('trainer.kubeflow.org/trainjob-ancestor-step') },
    ],
    kind: ['TrainJob'],
    name: [label('jobset.sigs.k8s.io/jobset-name')],
    role: [{ at: label('jobset.sigs.k8s.io/replicatedjob-name'), as: TRAINER_STEPS }],
    gang: JOB_SET,
    objects: JOB_SET_OBJECTS,
  },
  {
    when: [{ at: label('jobset.sigs.k8s.io/jobset-name') }],
    kind: ['JobSet'],
    name: [label('jobset.sigs.k8s.io/jobset-name')],
    role: [{ at: label('jobset.sigs.k8s.io/replicatedjob-name') }],
    gang: JOB_SET,
    objects: JOB_SET_OBJECTS,
    severalWhen: [
      { at: label('jobset.sigs.k8s.io/global-replicas'), min: 2 },
      { at: label('jobset.sigs.k8s.io/replicatedjob-replicas'), min: 2 },
    ],
  },
  {
    ...KUBEFLOW_JOB,
    when: [
      { at: label('training.kubeflow.org/job-name') },
      { at: label('training.kubeflow.org/operator-name'), is: OWNING_OPERATORS },
    ],
    gang: { ...KUBEFLOW_GANG, id: [[KUBEFLOW_NAME, ownerUid], [KUBEFLOW_NAME]] },
  },
  KUBEFLOW_JOB,
  {
    when: [{ at: label('ray.io/cluster') }, { at: label('ray.io/node-type') }],
    kind: ['RayCluster'],
    name: [label('ray.io/cluster')],
    role: [{ at: label('ray.io/node-type') }],
    gang: {
      scope: 'RayCluster',
      id: [[label('ray.io/cluster'), ownerUid], [label('ray.io/cluster')]],
      labels: ['ray.io/cluster'],
    },
    objects: RAY_OBJECTS,
    severalWhen: [{ at: label('ray.io/node-type'), is: ['worker'] }],
  },
  {
    // The pod that submits the job to a cluster which already runs.
    when: [{ at: label('ray.io/originated-from-crd'), is: ['RayJob'] }],
    kind: ['RayJob'],
    name: [label('ray.io/originated-from-cr-name'), ownerName],
    role: ['submitter'],
    gang: 'none',
    multiPod: false,
  },
  {
    when: [{ at: label('volcano.sh/job-name') }],
    kind: ['VolcanoJob'],
    name: [label('volcano.sh/job-name')],
    role: [{ at: label('volcano.sh/task-spec') }],
    gang: {
      scope: 'Job.batch.volcano.sh',
      id: [[label('volcano.sh/job-name'), ownerUid], [label('volcano.sh/job-name')]],
      labels: ['volcano.sh/job-name'],
    },
    objects: [{ group: 'batch.volcano.sh', kind: ['Job'], name: [label('volcano.sh/job-name')] }],
    severalWhen: [{ at: label('volcano.sh/task-index'), min: 1 }],
  },
  {
    when: [{ at: label('workflows.argoproj.io/workflow') }],
    kind: ['Workflow'],
    name: [label('workflows.argoproj.io/workflow')],
    gang: 'none',
    multiPod: false,
  },
  {
    when: [{ at: label('serving.kserve.io/inferenceservice') }],
    kind: ['InferenceService'],
    name: [label('serving.kserve.io/inferenceservice')],
    role: [
      { at: { from: 'container', key: 'worker-container' }, as: new Map([['worker-container', 'worker']]) },
      { at: label('component') },
    ],
    gang: {
      scope: 'InferenceService',
      id: [[label('serving.kserve.io/inferenceservice')]],
      // Only a multi-node predictor (workerSpec) has this variable.
      size: [{ count: env('RAY_NODE_COUNT') }],
      onlySized: true,
      labels: ['serving.kserve.io/inferenceservice'],
    },
    multiPod: false,
  },
  {
    when: [{ at: label('spark-role') }],
    kind: ['SparkApplication'],
    name: [label('sparkoperator.k8s.io/app-name'), label('spark-app-name'), label('spark-app-selector'), podName],
    role: [{ at: label('spark-role') }],
    gang: 'none',
    severalWhen: [{ at: label('spark-role'), is: ['executor'] }],
  },
  { when: [{ at: label('scaledjob.keda.sh/name') }], kind: ['ScaledJob'], name: [label('scaledjob.keda.sh/name')] },
]

const OWNERS: readonly WorkloadRule[] = [
  {
    when: [
      { at: ownerKind, is: ['Job'] },
      { at: ownerGroup, is: ['batch'] },
    ],
    kind: ['Job'],
    name: [ownerName],
    gang: {
      scope: 'Job',
      id: [[ownerUid], [ownerName]],
      labels: ['batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name', 'controller-uid'],
    },
    objects: [OWNER],
  },
  {
    when: [{ at: ownerKind, is: ['ReplicaSet'] }, { at: { from: 'ownerBeforeHash', key: 'pod-template-hash' } }],
    kind: ['Deployment'],
    name: [{ from: 'ownerBeforeHash', key: 'pod-template-hash' }],
    gang: 'none',
    multiPod: false,
  },
  {
    when: [
      { at: ownerKind, is: ['ReplicaSet'] },
      { at: { from: 'ownerBeforeHash', key: 'rollouts-pod-template-hash' } },
    ],
    kind: ['Rollout'],
    name: [{ from: 'ownerBeforeHash', key: 'rollouts-pod-template-hash' }],
    gang: 'none',
    multiPod: false,
  },
  {
    when: [{ at: ownerKind, is: ['ReplicaSet', 'ReplicationController', 'DaemonSet', 'Node'] }],
    kind: [{ at: ownerKind }],
    name: [ownerName],
    gang: 'none',
    multiPod: false,
  },
  {
    // Often a database, sometimes a hand-made training job: the pod does not say which.
    when: [{ at: ownerKind, is: ['StatefulSet'] }],
    kind: ['StatefulSet'],
    name: [ownerName],
    gang: 'none',
  },
  {
    when: [{ at: ownerKind }],
    kind: [{ at: ownerKind }],
    name: [ownerName],
    gang: { scope: 'owner', id: [[ownerUid], [ownerKind, ownerName]] },
    objects: [OWNER],
  },
]

/** The last word: nobody owns it. */
export const BARE_POD: WorkloadRule = { when: [], kind: ['Pod'], name: [podName], gang: 'none', multiPod: false }

export const WORKLOAD_RULES: readonly WorkloadRule[] = [...POD_GROUPS, ...SERVING, ...CONTROLLERS, ...OWNERS, BARE_POD]

/** The gang of pods that nothing but the tenant's own annotation declares to be one. */
export const DECLARED_GANG: GangRule = { scope: 'owner', id: [[ownerUid], [ownerKind, ownerName]] }
