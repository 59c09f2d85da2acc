import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { gpuContainer } from '../policy/testing.ts'
import type { WholeGang } from '../quota/gang.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { written } from '../schema/testing.ts'
import { examine } from './subject.ts'
import { clusterWith, reviewed } from './testing.ts'

type Texts = Readonly<Record<string, string>>

interface PodSketch {
  readonly gpus?: number
  readonly labels?: Texts
  readonly annotations?: Texts
  readonly env?: Texts
  /** `apiVersion Kind/name uid`, the controller. */
  readonly owner?: string
  readonly name?: string
  readonly spec?: JsonObject
}

function podOf({ gpus = 8, labels, annotations, env = {}, owner, name, spec = {} }: PodSketch): JsonObject {
  const [apiVersion = '', kind = '', ownerName = '', uid = ''] = owner?.split(/[ #]/) ?? []
  const controller = { apiVersion, kind, name: ownerName, controller: true, ...(uid === '' ? {} : { uid }) }
  const variables = Object.entries(env).map(([key, value]) => ({ name: key, value }))
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(owner === undefined ? {} : { ownerReferences: [controller] }),
    },
    spec: { containers: [{ ...gpuContainer(gpus), env: variables }], ...spec },
  }
}

/** An object of the tenant's namespace. */
function object(type: string, spec: JsonObject, metadata: JsonObject = {}): JsonObject {
  const [apiVersion = '', kind = '', name = ''] = type.split(/[ #]/)
  return { apiVersion, kind, metadata: { name, namespace: 'team-a', ...metadata }, spec }
}

const template = (gpus: number): JsonObject => ({
  spec: { containers: [gpus === 0 ? { name: 'main' } : gpuContainer(gpus)] },
})
const jobOf = (gpus: number, counts: JsonObject): JsonObject => ({ spec: { ...counts, template: template(gpus) } })

function gangOf(pod: PodSketch, ...objects: readonly JsonObject[]): WholeGang | undefined {
  const { request, pod: parsed } = reviewed(podOf(pod))
  return examine(request, parsed, clusterWith(...objects)).gang
}

/** `id size: class=GPUs`, or `alone`. */
function summary(gang: WholeGang | undefined): string {
  if (gang === undefined) return 'alone'
  const demand = [...gang.demand].map(([name, milliGpus]) => `${name}=${Number(milliGpus) / 1000}`)
  return `${gang.id.replace(/^team-a\//, '')} ${gang.size}: ${demand.join(' ')}`
}

interface Case {
  readonly name: string
  readonly objects: readonly JsonObject[]
  readonly pod: PodSketch
  readonly want: string
}

function check(cases: readonly Case[]): void {
  for (const { name, objects, pod, want } of cases) assert.equal(summary(gangOf(pod, ...objects)), want, name)
}

const JOB_POD: PodSketch = { owner: 'batch/v1 Job#ft u-1' }

test('a Job is a gang of the pods that it runs at once, unless they need not run together', () => {
  const job = (spec: JsonObject) => [object('batch/v1 Job#ft', { template: template(8), ...spec })]
  check([
    { name: 'parallelism', objects: job({ parallelism: 4 }), pod: JOB_POD, want: 'Job/u-1 4: h100=32' },
    {
      name: 'fewer completions',
      objects: job({ parallelism: 4, completions: 3, completionMode: 'Indexed' }),
      pod: JOB_POD,
      want: 'Job/u-1 3: h100=24',
    },
    { name: 'suspended', objects: job({ parallelism: 2, suspend: true }), pod: JOB_POD, want: 'Job/u-1 2: h100=16' },
    { name: 'one pod', objects: job({}), pod: JOB_POD, want: 'alone' },
    { name: 'a queue of work', objects: job({ parallelism: 4, completions: 40 }), pod: JOB_POD, want: 'alone' },
    {
      name: 'a sweep',
      objects: job({ parallelism: 4, completions: 4, completionMode: 'Indexed', backoffLimitPerIndex: 1 }),
      pod: JOB_POD,
      want: 'alone',
    },
    { name: 'a Job that is not known', objects: [], pod: JOB_POD, want: 'alone' },
    {
      name: 'a Job that a CronJob has created',
      objects: [object('batch/v1 Job#nightly-29', { parallelism: 2, template: template(8) })],
      pod: { owner: 'batch/v1 Job#nightly-29 u-2' },
      want: 'Job/u-2 2: h100=16',
    },
    {
      name: 'a namesake of another time',
      objects: [object('batch/v1 Job#ft', { parallelism: 4, template: template(8) }, { uid: 'u-0' })],
      pod: JOB_POD,
      want: 'alone',
    },
    {
      name: 'a namesake of another namespace',
      objects: [object('batch/v1 Job#ft', { parallelism: 4, template: template(8) }, { namespace: 'team-b' })],
      pod: JOB_POD,
      want: 'alone',
    },
  ])
})

const jobSetPod = (job: string, gpus = 8): PodSketch => ({
  gpus,
  owner: `batch/v1 Job#train-${job}-0 u-9`,
  labels: {
    'jobset.sigs.k8s.io/jobset-name': 'train',
    'jobset.sigs.k8s.io/jobset-uid': 'js-1',
    'jobset.sigs.k8s.io/replicatedjob-name': job,
  },
})

test('a JobSet needs what each of its jobs asks for, and an initializer is alone', () => {
  const jobs = [
    { name: 'fetch', template: jobOf(8, {}) },
    {
      name: 'workers',
      replicas: 2,
      dependsOn: [{ name: 'fetch', status: 'Complete' }],
      template: jobOf(8, { parallelism: 4, completions: 4 }),
    },
    { name: 'eval', template: jobOf(2, {}) },
    { name: 'driver', template: jobOf(0, {}) },
  ]
  const objects = [object('jobset.x-k8s.io/v1alpha2 JobSet#train', { replicatedJobs: jobs })]
  const want = 'JobSet/js-1 9: h100=66'
  check([
    { name: 'a worker', objects, pod: jobSetPod('workers'), want },
    { name: 'another job of the gang', objects, pod: jobSetPod('eval', 2), want },
    { name: 'one that has completed before', objects, pod: jobSetPod('fetch'), want: 'alone' },
    { name: 'not known', objects: [], pod: jobSetPod('workers'), want: 'alone' },
  ])
})

test('a TrainJob knows its nodes, and leaves what they ask for to its runtime', () => {
  const trainJob = object('trainer.kubeflow.org/v1alpha1 TrainJob#train', { trainer: { numNodes: 4 } })
  const trainer = jobSetPod('node')
  const jobSet = object('jobset.x-k8s.io/v1alpha2 JobSet#train', {
    replicatedJobs: [
      { name: 'launcher', template: jobOf(1, {}) },
      { name: 'node', template: jobOf(8, { parallelism: 4, completions: 4 }) },
    ],
  })
  check([
    { name: 'its own word', objects: [trainJob], pod: trainer, want: 'JobSet/js-1 4: h100=32' },
    { name: 'the JobSet it made', objects: [trainJob, jobSet], pod: trainer, want: 'JobSet/js-1 5: h100=33' },
    { name: 'an initializer', objects: [trainJob], pod: jobSetPod('dataset-initializer', 1), want: 'alone' },
  ])
})

const kubeflowPod = (kind: string, type: string, gpus = 8): PodSketch => ({
  gpus,
  owner: `kubeflow.org/v1 ${kind}#ddp u-1`,
  labels: {
    'training.kubeflow.org/job-name': 'ddp',
    'training.kubeflow.org/operator-name': kind === 'MPIJob' ? 'mpi-operator' : `${kind.toLowerCase()}-controller`,
    'training.kubeflow.org/replica-type': type,
  },
})

test('a kubeflow job needs all its replicas, or as many workers as it may shrink to', () => {
  const replica = (replicas: number, gpus: number) => ({ replicas, template: template(gpus) })
  const job = (kind: string, field: string, specs: JsonObject, more: JsonObject = {}) => [
    object(`kubeflow.org/v1 ${kind}#ddp`, { [field]: specs, ...more }),
  ]
  const byName = 'training.kubeflow.org/ddp'
  const id = `${byName}/u-1`
  const torch = { Master: replica(1, 4), Worker: replica(3, 8) }
  const pytorch = job('PyTorchJob', 'pytorchReplicaSpecs', torch)
  const elastic = job(
    'PyTorchJob',
    'pytorchReplicaSpecs',
    { Worker: replica(6, 8) },
    { elasticPolicy: { minReplicas: 2 } },
  )
  const idle = job(
    'PyTorchJob',
    'pytorchReplicaSpecs',
    { Worker: replica(6, 8) },
    { elasticPolicy: { minReplicas: 0 } },
  )
  const mpi = job('MPIJob', 'mpiReplicaSpecs', { Launcher: replica(1, 0), Worker: replica(2, 8) })
  const gpuLauncher = job('MPIJob', 'mpiReplicaSpecs', { Launcher: replica(1, 1), Worker: replica(2, 8) })
  const cases: readonly Case[] = [
    { name: 'master', objects: pytorch, pod: kubeflowPod('PyTorchJob', 'master', 4), want: `${id} 4: h100=28` },
    { name: 'worker', objects: pytorch, pod: kubeflowPod('PyTorchJob', 'worker'), want: `${id} 4: h100=28` },
    { name: 'elastic', objects: elastic, pod: kubeflowPod('PyTorchJob', 'worker'), want: `${id} 2: h100=16` },
    { name: 'elastic down to nothing', objects: idle, pod: kubeflowPod('PyTorchJob', 'worker'), want: 'alone' },
    { name: 'MPI', objects: mpi, pod: kubeflowPod('MPIJob', 'worker'), want: `${byName} 2: h100=16` },
    {
      name: 'MPI launcher with a GPU',
      objects: gpuLauncher,
      pod: kubeflowPod('MPIJob', 'worker'),
      want: `${byName} 3: h100=17`,
    },
  ]
  const others = (
    [
      [
        'TFJob',
        'tfReplicaSpecs',
        { Chief: replica(1, 8), PS: replica(2, 0), Worker: replica(2, 8) },
        `${id} 3: h100=24`,
      ],
      ['XGBoostJob', 'xgbReplicaSpecs', { Master: replica(1, 8), Worker: replica(1, 8) }, `${id} 2: h100=16`],
      ['PaddleJob', 'paddleReplicaSpecs', { Worker: replica(2, 8) }, `${id} 2: h100=16`],
      ['JAXJob', 'jaxReplicaSpecs', { Worker: replica(3, 8) }, `${id} 3: h100=24`],
    ] as const
  ).map(([kind, field, specs, want]) => ({
    name: kind,
    objects: job(kind, field, specs),
    pod: kubeflowPod(kind, 'worker'),
    want,
  }))
  check([...cases, ...others])
})

test('each group of a LeaderWorkerSet is a gang of one leader and its workers', () => {
  const groupTemplate = { size: 4, leaderTemplate: template(2), workerTemplate: template(8) }
  const set = (leaderWorkerTemplate: JsonObject) => [
    object('leaderworkerset.x-k8s.io/v1 LeaderWorkerSet#vllm', { replicas: 3, leaderWorkerTemplate }),
  ]
  const pod = (index: number, gpus: number): PodSketch => ({
    gpus,
    name: index === 0 ? 'vllm-2' : `vllm-2-${index}`,
    labels: {
      'leaderworkerset.sigs.k8s.io/name': 'vllm',
      'leaderworkerset.sigs.k8s.io/worker-index': String(index),
      ...(index === 0 ? {} : { 'leaderworkerset.sigs.k8s.io/group-index': '2' }),
    },
    annotations: { 'leaderworkerset.sigs.k8s.io/size': '4' },
  })
  const sameTemplate = set({ size: 4, workerTemplate: template(8) })
  const want = 'LeaderWorkerSet/vllm/2 4: h100=26'
  check([
    { name: 'leader', objects: set(groupTemplate), pod: pod(0, 2), want },
    { name: 'worker', objects: set(groupTemplate), pod: pod(3, 8), want },
    { name: 'one template', objects: sameTemplate, pod: pod(0, 8), want: 'LeaderWorkerSet/vllm/2 4: h100=32' },
    { name: 'the annotation alone', objects: [], pod: pod(3, 8), want: 'LeaderWorkerSet/vllm/2 4: h100=32' },
  ])
})

const rayPod = (type: 'head' | 'worker', gpus: number, cluster = 'slime'): PodSketch => ({
  gpus,
  owner: `ray.io/v1 RayCluster#${cluster} u-1`,
  labels: { 'ray.io/cluster': cluster, 'ray.io/node-type': type },
})

test('a Ray cluster needs its head and its workers, of which an autoscaler leaves the fewest', () => {
  const group = (counts: JsonObject, gpus = 8) => ({ groupName: 'g', template: template(gpus), ...counts })
  const spec = (head: number, ...workerGroupSpecs: readonly JsonObject[]) => ({
    headGroupSpec: { template: template(head) },
    workerGroupSpecs,
  })
  const cluster = (body: JsonObject) => [object('ray.io/v1 RayCluster#slime', body)]
  const fixed = cluster(spec(1, group({ replicas: 2, numOfHosts: 2 })))
  const scaled = { enableInTreeAutoscaling: true, ...spec(0, group({ replicas: 6, minReplicas: 2, maxReplicas: 9 })) }
  const idle = { enableInTreeAutoscaling: true, ...spec(1, group({ minReplicas: 0 }), group({ minReplicas: 3 }, 4)) }
  const created = { 'ray.io/originated-from-crd': 'RayJob', 'ray.io/originated-from-cr-name': 'sft' }
  const rayJob = object('ray.io/v1 RayJob#sft', { rayClusterSpec: spec(0, group({ replicas: 3, minReplicas: 3 })) })
  check([
    { name: 'worker', objects: fixed, pod: rayPod('worker', 8), want: 'RayCluster/slime/u-1 5: h100=33' },
    { name: 'head', objects: fixed, pod: rayPod('head', 1), want: 'RayCluster/slime/u-1 5: h100=33' },
    { name: 'autoscaled', objects: cluster(scaled), pod: rayPod('worker', 8), want: 'RayCluster/slime/u-1 2: h100=16' },
    { name: 'a worker the autoscaler adds', objects: cluster(idle), pod: rayPod('worker', 8), want: 'alone' },
    { name: 'one it needs', objects: cluster(idle), pod: rayPod('worker', 4), want: 'RayCluster/slime/u-1 4: h100=13' },
    {
      name: 'of a RayJob',
      objects: [rayJob],
      pod: rayPod('worker', 8, 'sft-x7k2p'),
      want: 'RayCluster/sft-x7k2p/u-1 3: h100=24',
    },
    {
      name: 'the submitter',
      objects: [rayJob],
      pod: { owner: 'batch/v1 Job#sft', labels: created, gpus: 1 },
      want: 'alone',
    },
  ])
})

test('a pod group says how many must run, and the controller behind it what they are', () => {
  const podGroup = (type: string, spec: JsonObject) => object(`${type} PodGroup#g`, spec)
  const native = { schedulingGroup: { podGroupName: 'g' } }
  const kai: PodSketch = { ...JOB_POD, annotations: { 'pod-group-name': 'g' } }
  const plugins: PodSketch = { ...JOB_POD, labels: { 'scheduling.x-k8s.io/pod-group': 'g' } }
  const volcanoPod = (task: string, gpus: number): PodSketch => ({
    gpus,
    owner: 'batch.volcano.sh/v1alpha1 Job#tf u-1',
    labels: { 'volcano.sh/job-name': 'tf', 'volcano.sh/task-spec': task },
    annotations: { 'scheduling.k8s.io/group-name': 'g' },
  })
  const volcanoJob = (spec: JsonObject, least: JsonObject = {}) =>
    object('batch.volcano.sh/v1alpha1 Job#tf', {
      tasks: [
        { name: 'ps', replicas: 1, template: template(1) },
        { name: 'worker', replicas: 4, template: template(8), ...least },
      ],
      ...spec,
    })
  const volcano = (minMember: number) => podGroup('scheduling.volcano.sh/v1beta1', { minMember })
  const job = object('batch/v1 Job#ft', { parallelism: 4, template: template(8) })
  const nativeId = 'PodGroup.scheduling.k8s.io/g'
  const volcanoId = 'PodGroup.scheduling.volcano.sh/g'
  check([
    ...['v1alpha2', 'v1alpha3', 'v1beta1'].map(version => ({
      name: `native, ${version}`,
      objects: [podGroup(`scheduling.k8s.io/${version}`, { schedulingPolicy: { gang: { minCount: 3 } } })],
      pod: { spec: native },
      want: `${nativeId} 3: h100=24`,
    })),
    {
      name: 'native, of pods that need not run together',
      objects: [podGroup('scheduling.k8s.io/v1beta1', { schedulingPolicy: { basic: {} } })],
      pod: { spec: native },
      want: 'alone',
    },
    {
      name: 'KAI: fewer than the Job runs',
      objects: [podGroup('scheduling.run.ai/v2alpha2', { minMember: 2 }), job],
      pod: kai,
      want: 'PodGroup.scheduling.run.ai/g 2: h100=16',
    },
    {
      name: 'KAI: a group that the Job is only a part of',
      objects: [podGroup('scheduling.run.ai/v2alpha2', { minMember: 6 }), job],
      pod: kai,
      want: 'PodGroup.scheduling.run.ai/g 6: h100=48',
    },
    { name: 'KAI: the Job alone', objects: [job], pod: kai, want: 'PodGroup.scheduling.run.ai/g 4: h100=32' },
    {
      name: 'a group of one asks for nothing',
      objects: [podGroup('scheduling.run.ai/v2alpha2', { minMember: 1 }), job],
      pod: kai,
      want: 'alone',
    },
    {
      name: 'scheduler-plugins',
      objects: [podGroup('scheduling.x-k8s.io/v1alpha1', { minMember: 3, minResources: { 'nvidia.com/gpu': 99 } })],
      pod: plugins,
      want: 'PodGroup.scheduling.x-k8s.io/g 3: h100=24',
    },
    { name: 'Volcano group', objects: [volcano(5)], pod: volcanoPod('worker', 8), want: `${volcanoId} 5: h100=40` },
    {
      name: 'Volcano Job and group',
      objects: [volcano(5), volcanoJob({})],
      pod: volcanoPod('worker', 8),
      want: `${volcanoId} 5: h100=33`,
    },
    {
      name: 'Volcano Job, the parameter server',
      objects: [volcanoJob({ minAvailable: 0 })],
      pod: volcanoPod('ps', 1),
      want: `${volcanoId} 5: h100=33`,
    },
    {
      name: 'Volcano Job that needs three of five',
      objects: [volcanoJob({ minAvailable: 3 })],
      pod: volcanoPod('worker', 8),
      want: `${volcanoId} 3: h100=17`,
    },
    {
      name: 'Volcano Job whose workers are elastic',
      objects: [volcanoJob({}, { minAvailable: 1 })],
      pod: volcanoPod('worker', 8),
      want: `${volcanoId} 2: h100=9`,
    },
    {
      name: 'Grove',
      objects: [
        object('scheduler.grove.io/v1alpha1 PodGang#g', { podgroups: [{ minReplicas: 1 }, { minReplicas: 2 }] }),
      ],
      pod: { labels: { 'grove.io/podgang': 'g' } },
      want: 'PodGang.grove.io/g 3: h100=24',
    },
  ])
})

test('a group of pods that Kueue queues is its Workload, or as many as its pods say', () => {
  const pod = (gpus: number): PodSketch => ({
    gpus,
    labels: { 'kueue.x-k8s.io/pod-group-name': 'kg' },
    annotations: { 'kueue.x-k8s.io/pod-group-total-count': '3' },
  })
  const workload = (...podSets: readonly JsonObject[]) => [object('kueue.x-k8s.io/v1beta1 Workload#kg', { podSets })]
  const id = 'PodGroup.kueue.x-k8s.io/kg'
  const head = { name: 'head', count: 1, template: template(1) }
  const workers = { name: 'w', count: 4, template: template(8) }
  check([
    { name: 'the annotation', objects: [], pod: pod(8), want: `${id} 3: h100=24` },
    { name: 'head', objects: workload(head, workers), pod: pod(1), want: `${id} 5: h100=33` },
    { name: 'worker', objects: workload(head, workers), pod: pod(8), want: `${id} 5: h100=33` },
    { name: 'in part', objects: workload(head, { ...workers, minCount: 2 }), pod: pod(8), want: `${id} 3: h100=17` },
  ])
})

test('where no object is known the pod is believed, and last what its author declares', () => {
  const declared = { 'sluice.dev/gang-size': '6' }
  check([
    {
      name: 'YuniKorn',
      objects: [],
      pod: {
        labels: { applicationId: 'app' },
        annotations: {
          'yunikorn.apache.org/task-group-name': 'w',
          'yunikorn.apache.org/task-groups': '[{"name":"w","minMember":3}]',
        },
      },
      want: 'Application.yunikorn.apache.org/app 3: h100=24',
    },
    {
      name: 'InferenceService over several nodes',
      objects: [],
      pod: { labels: { 'serving.kserve.io/inferenceservice': 'llama' }, env: { RAY_NODE_COUNT: '2' } },
      want: 'InferenceService/llama 2: h100=16',
    },
    {
      name: 'HyperPod: elastic',
      objects: [
        object('sagemaker.amazonaws.com/v1 HyperPodPyTorchJob#lora', {
          elasticPolicy: { minReplicas: 2 },
          replicaSpecs: [{ name: 'w', replicas: 4, template: template(8) }],
        }),
      ],
      pod: { owner: 'sagemaker.amazonaws.com/v1 HyperPodPyTorchJob#lora u-1' },
      want: 'owner/u-1 2: h100=16',
    },
    { name: 'declared', objects: [], pod: { ...JOB_POD, annotations: declared }, want: 'Job/u-1 6: h100=48' },
    {
      name: 'the Job knows better',
      objects: [object('batch/v1 Job#ft', { parallelism: 2, template: template(8) })],
      pod: { ...JOB_POD, annotations: declared },
      want: 'Job/u-1 2: h100=16',
    },
    {
      name: 'StatefulSet',
      objects: [object('apps/v1 StatefulSet#ranks', { replicas: 4, template: template(8) })],
      pod: { owner: 'apps/v1 StatefulSet#ranks u-1' },
      want: 'alone',
    },
    {
      name: 'StatefulSet declared a gang',
      objects: [],
      pod: { owner: 'apps/v1 StatefulSet#ranks u-1', annotations: declared },
      want: 'owner/u-1 6: h100=48',
    },
    {
      name: 'Deployment',
      objects: [],
      pod: { owner: 'apps/v1 ReplicaSet#web-7', labels: { 'pod-template-hash': '7' } },
      want: 'alone',
    },
    {
      name: 'a step of a workflow',
      objects: [],
      pod: { owner: 'argoproj.io/v1alpha1 Workflow#wf', labels: { 'workflows.argoproj.io/workflow': 'wf' } },
      want: 'alone',
    },
    { name: 'bare pod', objects: [], pod: { annotations: declared }, want: 'alone' },
  ])
})

test('pods that another webhook has changed are counted as they come, all of them', () => {
  const jobSet = object('jobset.x-k8s.io/v1alpha2 JobSet#train', {
    replicatedJobs: [
      { name: 'workers', template: jobOf(8, { parallelism: 4, completions: 4 }) },
      { name: 'driver', template: jobOf(0, {}) },
    ],
  })
  assert.equal(summary(gangOf(jobSetPod('workers', 4), jobSet)), 'JobSet/js-1 4: h100=16')
})

test('a pod that asks for nothing is charged nothing, and is no gang', () => {
  const { request, pod } = reviewed({
    ...podOf(JOB_POD),
    spec: { containers: [{ name: 'main' }] },
  })
  const job = object('batch/v1 Job#ft', { parallelism: 4, template: template(0) })
  const { gang, subject } = examine(request, pod, clusterWith(job))
  // Policies know its size all the same.
  assert.deepEqual([gang, subject.workload.gang?.size, subject.workload.multiPod], [undefined, 4, true])
})

test('policies see all pods of an elastic gang, the hold is for the fewest', () => {
  const { request, pod } = reviewed(podOf(kubeflowPod('PyTorchJob', 'worker')))
  const job = object('kubeflow.org/v1 PyTorchJob#ddp', {
    elasticPolicy: { minReplicas: 1, maxReplicas: 6 },
    pytorchReplicaSpecs: { Worker: { replicas: 6, template: template(8) } },
  })
  const { gang, subject } = examine(request, pod, clusterWith(job))
  assert.deepEqual([gang, subject.workload.gang?.size, subject.workload.multiPod], [undefined, 6, true])
})

test('what a trusted queue starts it starts whole: its pods are charged one by one', () => {
  const job = object('batch/v1 Job#ft', { parallelism: 4, template: template(8) })
  const queued = reviewed(podOf({ ...JOB_POD, spec: { schedulerName: 'kai-scheduler' } }))
  const examinedFor = (trustedQueues: readonly string[]) => {
    const tenant = { cohort: 'research', namespaces: ['team-a'], classes: [], trustedQueues }
    return examine(queued.request, queued.pod, clusterWith(job, written('TenantQuota', 'a', tenant)))
  }
  const trusted = examinedFor(['kai'])
  assert.deepEqual([trusted.gang, trusted.trustedQueue, trusted.subject.workload.gang?.size], [undefined, 'kai', 4])
  const untrusted = examinedFor(['kueue'])
  assert.deepEqual([summary(untrusted.gang), untrusted.trustedQueue], ['Job/u-1 4: h100=32', undefined])
})

const COUNTS: readonly JsonValue[] = [-1, 0, 1.5, 1e9, 2 ** 53, 'two', '${N}', null, {}, [], true]

test('a count that is none, or absurd, makes no gang', () => {
  for (const parallelism of COUNTS) {
    const job = object('batch/v1 Job#ft', { parallelism, template: template(8) })
    assert.equal(summary(gangOf(JOB_POD, job)), 'alone', JSON.stringify(parallelism))
  }
  const jobs = [1, 2].map(name => ({
    name: `w${name}`,
    template: jobOf(8, { parallelism: 60_000, completions: 60_000 }),
  }))
  const jobSet = object('jobset.x-k8s.io/v1alpha2 JobSet#train', { replicatedJobs: jobs })
  assert.equal(summary(gangOf(jobSetPod('w1'), jobSet)), 'alone')
  const most = object('batch/v1 Job#ft', { parallelism: 100_000, template: template(8) })
  assert.equal(summary(gangOf(JOB_POD, most)), 'Job/u-1 100000: h100=800000')
})

test('no owner makes an admission throw, whatever it holds', () => {
  const junk = fc.oneof(fc.constantFrom(...COUNTS), fc.jsonValue() as fc.Arbitrary<JsonValue>)
  const fields = [
    'parallelism',
    'replicatedJobs',
    'template',
    'spec',
    'podSets',
    'minMember',
    '__proto__',
    'constructor',
  ]
  const spec = fc.dictionary(fc.constantFrom(...fields), junk)
  const pods: readonly (readonly [string, PodSketch])[] = [
    ['batch/v1 Job#ft', JOB_POD],
    ['jobset.x-k8s.io/v1alpha2 JobSet#train', jobSetPod('workers')],
    ['kueue.x-k8s.io/v1beta1 Workload#kg', { labels: { 'kueue.x-k8s.io/pod-group-name': 'kg' } }],
    ['scheduling.x-k8s.io/v1alpha1 PodGroup#g', { labels: { 'scheduling.x-k8s.io/pod-group': 'g' } }],
    ['ray.io/v1 RayCluster#slime', rayPod('worker', 8)],
  ]
  fc.assert(
    fc.property(fc.constantFrom(...pods), fc.oneof(spec, junk), ([type, pod], body) => {
      const gang = gangOf(pod, { ...object(type, {}), spec: body as JsonValue })
      assert.ok(gang === undefined || (gang.size >= 2 && gang.size <= 100_000 && gang.id.startsWith('team-a/')))
    }),
    { numRuns: 200 },
  )
})

test('an owner of more templates than people write is not read to its end, and tells nothing', () => {
  const groups = (count: number) => Array.from({ length: count }, () => ({ replicas: 1, template: template(8) }))
  const cluster = (count: number) =>
    object('ray.io/v1 RayCluster#slime', { headGroupSpec: { template: template(0) }, workerGroupSpecs: groups(count) })
  const sets = (count: number) =>
    object('kueue.x-k8s.io/v1beta1 Workload#kg', { podSets: groups(count).map(set => ({ ...set, count: 1 })) })
  const queued: PodSketch = { labels: { 'kueue.x-k8s.io/pod-group-name': 'kg' } }
  assert.equal(summary(gangOf(rayPod('worker', 8), cluster(63))), 'RayCluster/slime/u-1 63: h100=504')
  assert.equal(summary(gangOf(rayPod('worker', 8), cluster(64))), 'alone')
  assert.equal(summary(gangOf(queued, sets(64))), 'PodGroup.kueue.x-k8s.io/kg 64: h100=512')
  assert.equal(summary(gangOf(queued, sets(65))), 'alone')
})

test('an owner that holds itself is read once', () => {
  const spec: Record<string, JsonValue> = { parallelism: 2, template: template(8) }
  spec.again = spec
  assert.equal(summary(gangOf(JOB_POD, object('batch/v1 Job#ft', spec))), 'Job/u-1 2: h100=16')
})
