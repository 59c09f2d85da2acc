import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Pod } from '../schema/pod.ts'
import { type Gang, type KnownWorkload, type Workload, withGangSize, workloadOf } from './workload.ts'
import { WORKLOAD_RULES } from './workload-rules.ts'

type Texts = Readonly<Record<string, string>>

interface PodSketch {
  readonly name?: string
  readonly generateName?: string
  readonly labels?: Texts
  readonly annotations?: Texts
  /** `apiVersion Kind/name`, the controller. */
  readonly owner?: string
  readonly env?: Texts
  readonly container?: string
  readonly spec?: Partial<Pod['spec']>
}

interface Case {
  readonly name: string
  readonly pod: PodSketch
  readonly known?: KnownWorkload
  readonly want: Partial<Seen>
}

/** A workload without the objects that know more of its gang: they have a table of their own. */
type Seen = Omit<Workload, 'gang'> & { readonly gang: Omit<Gang, 'objects'> | undefined }

function podOf(sketch: PodSketch): Pod {
  const { name, generateName, labels, annotations, owner, env = {}, container = 'main', spec = {} } = sketch
  const [apiVersion = '', kind = '', ownerName = ''] = owner?.split(/[ #]/) ?? []
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(generateName === undefined ? {} : { generateName }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(owner === undefined
        ? {}
        : { ownerReferences: [{ apiVersion, kind, name: ownerName, uid: 'u-1', controller: true }] }),
    },
    spec: {
      containers: [{ name: container, env: Object.entries(env).map(([key, value]) => ({ name: key, value })) }],
      ...spec,
    },
  }
}

function check(cases: readonly Case[]): void {
  for (const { name, pod, known, want } of cases) {
    const { gang, ...workload } = workloadOf(podOf(pod), 'team-a', known)
    const { objects: _, ...identity } = gang ?? {}
    const seen = { ...workload, gang: gang === undefined ? undefined : identity }
    const part = Object.fromEntries(Object.keys(want).map(key => [key, seen[key as keyof Workload]]))
    assert.deepEqual(part, want, name)
  }
}

const JOB_SET = {
  'jobset.sigs.k8s.io/jobset-name': 'train',
  'jobset.sigs.k8s.io/jobset-uid': 'js-1',
  'jobset.sigs.k8s.io/global-replicas': '3',
  'jobset.sigs.k8s.io/replicatedjob-replicas': '2',
}

const KUBEFLOW = {
  'training.kubeflow.org/job-name': 'ddp',
  'training.kubeflow.org/operator-name': 'pytorchjob-controller',
  'training.kubeflow.org/replica-type': 'worker',
  'training.kubeflow.org/replica-index': '0',
}

const RAY = { 'ray.io/node-type': 'worker' }

const LWS = {
  'leaderworkerset.sigs.k8s.io/name': 'vllm',
  'leaderworkerset.sigs.k8s.io/worker-index': '0',
}

test('a pod tells which workload it belongs to, in which role, and in which gang', () => {
  check([
    {
      name: 'bare pod',
      pod: { name: 'grpo-single' },
      want: { kind: 'Pod', name: 'grpo-single', role: '', gang: undefined, queuedBy: undefined, multiPod: false },
    },
    {
      name: 'bare pod without a final name',
      pod: { generateName: 'debug-' },
      want: { kind: 'Pod', name: 'debug-', gang: undefined },
    },
    {
      name: 'Deployment, seen through its ReplicaSet',
      pod: { owner: 'apps/v1 ReplicaSet#web-5d4f8c7b9', labels: { 'pod-template-hash': '5d4f8c7b9' } },
      want: { kind: 'Deployment', name: 'web', gang: undefined, multiPod: false },
    },
    {
      name: 'ReplicaSet that no Deployment owns',
      pod: { owner: 'apps/v1 ReplicaSet#requester' },
      want: { kind: 'ReplicaSet', name: 'requester', gang: undefined, multiPod: false },
    },
    {
      name: 'StatefulSet may be anything',
      pod: { owner: 'apps/v1 StatefulSet#ranks' },
      want: { kind: 'StatefulSet', name: 'ranks', gang: undefined, multiPod: undefined },
    },
    {
      name: 'DaemonSet',
      pod: { owner: 'apps/v1 DaemonSet#agent' },
      want: { kind: 'DaemonSet', name: 'agent', gang: undefined, multiPod: false },
    },
    {
      name: 'Job, whose parallelism no pod tells',
      pod: { owner: 'batch/v1 Job#ft', labels: { 'batch.kubernetes.io/controller-uid': 'u-1' } },
      want: {
        kind: 'Job',
        name: 'ft',
        gang: {
          id: 'team-a/Job/u-1',
          size: undefined,
          label: { key: 'batch.kubernetes.io/controller-uid', value: 'u-1' },
        },
        multiPod: undefined,
      },
    },
    {
      name: 'JobSet: its labels count Jobs, not pods, but three Jobs are several pods',
      pod: {
        owner: 'batch/v1 Job#train-workers-0',
        labels: { ...JOB_SET, 'jobset.sigs.k8s.io/replicatedjob-name': 'workers' },
      },
      want: {
        kind: 'JobSet',
        name: 'train',
        role: 'workers',
        gang: {
          id: 'team-a/JobSet/js-1',
          size: undefined,
          label: { key: 'jobset.sigs.k8s.io/jobset-uid', value: 'js-1' },
        },
        multiPod: true,
      },
    },
    {
      name: 'JobSet of one Job: its pods are as many as the Job wants',
      pod: { owner: 'batch/v1 Job#train-a-0', labels: { 'jobset.sigs.k8s.io/jobset-name': 'train' } },
      want: { kind: 'JobSet', multiPod: undefined },
    },
    {
      name: 'TrainJob trainer: the torch plugin writes the number of nodes',
      pod: {
        owner: 'batch/v1 Job#train-node-0',
        labels: { ...JOB_SET, 'jobset.sigs.k8s.io/replicatedjob-name': 'node' },
        env: { PET_NNODES: '4' },
      },
      want: {
        kind: 'TrainJob',
        name: 'train',
        role: 'worker',
        gang: {
          id: 'team-a/JobSet/js-1',
          size: 4,
          label: { key: 'jobset.sigs.k8s.io/jobset-uid', value: 'js-1' },
        },
        multiPod: true,
      },
    },
    {
      name: 'TrainJob initializer works alone, before the nodes',
      pod: {
        owner: 'batch/v1 Job#train-dataset-initializer-0',
        labels: { ...JOB_SET, 'jobset.sigs.k8s.io/replicatedjob-name': 'dataset-initializer' },
      },
      want: { kind: 'TrainJob', name: 'train', role: 'initializer', gang: undefined, multiPod: false },
    },
    {
      name: 'PyTorchJob worker',
      pod: { owner: 'kubeflow.org/v1 PyTorchJob#ddp', labels: KUBEFLOW, env: { PET_NNODES: '2' } },
      want: {
        kind: 'PyTorchJob',
        name: 'ddp',
        role: 'worker',
        gang: {
          id: 'team-a/training.kubeflow.org/ddp/u-1',
          size: 2,
          label: { key: 'training.kubeflow.org/job-name', value: 'ddp' },
        },
        multiPod: true,
      },
    },
    {
      name: 'PyTorchJob master of an operator that writes the world size in processes',
      pod: {
        owner: 'kubeflow.org/v1 PyTorchJob#ddp',
        labels: { ...KUBEFLOW, 'training.kubeflow.org/replica-type': 'master' },
        env: { WORLD_SIZE: '24', PET_NPROC_PER_NODE: '8' },
      },
      want: { role: 'master', gang: kubeflowGang(3, '/u-1') },
    },
    {
      name: 'PyTorchJob with one process per pod, as "auto" counts',
      pod: { labels: KUBEFLOW, env: { WORLD_SIZE: '3', PET_NPROC_PER_NODE: 'auto' } },
      want: { gang: kubeflowGang(3) },
    },
    {
      name: 'elastic PyTorchJob has no fixed size',
      pod: { owner: 'kubeflow.org/v1 PyTorchJob#ddp', labels: KUBEFLOW, env: { PET_NNODES: '1:36' } },
      want: { kind: 'PyTorchJob', gang: kubeflowGang(undefined, '/u-1'), multiPod: undefined },
    },
    {
      name: 'a second worker proves that there are several',
      pod: { labels: { ...KUBEFLOW, 'training.kubeflow.org/replica-index': '1' } },
      want: { gang: kubeflowGang(undefined), multiPod: true },
    },
    {
      name: 'MPI launcher is owned by a Job, and is its MPIJob all the same',
      pod: {
        owner: 'batch/v1 Job#nccl-launcher',
        labels: {
          'training.kubeflow.org/job-name': 'nccl',
          'training.kubeflow.org/operator-name': 'mpi-operator',
          'training.kubeflow.org/job-role': 'launcher',
        },
      },
      want: { kind: 'MPIJob', name: 'nccl', role: 'launcher', multiPod: undefined },
    },
    {
      name: 'LeaderWorkerSet worker',
      pod: {
        name: 'vllm-1-1',
        owner: 'apps/v1 StatefulSet#vllm-1',
        labels: {
          ...LWS,
          'leaderworkerset.sigs.k8s.io/worker-index': '1',
          'leaderworkerset.sigs.k8s.io/group-index': '1',
          'leaderworkerset.sigs.k8s.io/group-key': 'abc',
        },
        annotations: { 'leaderworkerset.sigs.k8s.io/size': '2' },
      },
      want: {
        kind: 'LeaderWorkerSet',
        name: 'vllm',
        role: 'worker',
        gang: {
          id: 'team-a/LeaderWorkerSet/vllm/1',
          size: 2,
          label: { key: 'leaderworkerset.sigs.k8s.io/group-key', value: 'abc' },
        },
        multiPod: true,
      },
    },
    {
      name: 'LeaderWorkerSet leader before the webhook of LWS has seen it: the same gang as its workers',
      pod: {
        name: 'vllm-1',
        owner: 'apps/v1 StatefulSet#vllm',
        labels: LWS,
        annotations: { 'leaderworkerset.sigs.k8s.io/size': '2' },
      },
      want: {
        role: 'leader',
        gang: { id: 'team-a/LeaderWorkerSet/vllm/1', size: 2, label: undefined },
      },
    },
    {
      name: 'Ray head may be alone',
      pod: {
        owner: 'ray.io/v1 RayCluster#slime',
        labels: { 'ray.io/cluster': 'slime', 'ray.io/node-type': 'head' },
      },
      want: { kind: 'RayCluster', name: 'slime', role: 'head', multiPod: undefined },
    },
    {
      name: 'Ray worker has at least its head',
      pod: {
        owner: 'ray.io/v1 RayCluster#slime',
        labels: { 'ray.io/cluster': 'slime', 'ray.io/node-type': 'worker' },
      },
      want: {
        role: 'worker',
        gang: {
          id: 'team-a/RayCluster/slime/u-1',
          size: undefined,
          label: { key: 'ray.io/cluster', value: 'slime' },
        },
        multiPod: true,
      },
    },
    {
      name: 'Ray submitter is no part of the cluster',
      pod: {
        owner: 'batch/v1 Job#sft',
        labels: { 'ray.io/originated-from-crd': 'RayJob', 'ray.io/originated-from-cr-name': 'sft' },
      },
      want: { kind: 'RayJob', name: 'sft', role: 'submitter', gang: undefined, multiPod: false },
    },
    {
      name: 'Workflow steps are independent, however many fan out',
      pod: { owner: 'argoproj.io/v1alpha1 Workflow#wf', labels: { 'workflows.argoproj.io/workflow': 'wf' } },
      want: { kind: 'Workflow', name: 'wf', gang: undefined, multiPod: false },
    },
    {
      name: 'InferenceService replicas are independent',
      pod: {
        owner: 'apps/v1 ReplicaSet#x',
        labels: { 'serving.kserve.io/inferenceservice': 'flowers', component: 'predictor' },
      },
      want: { kind: 'InferenceService', name: 'flowers', role: 'predictor', gang: undefined, multiPod: false },
    },
    {
      name: 'InferenceService over several nodes is a gang',
      pod: {
        labels: { 'serving.kserve.io/inferenceservice': 'llama', component: 'predictor' },
        env: { RAY_NODE_COUNT: '2' },
        container: 'worker-container',
      },
      want: {
        role: 'worker',
        gang: {
          id: 'team-a/InferenceService/llama',
          size: 2,
          label: { key: 'serving.kserve.io/inferenceservice', value: 'llama' },
        },
        multiPod: true,
      },
    },
    {
      name: 'LLMInferenceService on one node',
      pod: {
        owner: 'apps/v1 ReplicaSet#x',
        labels: {
          'app.kubernetes.io/part-of': 'llminferenceservice',
          'app.kubernetes.io/name': 'qwen',
          'app.kubernetes.io/component': 'llminferenceservice-workload',
          'llm-d.ai/role': 'both',
        },
      },
      want: { kind: 'LLMInferenceService', name: 'qwen', role: '', gang: undefined, multiPod: false },
    },
    {
      name: 'LLMInferenceService over LeaderWorkerSet: the service names it, the set is the gang',
      pod: {
        labels: {
          ...LWS,
          'leaderworkerset.sigs.k8s.io/group-index': '0',
          'leaderworkerset.sigs.k8s.io/worker-index': '1',
          'app.kubernetes.io/part-of': 'llminferenceservice',
          'app.kubernetes.io/name': 'deepseek',
          'app.kubernetes.io/component': 'llminferenceservice-workload-worker',
        },
        annotations: { 'leaderworkerset.sigs.k8s.io/size': '2' },
      },
      want: {
        kind: 'LLMInferenceService',
        name: 'deepseek',
        role: 'worker',
        gang: { id: 'team-a/LeaderWorkerSet/vllm/0', size: 2, label: undefined },
        multiPod: true,
      },
    },
    {
      name: 'prefill hands its KV cache to decode, whatever runs it',
      pod: {
        owner: 'apps/v1 ReplicaSet#pd-77',
        labels: { 'pod-template-hash': '77', 'llm-d.ai/role': 'prefill' },
      },
      want: { kind: 'Deployment', name: 'pd', role: 'prefill', gang: undefined, multiPod: true },
    },
    {
      name: 'Volcano Job',
      pod: {
        owner: 'batch.volcano.sh/v1alpha1 Job#tf',
        labels: { 'volcano.sh/job-name': 'tf', 'volcano.sh/task-spec': 'ps' },
        annotations: { 'scheduling.k8s.io/group-name': 'tf-1234' },
        spec: { schedulerName: 'volcano' },
      },
      want: {
        kind: 'VolcanoJob',
        name: 'tf',
        role: 'ps',
        gang: { id: 'team-a/PodGroup.scheduling.volcano.sh/tf-1234', size: undefined, label: undefined },
        queuedBy: 'volcano',
      },
    },
    {
      name: 'an unknown controller: its object is the gang',
      pod: { owner: 'sagemaker.amazonaws.com/v1 HyperPodPyTorchJob#lora' },
      want: {
        kind: 'HyperPodPyTorchJob',
        name: 'lora',
        gang: { id: 'team-a/owner/u-1', size: undefined, label: undefined },
        multiPod: undefined,
      },
    },
  ])
})

function kubeflowGang(size: number | undefined, ofOwner = ''): Seen['gang'] {
  return {
    id: `team-a/training.kubeflow.org/ddp${ofOwner}`,
    size,
    label: { key: 'training.kubeflow.org/job-name', value: 'ddp' },
  }
}

test('the rarer controllers are recognised as well', () => {
  const deployed = { owner: 'apps/v1 ReplicaSet#r-77', hash: { 'pod-template-hash': '77' } }
  const cases: readonly { readonly labels: Texts; readonly owner?: string; readonly want: string }[] = [
    {
      labels: {
        'nvidia.com/dynamo-graph-deployment-name': 'gpt',
        'nvidia.com/dynamo-component-type': 'worker',
        'nvidia.com/dynamo-sub-component-type': 'decode',
      },
      want: 'DynamoGraphDeployment gpt decode true',
    },
    {
      labels: { 'nvidia.com/dynamo-graph-deployment-name': 'gpt', 'nvidia.com/dynamo-component-type': 'frontend' },
      want: 'DynamoGraphDeployment gpt frontend undefined',
    },
    {
      labels: { 'app.kubernetes.io/managed-by': 'k8s-nim-operator', 'app.kubernetes.io/name': 'llama' },
      want: 'NIMService llama  false',
    },
    {
      labels: { 'disaggregatedset.x-k8s.io/name': 'ds', 'disaggregatedset.x-k8s.io/role': 'prefill' },
      want: 'DisaggregatedSet ds prefill true',
    },
    { labels: { 'kaito.sh/workspace': 'ws' }, want: 'Workspace ws  undefined' },
    { labels: { 'ome.io/inferenceservice': 'is' }, want: 'InferenceService is  undefined' },
    {
      labels: { 'spark-role': 'executor', 'spark-app-selector': 'spark-1', 'spark-app-name': 'etl' },
      owner: 'v1 Pod#driver',
      want: 'SparkApplication etl executor true',
    },
    { labels: { 'spark-role': 'driver', 'spark-app-name': 'etl' }, want: 'SparkApplication etl driver undefined' },
    { labels: { 'scaledjob.keda.sh/name': 'sj' }, owner: 'batch/v1 Job#sj-1', want: 'ScaledJob sj  undefined' },
    {
      labels: {
        'jobset.sigs.k8s.io/jobset-name': 'tj',
        'jobset.sigs.k8s.io/replicatedjob-name': 'launcher',
        'trainer.kubeflow.org/trainjob-ancestor-step': 'trainer',
      },
      want: 'TrainJob tj launcher undefined',
    },
    {
      labels: { 'rollouts-pod-template-hash': '77' },
      owner: deployed.owner,
      want: 'Rollout r  false',
    },
    { labels: { ...deployed.hash, 'llm-d.ai/role': 'both' }, owner: deployed.owner, want: 'Deployment r  false' },
  ]
  for (const { labels, owner, want } of cases) {
    const seen = workloadOf(podOf({ labels, name: 'p', ...(owner === undefined ? {} : { owner }) }), 'ns')
    assert.equal(`${seen.kind} ${seen.name} ${seen.role} ${seen.multiPod}`, want)
  }
})

test("a scheduler's pod group decides the gang before the controller does", () => {
  const labels = { ...JOB_SET, 'jobset.sigs.k8s.io/replicatedjob-name': 'workers' }
  const gangId = (pod: PodSketch) => workloadOf(podOf({ labels, ...pod }), 'team-a').gang?.id
  const kueueLabels = { ...labels, 'kueue.x-k8s.io/pod-group-name': 'kg' }
  const cases: readonly { readonly name: string; readonly pod: PodSketch; readonly want: string }[] = [
    {
      name: 'native',
      pod: { spec: { schedulingGroup: { podGroupName: 'training-workers' } }, annotations: { 'pod-group-name': 'pg' } },
      want: 'team-a/PodGroup.scheduling.k8s.io/training-workers',
    },
    {
      name: 'KAI',
      pod: { annotations: { 'pod-group-name': 'pg', 'scheduling.k8s.io/group-name': 'vg' } },
      want: 'team-a/PodGroup.scheduling.run.ai/pg',
    },
    {
      name: 'Volcano',
      pod: {
        annotations: { 'scheduling.k8s.io/group-name': 'vg' },
        labels: { ...labels, 'scheduling.x-k8s.io/pod-group': 'sg' },
      },
      want: 'team-a/PodGroup.scheduling.volcano.sh/vg',
    },
    {
      name: 'scheduler-plugins',
      pod: { labels: { ...kueueLabels, 'scheduling.x-k8s.io/pod-group': 'sg' } },
      want: 'team-a/PodGroup.scheduling.x-k8s.io/sg',
    },
    {
      name: 'Grove',
      pod: { labels: { ...kueueLabels, 'grove.io/podgang': 'gang-0' } },
      want: 'team-a/PodGang.grove.io/gang-0',
    },
    { name: 'Kueue', pod: { labels: kueueLabels }, want: 'team-a/PodGroup.kueue.x-k8s.io/kg' },
    {
      name: 'a task group of no application says nothing',
      pod: { annotations: { 'yunikorn.apache.org/task-group-name': 'workers' } },
      want: 'team-a/JobSet/js-1',
    },
    { name: 'none', pod: {}, want: 'team-a/JobSet/js-1' },
  ]
  for (const { name, pod, want } of cases) assert.equal(gangId(pod), want, name)
})

test('a Deployment in a pod group is no longer known to work alone', () => {
  check([
    {
      name: 'PodGroup of a Deployment',
      pod: {
        owner: 'apps/v1 ReplicaSet#group-1-7',
        labels: { 'pod-template-hash': '7' },
        spec: { schedulingGroup: { podGroupName: 'group-1' } },
      },
      want: { kind: 'Deployment', multiPod: undefined },
    },
  ])
})

test('the size comes from the controller object, then from the pod, then from what the tenant declares', () => {
  const size = (pod: PodSketch, known?: KnownWorkload) => workloadOf(podOf(pod), 'team-a', known).gang?.size
  const lws = { labels: { ...LWS, 'leaderworkerset.sigs.k8s.io/group-index': '0' } }
  const sized = { 'leaderworkerset.sigs.k8s.io/size': '4' }
  const declared = { 'sluice.dev/gang-size': '6' }
  const cases: readonly {
    readonly name: string
    readonly got: number | undefined
    readonly want: number | undefined
  }[] = [
    { name: 'object', got: size({ ...lws, annotations: { ...sized, ...declared } }, { gangSize: 8 }), want: 8 },
    { name: 'pod', got: size({ ...lws, annotations: { ...sized, ...declared } }), want: 4 },
    { name: 'declared', got: size({ ...lws, annotations: declared }), want: 6 },
    { name: 'nothing', got: size(lws), want: undefined },
    { name: 'object without a size', got: size({ ...lws, annotations: sized }, { gangSize: undefined }), want: 4 },
    { name: 'junk from the object', got: size({ ...lws, annotations: sized }, { gangSize: -1 }), want: 4 },
    {
      name: 'a Deployment declared a gang',
      got: size({ owner: 'apps/v1 ReplicaSet#x', annotations: declared }),
      want: 6,
    },
    {
      name: 'a pod without an owner shares nothing to be a gang by',
      got: size({ annotations: declared }),
      want: undefined,
    },
    {
      name: 'Kueue',
      got: size({
        labels: { 'kueue.x-k8s.io/pod-group-name': 'g' },
        annotations: { 'kueue.x-k8s.io/pod-group-total-count': '3' },
      }),
      want: 3,
    },
  ]
  for (const { name, got, want } of cases) assert.equal(got, want, name)
})

test('a pod names the objects that know more of its gang, the best informed first', () => {
  const cases: readonly { readonly name: string; readonly pod: PodSketch; readonly want: readonly string[] }[] = [
    { name: 'Job', pod: { owner: 'batch/v1 Job#ft' }, want: ['batch/Job ft u-1'] },
    {
      name: 'JobSet, never the Job that is a part of it',
      pod: { owner: 'batch/v1 Job#train-w-0', labels: JOB_SET },
      want: ['jobset.x-k8s.io/JobSet train js-1', 'trainer.kubeflow.org/TrainJob train'],
    },
    {
      name: 'LeaderWorkerSet',
      pod: { name: 'vllm-1', labels: LWS },
      want: ['leaderworkerset.x-k8s.io/LeaderWorkerSet vllm'],
    },
    {
      name: 'an MPI launcher, which a Job owns',
      pod: {
        owner: 'batch/v1 Job#ddp-launcher',
        labels: { ...KUBEFLOW, 'training.kubeflow.org/operator-name': 'mpi-operator' },
      },
      want: ['kubeflow.org/MPIJob ddp'],
    },
    {
      name: 'a cluster that a RayJob or RayService may have created',
      pod: { owner: 'ray.io/v1 RayCluster#sft-x7k2p', labels: { ...RAY, 'ray.io/cluster': 'sft-x7k2p' } },
      want: ['ray.io/RayCluster sft-x7k2p', 'ray.io/RayJob sft', 'ray.io/RayService sft'],
    },
    {
      name: 'such a cluster of an older KubeRay',
      pod: { labels: { ...RAY, 'ray.io/cluster': 'sft-raycluster-x7k2p' } },
      want: ['ray.io/RayCluster sft-raycluster-x7k2p', 'ray.io/RayJob sft', 'ray.io/RayService sft'],
    },
    {
      name: 'a cluster that a person has named',
      pod: { labels: { ...RAY, 'ray.io/cluster': 'sft-train' } },
      want: ['ray.io/RayCluster sft-train'],
    },
    {
      name: 'Volcano: the group says how many, the Job what they are',
      pod: {
        owner: 'batch.volcano.sh/v1alpha1 Job#tf',
        labels: { 'volcano.sh/job-name': 'tf' },
        annotations: { 'scheduling.k8s.io/group-name': 'tf-1234' },
      },
      want: ['scheduling.volcano.sh/PodGroup tf-1234', 'batch.volcano.sh/Job tf'],
    },
    {
      name: 'scheduler-plugins',
      pod: { labels: { 'scheduling.x-k8s.io/pod-group': 'g' } },
      want: ['scheduling.x-k8s.io/PodGroup g'],
    },
    {
      name: 'native group of a Deployment, whose replicas are otherwise independent',
      pod: { owner: 'apps/v1 ReplicaSet#web-7', spec: { schedulingGroup: { podGroupName: 'g' } } },
      want: ['scheduling.k8s.io/PodGroup g'],
    },
    {
      name: 'KAI',
      pod: { owner: 'batch/v1 Job#j', annotations: { 'pod-group-name': 'g' } },
      want: ['scheduling.run.ai/PodGroup g', 'batch/Job j u-1'],
    },
    { name: 'Kueue', pod: { labels: { 'kueue.x-k8s.io/pod-group-name': 'g' } }, want: ['kueue.x-k8s.io/Workload g'] },
    { name: 'Grove', pod: { labels: { 'grove.io/podgang': 'g' } }, want: ['scheduler.grove.io/PodGang g'] },
    {
      name: 'a controller nobody told us of',
      pod: { owner: 'sagemaker.amazonaws.com/v1 HyperPodPyTorchJob#lora' },
      want: ['sagemaker.amazonaws.com/HyperPodPyTorchJob lora u-1'],
    },
  ]
  for (const { name, pod, want } of cases) {
    const objects = workloadOf(podOf(pod), 'team-a').gang?.objects ?? []
    const seen = objects.map(({ group, kind, name, uid }) => [`${group}/${kind}`, name, uid ?? ''].join(' ').trimEnd())
    assert.deepEqual(seen, want, name)
  }
})

test('the size that an object tells settles whether there are several pods, except for roles that always communicate', () => {
  const worker = workloadOf(podOf({ owner: 'batch/v1 Job#j' }), 'team-a')
  const prefill = workloadOf(podOf({ owner: 'batch/v1 Job#j', labels: { 'llm-d.ai/role': 'prefill' } }), 'team-a')
  const alone = workloadOf(podOf({ name: 'p' }), 'team-a')
  const seen = [withGangSize(worker, 4), withGangSize(worker, 1), withGangSize(prefill, 1), withGangSize(alone, 4)]
  assert.deepEqual(
    seen.map(({ gang, multiPod }) => [gang?.size, multiPod]),
    [
      [4, true],
      [1, false],
      [1, true],
      [undefined, false],
    ],
  )
})

test('YuniKorn task groups add up, and one junk group makes the sum unknown', () => {
  const size = (groups: string) =>
    workloadOf(
      podOf({
        labels: { applicationId: 'app-1' },
        annotations: {
          'yunikorn.apache.org/task-group-name': 'workers',
          'yunikorn.apache.org/task-groups': groups,
        },
      }),
      'team-a',
    ).gang?.size
  const cases: readonly { readonly groups: string; readonly want: number | undefined }[] = [
    { groups: '[{"name":"head","minMember":1},{"name":"workers","minMember":3}]', want: 4 },
    { groups: '[{"name":"workers","minMember":3},{"name":"junk","minMember":"many"}]', want: undefined },
    { groups: '[]', want: undefined },
    { groups: '[null,7,"x"]', want: undefined },
    { groups: '{"__proto__":{"minMember":3}}', want: undefined },
    { groups: 'not json', want: undefined },
    { groups: `[${'{"minMember":1},'.repeat(2000)}{"minMember":1}]`, want: undefined },
  ]
  for (const { groups, want } of cases) assert.equal(size(groups), want, groups.slice(0, 60))
})

test('junk sizes are no sizes', () => {
  const junk = ['0', '-1', '01', '1.5', '1e3', ' 2', '2 ', '100001', '999999999999', 'two', '$NUM_NODES', '']
  for (const text of junk) {
    const pod = podOf({ owner: 'batch/v1 Job#j', annotations: { 'sluice.dev/gang-size': text } })
    assert.equal(workloadOf(pod, 'team-a').gang?.size, undefined, text)
  }
  const most = podOf({ owner: 'batch/v1 Job#j', annotations: { 'sluice.dev/gang-size': '100000' } })
  assert.equal(workloadOf(most, 'team-a').gang?.size, 100_000)
})

test('a pod shows who has queued it', () => {
  const queuedBy = (pod: PodSketch) => workloadOf(podOf(pod), 'team-a').queuedBy
  const cases: readonly { readonly name: string; readonly pod: PodSketch; readonly want: string | undefined }[] = [
    { name: 'gate', pod: { spec: { schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }] } }, want: 'kueue' },
    { name: 'managed pod', pod: { labels: { 'kueue.x-k8s.io/managed': 'true' } }, want: 'kueue' },
    { name: 'pod of a managed job', pod: { labels: { 'kueue.x-k8s.io/podset': 'main' } }, want: 'kueue' },
    { name: 'pod group', pod: { labels: { 'kueue.x-k8s.io/pod-group-name': 'g' } }, want: 'kueue' },
    { name: 'a queue name alone is a wish', pod: { labels: { 'kueue.x-k8s.io/queue-name': 'q' } }, want: undefined },
    { name: 'KAI', pod: { spec: { schedulerName: 'kai-scheduler' } }, want: 'kai' },
    { name: 'KAI queue without its scheduler', pod: { labels: { 'kai.scheduler/queue': 'q' } }, want: undefined },
    { name: 'YuniKorn', pod: { spec: { schedulerName: 'yunikorn' } }, want: 'yunikorn' },
    { name: 'default scheduler', pod: { spec: { schedulerName: 'default-scheduler' } }, want: undefined },
  ]
  for (const { name, pod, want } of cases) assert.equal(queuedBy(pod), want, name)
})

test('gangs of the same name in two namespaces are two gangs, and a slash in a name makes no third', () => {
  const pod = (group: string) => podOf({ annotations: { 'pod-group-name': group } })
  assert.notEqual(workloadOf(pod('g'), 'a').gang?.id, workloadOf(pod('g'), 'b').gang?.id)
  assert.equal(workloadOf(pod('x/../JobSet/1'), 'a').gang?.id, 'a/PodGroup.scheduling.run.ai/x%2F..%2FJobSet%2F1')
})

test('names that are too long for Kubernetes are not read', () => {
  const pod = podOf({ owner: 'batch/v1 Job#j', annotations: { 'pod-group-name': 'x'.repeat(254) } })
  assert.equal(workloadOf(pod, 'a').gang?.id, 'a/Job/u-1')
})

test('inherited keys are nobody’s labels', () => {
  const pod = podOf({ name: 'p', labels: JSON.parse('{"__proto__":{"ray.io/cluster":"x","ray.io/node-type":"head"}}') })
  assert.equal(workloadOf(pod, 'a').kind, 'Pod')
})

// Every key the rules read, so that random pods hit them in combinations nobody thought of.
const KEYS = WORKLOAD_RULES.flatMap(rule => rule.when.map(sign => ('key' in sign.at ? sign.at.key : '')))
const texts = fc.dictionary(fc.constantFrom(...KEYS, '__proto__', 'constructor', 'sluice.dev/gang-size'), fc.string())

test('no pod makes recognition throw, and the same pod is always the same workload', () => {
  const pods = fc.record({
    labels: texts,
    annotations: texts,
    env: texts,
    name: fc.string(),
    owner: fc.constantFrom('batch/v1 Job#j', 'apps/v1 ReplicaSet#r-1', 'x Y#z', 'apps/v1 StatefulSet#s'),
  })
  fc.assert(
    fc.property(pods, sketch => {
      const seen = workloadOf(podOf(sketch), 'ns')
      assert.deepEqual(workloadOf(podOf(sketch), 'ns'), seen)
      if (seen.gang !== undefined) {
        assert.ok(seen.gang.id.startsWith('ns/'))
        assert.ok(seen.gang.size === undefined || (seen.gang.size >= 1 && seen.gang.size <= 100_000))
      }
    }),
  )
})
