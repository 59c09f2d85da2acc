import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { workloadOf } from '../gpu/workload.ts'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { type Pod, parsePod } from '../schema/pod.ts'
import { isObject, listAt, objectAt, type Path, textAt, valueAt } from './json.ts'
import { podTemplates, type TemplatePod } from './templates.ts'

const spec = { containers: [{ name: 'main', image: 'x' }] }

/** A variable as envsubst and shells write it. */
const variable = (name: string) => `\${${name}}`

const template = { metadata: { labels: { app: 'a' } }, spec }

function manifest(type: string, body: JsonObject, metadata: JsonObject = { name: 'm', uid: 'u-1' }): JsonObject {
  const [apiVersion = '', kind = ''] = type.split(' ')
  return { apiVersion, kind, metadata, spec: body }
}

function podOf({ pod }: TemplatePod): Pod {
  const parsed = parsePod(pod)
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.value
}

/** `place replicas/gang: kind name role, gang size as the pod alone tells it`. */
function summary(item: TemplatePod): string {
  const { kind, name, role, gang } = workloadOf(podOf(item), 'ns')
  const counts = `${item.replicas ?? '?'}/${item.gangSize ?? '-'}`
  const seen = [kind, name, role].filter(word => word !== '').join(' ')
  return `${item.podTemplate} ${counts}: ${seen}, ${gang?.size ?? '-'}`
}

const group = (name: string, replicas: number) => ({ groupName: name, replicas, template })
const KINDS: readonly { readonly name: string; readonly manifest: JsonObject; readonly want: readonly string[] }[] = [
  { name: 'Pod', manifest: manifest('v1 Pod', spec), want: ['spec 1/-: Pod m, -'] },
  {
    name: 'Deployment',
    manifest: manifest('apps/v1 Deployment', { replicas: 3, template }),
    want: ['spec.template.spec 3/-: Deployment m, -'],
  },
  {
    name: 'ReplicaSet',
    manifest: manifest('apps/v1 ReplicaSet', { template }),
    want: ['spec.template.spec 1/-: ReplicaSet m, -'],
  },
  {
    name: 'StatefulSet',
    manifest: manifest('apps/v1 StatefulSet', { replicas: 2, template }),
    want: ['spec.template.spec 2/-: StatefulSet m, -'],
  },
  {
    name: 'DaemonSet: as many as there are nodes',
    manifest: manifest('apps/v1 DaemonSet', { template }),
    want: ['spec.template.spec ?/-: DaemonSet m, -'],
  },
  {
    name: 'Job with more completions than pods at a time: a sweep, not a gang',
    manifest: manifest('batch/v1 Job', { parallelism: 3, completions: 9, template }),
    want: ['spec.template.spec 3/1: Job m, -'],
  },
  {
    name: 'Job whose indexes fail one by one: a sweep, not a gang',
    manifest: manifest('batch/v1 Job', { parallelism: 3, completions: 3, backoffLimitPerIndex: 1, template }),
    want: ['spec.template.spec 3/1: Job m, -'],
  },
  {
    name: 'Job',
    manifest: manifest('batch/v1 Job', { parallelism: 4, completions: 2, template }),
    want: ['spec.template.spec 2/2: Job m, -'],
  },
  {
    name: 'CronJob',
    manifest: manifest('batch/v1 CronJob', { jobTemplate: { spec: { template } } }),
    want: ['spec.jobTemplate.spec.template.spec 1/1: Job m-0, -'],
  },
  {
    name: 'KEDA ScaledJob',
    manifest: manifest('keda.sh/v1alpha1 ScaledJob', { jobTargetRef: { parallelism: 2, template } }),
    want: ['spec.jobTargetRef.template.spec 2/2: ScaledJob m, -'],
  },
  {
    name: 'JobSet: an initializer that completes first is no part of the gang',
    manifest: manifest('jobset.x-k8s.io/v1alpha2 JobSet', {
      replicatedJobs: [
        { name: 'fetch', template: { spec: { template } } },
        {
          name: 'workers',
          replicas: 2,
          dependsOn: [{ name: 'fetch', status: 'Complete' }],
          template: { spec: { parallelism: 4, template } },
        },
        { name: 'driver', template: { spec: { template } } },
      ],
    }),
    want: [
      'spec.replicatedJobs.[fetch].template.spec.template.spec 1/-: JobSet m fetch, -',
      'spec.replicatedJobs.[workers].template.spec.template.spec 8/9: JobSet m workers, -',
      'spec.replicatedJobs.[driver].template.spec.template.spec 1/9: JobSet m driver, -',
    ],
  },
  {
    name: 'LeaderWorkerSet',
    manifest: manifest('leaderworkerset.x-k8s.io/v1 LeaderWorkerSet', {
      replicas: 3,
      leaderWorkerTemplate: { size: 4, leaderTemplate: template, workerTemplate: template },
    }),
    want: [
      'spec.leaderWorkerTemplate.leaderTemplate.spec 3/4: LeaderWorkerSet m leader, 4',
      'spec.leaderWorkerTemplate.workerTemplate.spec 9/4: LeaderWorkerSet m worker, 4',
    ],
  },
  {
    name: 'LeaderWorkerSet whose leaders are made of the worker template',
    manifest: manifest('leaderworkerset.x-k8s.io/v1 LeaderWorkerSet', {
      replicas: 3,
      leaderWorkerTemplate: { size: 4, workerTemplate: template },
    }),
    want: ['spec.leaderWorkerTemplate.workerTemplate.spec 12/4: LeaderWorkerSet m worker, 4'],
  },
  {
    name: 'PyTorchJob',
    manifest: manifest('kubeflow.org/v1 PyTorchJob', {
      pytorchReplicaSpecs: { Master: { template }, Worker: { replicas: 3, template } },
    }),
    want: [
      'spec.pytorchReplicaSpecs.Master.template.spec 1/4: PyTorchJob m master, 4',
      'spec.pytorchReplicaSpecs.Worker.template.spec 3/4: PyTorchJob m worker, 4',
    ],
  },
  {
    name: 'elastic PyTorchJob',
    manifest: manifest('kubeflow.org/v1 PyTorchJob', {
      elasticPolicy: { minReplicas: 1, maxReplicas: 36 },
      pytorchReplicaSpecs: { Worker: { replicas: 3, template } },
    }),
    want: ['spec.pytorchReplicaSpecs.Worker.template.spec 3/3: PyTorchJob m worker, -'],
  },
  {
    name: 'TFJob',
    manifest: manifest('kubeflow.org/v1 TFJob', { tfReplicaSpecs: { PS: { template }, Worker: { template } } }),
    want: [
      'spec.tfReplicaSpecs.PS.template.spec 1/2: TFJob m ps, -',
      'spec.tfReplicaSpecs.Worker.template.spec 1/2: TFJob m worker, -',
    ],
  },
  {
    name: 'XGBoostJob',
    manifest: manifest('kubeflow.org/v1 XGBoostJob', { xgbReplicaSpecs: { Worker: { replicas: 2, template } } }),
    want: ['spec.xgbReplicaSpecs.Worker.template.spec 2/2: XGBoostJob m worker, 2'],
  },
  {
    name: 'MPIJob: the launcher does no work',
    manifest: manifest('kubeflow.org/v2beta1 MPIJob', {
      mpiReplicaSpecs: { Launcher: { template }, Worker: { replicas: 2, template } },
    }),
    want: [
      'spec.mpiReplicaSpecs.Launcher.template.spec 1/2: MPIJob m launcher, -',
      'spec.mpiReplicaSpecs.Worker.template.spec 2/2: MPIJob m worker, -',
    ],
  },
  {
    name: 'MPIJob whose launcher is a worker as well',
    manifest: manifest('kubeflow.org/v2beta1 MPIJob', {
      runLauncherAsWorker: true,
      mpiReplicaSpecs: { Launcher: { template }, Worker: { replicas: 2, template } },
    }),
    want: [
      'spec.mpiReplicaSpecs.Launcher.template.spec 1/3: MPIJob m launcher, -',
      'spec.mpiReplicaSpecs.Worker.template.spec 2/3: MPIJob m worker, -',
    ],
  },
  {
    name: 'TrainJob',
    manifest: manifest('trainer.kubeflow.org/v1alpha1 TrainJob', {
      trainer: { numNodes: 4, resourcesPerNode: { limits: { 'nvidia.com/gpu': 8 } } },
    }),
    want: ['spec.trainer 4/4: TrainJob m worker, 4'],
  },
  {
    name: 'HyperPodPyTorchJob',
    manifest: manifest('sagemaker.amazonaws.com/v1 HyperPodPyTorchJob', {
      replicaSpecs: [{ name: 'pods', replicas: 4, template }],
    }),
    want: ['spec.replicaSpecs.[pods].template.spec 4/4: HyperPodPyTorchJob m, -'],
  },
  {
    name: 'RayCluster with hosts per replica',
    manifest: manifest('ray.io/v1 RayCluster', {
      headGroupSpec: { template },
      workerGroupSpecs: [{ ...group('a', 2), numOfHosts: 4 }, group('b', 1), { ...group('c', 9), suspend: true }],
    }),
    want: [
      'spec.headGroupSpec.template.spec 1/10: RayCluster m head, -',
      'spec.workerGroupSpecs.[0].template.spec 8/10: RayCluster m worker, -',
      'spec.workerGroupSpecs.[1].template.spec 1/10: RayCluster m worker, -',
      'spec.workerGroupSpecs.[2].template.spec 0/10: RayCluster m worker, -',
    ],
  },
  {
    name: 'autoscaled RayCluster needs the fewest it can shrink to',
    manifest: manifest('ray.io/v1 RayCluster', {
      enableInTreeAutoscaling: true,
      headGroupSpec: { template },
      workerGroupSpecs: [{ ...group('a', 5), minReplicas: 1, maxReplicas: 3 }],
    }),
    want: [
      'spec.headGroupSpec.template.spec 1/2: RayCluster m head, -',
      'spec.workerGroupSpecs.[0].template.spec 3/2: RayCluster m worker, -',
    ],
  },
  {
    name: 'RayJob',
    manifest: manifest('ray.io/v1 RayJob', {
      submitterPodTemplate: template,
      rayClusterSpec: { headGroupSpec: { template }, workerGroupSpecs: [group('w', 1)] },
    }),
    want: [
      'spec.submitterPodTemplate.spec 1/-: RayJob m submitter, -',
      'spec.rayClusterSpec.headGroupSpec.template.spec 1/2: RayCluster m-x2x2x head, -',
      'spec.rayClusterSpec.workerGroupSpecs.[0].template.spec 1/2: RayCluster m-x2x2x worker, -',
    ],
  },
  {
    name: 'RayJob that submits over HTTP makes no pod for it',
    manifest: manifest('ray.io/v1 RayJob', {
      submissionMode: 'HTTPMode',
      submitterPodTemplate: template,
      rayClusterSpec: { headGroupSpec: { template } },
    }),
    want: ['spec.rayClusterSpec.headGroupSpec.template.spec 1/1: RayCluster m-x2x2x head, -'],
  },
  {
    name: 'RayService',
    manifest: manifest('ray.io/v1 RayService', { rayClusterConfig: { headGroupSpec: { template } } }),
    want: ['spec.rayClusterConfig.headGroupSpec.template.spec 1/1: RayCluster m-x2x2x head, -'],
  },
  {
    name: 'Volcano Job: what must run together',
    manifest: manifest('batch.volcano.sh/v1alpha1 Job', {
      minAvailable: 3,
      tasks: [
        { name: 'ps', replicas: 1, template },
        { name: 'worker', replicas: 4, template },
      ],
    }),
    want: [
      'spec.tasks.[ps].template.spec 1/3: VolcanoJob m ps, -',
      'spec.tasks.[worker].template.spec 4/3: VolcanoJob m worker, -',
    ],
  },
  {
    name: 'InferenceService of a framework',
    manifest: manifest('serving.kserve.io/v1beta1 InferenceService', {
      predictor: { minReplicas: 2, triton: { resources: { limits: { 'nvidia.com/gpu': 1 } } } },
      transformer: { containers: [{ name: 'kserve-container', image: 'x' }] },
    }),
    want: [
      'spec.predictor 2/-: InferenceService m predictor, -',
      'spec.transformer 1/-: InferenceService m transformer, -',
    ],
  },
  {
    name: 'InferenceService over several nodes',
    manifest: manifest('serving.kserve.io/v1beta1 InferenceService', {
      predictor: { model: { modelFormat: { name: 'huggingface' } }, workerSpec: { pipelineParallelSize: 3 } },
    }),
    want: [
      'spec.predictor 1/3: InferenceService m predictor, 3',
      'spec.predictor.workerSpec 2/3: InferenceService m worker, 3',
    ],
  },
  {
    name: 'LLMInferenceService with one pool',
    manifest: manifest('serving.kserve.io/v1alpha2 LLMInferenceService', { replicas: 2, template: spec }),
    want: ['spec.template 2/-: LLMInferenceService m, -'],
  },
  {
    name: 'LLMInferenceService with prefill over two nodes',
    manifest: manifest('serving.kserve.io/v1alpha2 LLMInferenceService', {
      template: spec,
      prefill: { replicas: 2, parallelism: { data: 16, dataLocal: 8 }, template: spec, worker: spec },
    }),
    want: [
      'spec.template 1/-: LLMInferenceService m decode, -',
      'spec.prefill.template 2/2: LLMInferenceService m prefill, 2',
      'spec.prefill.worker 2/2: LLMInferenceService m prefill, 2',
    ],
  },
  {
    name: 'Workflow: only what runs containers',
    manifest: manifest('argoproj.io/v1alpha1 Workflow', {
      templates: [
        { name: 'main', steps: [[{ name: 'a', template: 'train' }]] },
        { name: 'train', container: { image: 'x' } },
        { name: 'check', script: { image: 'x', source: 'y' } },
        { name: 'set', containerSet: { containers: [{ name: 'a' }, { name: 'b' }] } },
      ],
    }),
    want: [
      'spec.templates.[train] 1/-: Workflow m, -',
      'spec.templates.[check] 1/-: Workflow m, -',
      'spec.templates.[set] 1/-: Workflow m, -',
    ],
  },
  {
    name: 'CronWorkflow',
    manifest: manifest('argoproj.io/v1alpha1 CronWorkflow', {
      workflowSpec: { templates: [{ name: 'train', container: { image: 'x' } }] },
    }),
    want: ['spec.workflowSpec.templates.[train] 1/-: Workflow m, -'],
  },
  {
    name: 'unknown kind: wherever containers stand',
    manifest: manifest('example.com/v1 Fleet', {
      cliques: [
        { name: 'a', spec: { replicas: 2, podSpec: spec } },
        { replicas: 3, template },
      ],
    }),
    want: ['spec.cliques.[a].spec.podSpec 2/-: Fleet m, -', 'spec.cliques.[1].template.spec 3/-: Fleet m, -'],
  },
  {
    name: 'Knative Service: its pods are as many as requests ask for',
    manifest: manifest('serving.knative.dev/v1 Service', { template }),
    want: ['spec.template.spec ?/-: Service m, -'],
  },
]

test('each kind has the pods its controller would make, and each pod is recognised as its own', () => {
  for (const { name, manifest: object, want } of KINDS) assert.deepEqual(podTemplates(object).map(summary), want, name)
})

test('what makes no pods has no templates', () => {
  const cases: readonly { readonly name: string; readonly manifest: JsonObject }[] = [
    { name: 'Service', manifest: manifest('v1 Service', { ports: [{ port: 80 }] }) },
    { name: 'ScaledObject', manifest: manifest('keda.sh/v1alpha1 ScaledObject', { scaleTargetRef: { name: 'x' } }) },
    { name: 'NodePool', manifest: manifest('karpenter.sh/v1 NodePool', { template: { spec: { taints: [] } } }) },
    { name: 'NIMService', manifest: manifest('apps.nvidia.com/v1alpha1 NIMService', { replicas: 1, resources: {} }) },
    {
      name: 'a policy that speaks of pods',
      manifest: manifest('kyverno.io/v1 ClusterPolicy', { rules: [{ validate: { pattern: { spec } } }] }),
    },
    { name: 'a List, which is to be flattened first', manifest: { ...manifest('v1 List', {}), items: [] } },
    { name: 'status and metadata', manifest: { ...manifest('example.com/v1 X', {}), status: { template } } },
    { name: 'a template without containers', manifest: manifest('batch/v1 Job', { template: { spec: {} } }) },
    { name: 'nothing at all', manifest: {} },
  ]
  for (const { name, manifest: object } of cases) assert.deepEqual(podTemplates(object), [], name)
})

test('a blueprint is found, and said to create nothing', () => {
  const step = { name: 'train', container: { image: 'x' } }
  const replicatedJobs = [{ name: 'node', template: { spec: { template } } }]
  const cases: readonly JsonObject[] = [
    manifest('trainer.kubeflow.org/v1alpha1 ClusterTrainingRuntime', { template: { spec: { replicatedJobs } } }),
    manifest('argoproj.io/v1alpha1 WorkflowTemplate', { templates: [step] }),
    manifest('serving.kserve.io/v1alpha1 ServingRuntime', spec),
    manifest('serving.kserve.io/v1alpha2 LLMInferenceServiceConfig', { template: spec }),
    manifest('kueue.x-k8s.io/v1beta2 Workload', { podSets: [{ name: 'main', template }] }),
  ]
  for (const object of cases) {
    const found = podTemplates(object)
    assert.deepEqual(
      found.map(item => item.createsPods),
      [false],
      textAt(object, 'kind'),
    )
  }
  assert.equal(podTemplates(manifest('apps/v1 Deployment', { template }))[0]?.createsPods, true)
})

test('a placeholder where a number belongs leaves the count open and says where', () => {
  const jobSet = (replicas: JsonValue, parallelism: JsonValue) =>
    manifest('jobset.x-k8s.io/v1alpha2 JobSet', {
      replicatedJobs: [
        { name: 'a', replicas, template: { spec: { parallelism, template } } },
        { name: 'b', template: { spec: { template } } },
      ],
    })
  const [open, known] = podTemplates(jobSet(variable('SLICES'), 2))
  assert.equal(open?.replicas, undefined)
  assert.equal(known?.replicas, 1)
  assert.equal(known?.gangSize, undefined)
  assert.deepEqual(open?.undecidable, [
    {
      at: 'spec.replicatedJobs[0].replicas',
      problem: `"${variable('SLICES')}" is a placeholder, not a number`,
      remedy: 'render the manifest first',
    },
  ])
  // Without quotes YAML reads {{ .Values.n }} as a mapping with a mapping for a key.
  const junk: readonly JsonValue[] = [
    '$NUM',
    '{{ .Values.n }}',
    { '{ .Values.n }': null },
    '3',
    1.5,
    -1,
    true,
    [2],
    1e12,
  ]
  for (const value of junk) {
    const [first] = podTemplates(jobSet(value, 2))
    assert.equal(first?.replicas, undefined, JSON.stringify(value))
    assert.equal(first?.undecidable.length, 1, JSON.stringify(value))
  }
})

test('a placeholder in a text is nothing to stop at', () => {
  const [item] = podTemplates(
    manifest(
      'apps/v1 Deployment',
      { template: { spec: { containers: [{ name: 'main', image: variable('IMAGE') }] } } },
      { name: `d-${variable('I')}` },
    ),
  )
  assert.ok(item !== undefined)
  assert.deepEqual(item.undecidable, [])
  assert.equal(workloadOf(podOf(item), 'ns').name, `d-${variable('I')}`)
})

test('the path leads to the pod spec, for writing a changed one back', () => {
  const object = manifest('jobset.x-k8s.io/v1alpha2 JobSet', {
    replicatedJobs: [{ name: 'a', template: { spec: { template } } }],
  })
  const [item] = podTemplates(object)
  assert.deepEqual(item?.path, ['spec', 'replicatedJobs', 0, 'template', 'spec', 'template', 'spec'])
  assert.equal(item?.isPodSpec, true)
  assert.equal(valueAt(object, item?.path ?? []), spec)
})

test('a pod of a template carries the template’s labels, its owner, its namespace, and no field that is null', () => {
  const body = { template: { ...template, spec: { ...spec, volumes: null } } }
  const [item] = podTemplates(manifest('apps/v1 Deployment', body, { name: 'web', namespace: 'team-a' }))
  const pod = item?.pod ?? {}
  assert.equal(textAt(pod, 'metadata', 'namespace'), 'team-a')
  assert.equal(textAt(pod, 'metadata', 'labels', 'app'), 'a')
  assert.match(textAt(pod, 'metadata', 'generateName'), /^web-[a-z0-9]+-$/)
  assert.equal(textAt(pod, 'metadata', 'ownerReferences', 0, 'kind'), 'ReplicaSet')
  assert.equal(valueAt(pod, ['metadata', 'ownerReferences', 0, 'controller']), true)
  assert.equal(valueAt(pod, ['spec', 'volumes']), undefined)
})

test('a Pod keeps the owner and the marks it came with', () => {
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u-9', controller: true }]
  const [item] = podTemplates(manifest('v1 Pod', spec, { name: 'p', ownerReferences, annotations: { a: 'b' } }))
  assert.ok(item !== undefined)
  assert.equal(workloadOf(podOf(item), 'ns').gang?.id, 'ns/Job/u-9')
  assert.equal(textAt(item.pod, 'metadata', 'annotations', 'a'), 'b')
})

test('a manifest that names a Kueue queue makes pods that Kueue has queued', () => {
  const labels = { 'kueue.x-k8s.io/queue-name': 'q' }
  const types = ['apps/v1 Deployment', 'batch/v1 Job']
  for (const type of types) {
    const [item] = podTemplates(manifest(type, { template }, { name: 'm', labels }))
    assert.ok(item !== undefined)
    assert.equal(workloadOf(podOf(item), 'ns').queuedBy, 'kueue', type)
  }
})

test('an InferenceService’s framework is the serving container, with its containers beside it', () => {
  const resources = { limits: { 'nvidia.com/gpu': 1 } }
  const [item] = podTemplates(
    manifest('serving.kserve.io/v1beta1 InferenceService', {
      predictor: {
        nodeSelector: { zone: 'a' },
        minReplicas: 1,
        tensorflow: { storageUri: 'gs://x', resources },
        containers: [{ name: 'sidecar', image: 'y' }],
      },
    }),
  )
  assert.deepEqual(objectAt(item?.pod, 'spec'), {
    nodeSelector: { zone: 'a' },
    containers: [
      { name: 'kserve-container', resources },
      { name: 'sidecar', image: 'y' },
    ],
  })
  assert.equal(item?.isPodSpec, false)
  assert.deepEqual(item?.undecidable, [])
})

test('resources that are left to a runtime are said to be open', () => {
  const served = podTemplates(manifest('serving.kserve.io/v1beta1 InferenceService', { predictor: { model: {} } }))
  assert.deepEqual(
    served[0]?.undecidable.map(issue => issue.at),
    ['spec.predictor'],
  )
  const trained = podTemplates(manifest('trainer.kubeflow.org/v1alpha1 TrainJob', { runtimeRef: { name: 'torch' } }))
  assert.deepEqual(
    trained[0]?.undecidable.map(issue => issue.at),
    ['spec.trainer.numNodes', 'spec.trainer.resourcesPerNode'],
  )
})

test('a TrainJob’s nodes take what it overrides of its runtime, in all three notations', () => {
  const tolerations = [{ key: 'gpu', operator: 'Exists' }]
  const notations: readonly JsonObject[] = [
    { podSpecOverrides: [{ targetJobs: [{ name: 'node' }], tolerations }] },
    { podTemplateOverrides: [{ targetJobs: [{ name: 'node' }], spec: { tolerations } }] },
    {
      runtimePatches: [
        {
          trainingRuntimeSpec: {
            template: {
              spec: { replicatedJobs: [{ name: 'node', template: { spec: { template: { spec: { tolerations } } } } }] },
            },
          },
        },
      ],
    },
  ]
  for (const notation of notations) {
    const [item] = podTemplates(
      manifest('trainer.kubeflow.org/v1alpha1 TrainJob', { trainer: { numNodes: 1 }, ...notation }),
    )
    assert.deepEqual(listAt(item?.pod, 'spec', 'tolerations'), tolerations, Object.keys(notation)[0] ?? '')
  }
  const [other] = podTemplates(
    manifest('trainer.kubeflow.org/v1alpha1 TrainJob', {
      podSpecOverrides: [{ targetJobs: [{ name: 'model-initializer' }], tolerations }],
    }),
  )
  assert.deepEqual(listAt(other?.pod, 'spec', 'tolerations'), [])
})

test('a workflow step inherits from its workflow, and its patch has the last word', () => {
  const [item] = podTemplates(
    manifest('argoproj.io/v1alpha1 Workflow', {
      nodeSelector: { pool: 'cpu' },
      tolerations: [{ operator: 'Exists' }],
      volumes: [{ name: 'data' }],
      podMetadata: { labels: { team: 'a', step: 'any' } },
      templates: [
        {
          name: 'train',
          metadata: { labels: { step: 'train' } },
          nodeSelector: { pool: 'gpu' },
          container: { image: 'x', name: 'renamed' },
          sidecars: [{ name: 'metrics' }],
          podSpecPatch: '{"containers":[{"name":"main","resources":{"limits":{"nvidia.com/gpu":"1"}}}]}',
        },
      ],
    }),
  )
  const pod = item?.pod
  assert.deepEqual(objectAt(pod, 'spec', 'nodeSelector'), { pool: 'gpu' })
  assert.deepEqual(listAt(pod, 'spec', 'tolerations'), [{ operator: 'Exists' }])
  assert.deepEqual(
    listAt(pod, 'spec', 'containers').map(container => textAt(container, 'name')),
    ['wait', 'main', 'metrics'],
  )
  assert.equal(textAt(pod, 'spec', 'containers', 1, 'resources', 'limits', 'nvidia.com/gpu'), '1')
  assert.equal(textAt(pod, 'metadata', 'labels', 'team'), 'a')
  assert.equal(textAt(pod, 'metadata', 'labels', 'step'), 'train')
})

test('a patch that is no JSON is said to be unread', () => {
  const templates = [{ name: 't', container: {}, podSpecPatch: 'nodeSelector: {pool: "{{inputs.parameters.pool}}"}' }]
  const [item] = podTemplates(manifest('argoproj.io/v1alpha1 Workflow', { templates }))
  assert.deepEqual(
    item?.undecidable.map(issue => issue.at),
    ['spec.templates[0].podSpecPatch'],
  )
})

test('a document that nests, repeats or contains itself ends', () => {
  const self: { [key: string]: JsonValue } = { containers: [{ name: 'main' }] }
  self.again = [self, self, [self, self]]
  const wide = Array.from({ length: 20_000 }, () => ({ template }))
  let deep: JsonValue = spec
  for (let depth = 0; depth < 5000; depth += 1) deep = { nested: deep }
  assert.equal(podTemplates(manifest('example.com/v1 X', { template: { spec: self } })).length, 1)
  assert.equal(podTemplates(manifest('apps/v1 Deployment', { template: { spec: { ...spec, deep } } })).length, 1)
  assert.equal(podTemplates(manifest('example.com/v1 X', { deep })).length, 0)
  assert.equal(podTemplates(manifest('example.com/v1 X', { wide })).length, 256)
})

test('keys that objects inherit are no fields', () => {
  const hostile = JSON.parse(
    '{"apiVersion":"kubeflow.org/v1","kind":"PyTorchJob","metadata":{"name":"x"},"spec":{"pytorchReplicaSpecs":' +
      '{"__proto__":{"template":{"spec":{"containers":[{"name":"a"}]}}},"constructor":{"replicas":2}}}}',
  )
  const [item, ...others] = podTemplates(hostile)
  assert.equal(item?.podTemplate, 'spec.pytorchReplicaSpecs.__proto__.template.spec')
  assert.equal(others.length, 0)
  assert.equal(podTemplates({ kind: 'constructor', apiVersion: '__proto__/v1' }).length, 0)
})

/** Every place in a manifest below its type. */
function placesIn(value: JsonValue, path: Path = []): readonly Path[] {
  const below = isObject(value) || Array.isArray(value) ? Object.entries(value) : []
  return [path, ...below.flatMap(([key, item]) => placesIn(item, [...path, Array.isArray(value) ? Number(key) : key]))]
}

function replaced(value: JsonValue, [step, ...rest]: Path, by: JsonValue): JsonValue {
  if (step === undefined) return by
  if (Array.isArray(value)) return value.map((item, index) => (index === step ? replaced(item, rest, by) : item))
  return { ...(isObject(value) ? value : {}), [step]: replaced(valueAt(value, [step]) ?? null, rest, by) }
}

const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<JsonValue>,
  fc.constantFrom<JsonValue>(null, {}, [], -1, 1e300, variable('N'), [null], { __proto__: null }, 'x'.repeat(1000)),
)

test('no manifest makes it throw, and what it finds are pods at places that are there', () => {
  let found = 0
  const broken = fc.tuple(fc.constantFrom(...KINDS), fc.nat(), fc.nat(), junk, junk)
  fc.assert(
    fc.property(broken, ([{ manifest: whole }, first, second, one, other]) => {
      const places = placesIn(whole).filter(([field]) => field === 'spec' || field === 'metadata')
      const place = (pick: number) => places[pick % places.length] ?? []
      const object = replaced(replaced(whole, place(first), one), place(second), other) as JsonObject
      for (const item of podTemplates(object)) {
        found += 1
        if (item.isPodSpec) assert.ok(listAt(object, ...item.path, 'containers').length > 0)
        assert.ok(listAt(item.pod, 'spec', 'containers').length > 0)
        assert.ok(item.replicas === undefined || Number.isInteger(item.replicas))
        assert.ok(item.gangSize === undefined || Number.isInteger(item.gangSize))
      }
    }),
    { numRuns: 1000 },
  )
  assert.ok(found > 500, `only ${found} templates survived`)
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), object => {
      podTemplates(object as JsonObject)
    }),
  )
})

test('of an elastic gang the fewest members are told, beside all that are wanted', () => {
  const replica = (replicas: number) => ({ replicas, template })
  const members = (value: JsonObject) => podTemplates(value).map(({ gangSize, gangMembers }) => [gangSize, gangMembers])
  const cases: readonly { readonly name: string; readonly manifest: JsonObject; readonly want: unknown }[] = [
    {
      name: 'PyTorchJob: only workers come and go',
      manifest: manifest('kubeflow.org/v1 PyTorchJob', {
        elasticPolicy: { minReplicas: 2, maxReplicas: 5 },
        pytorchReplicaSpecs: { Master: replica(1), Worker: replica(4) },
      }),
      want: [
        [5, 1],
        [5, 2],
      ],
    },
    {
      name: 'PyTorchJob whose minimum is more than it has',
      manifest: manifest('kubeflow.org/v1 PyTorchJob', {
        elasticPolicy: { minReplicas: 9 },
        pytorchReplicaSpecs: { Worker: replica(4) },
      }),
      want: [[4, 4]],
    },
    {
      name: 'HyperPodPyTorchJob',
      manifest: manifest('sagemaker.amazonaws.com/v1 HyperPodPyTorchJob', {
        elasticPolicy: { minReplicas: 3 },
        replicaSpecs: [replica(2), replica(4)],
      }),
      want: [
        [6, 2],
        [6, 1],
      ],
    },
    {
      name: 'RayCluster',
      manifest: manifest('ray.io/v1 RayCluster', {
        enableInTreeAutoscaling: true,
        headGroupSpec: { template },
        workerGroupSpecs: [{ ...group('a', 6), minReplicas: 2, numOfHosts: 2 }, group('b', 3)],
      }),
      want: [
        [5, 1],
        [5, 4],
        [5, 0],
      ],
    },
    {
      name: 'Volcano: what each task needs, then tasks in their order',
      manifest: manifest('batch.volcano.sh/v1alpha1 Job', {
        minAvailable: 4,
        tasks: [replica(2), { ...replica(4), minAvailable: 1 }],
      }),
      want: [
        [4, 2],
        [4, 2],
      ],
    },
    {
      name: 'Volcano: 0 stands for what the tasks need',
      manifest: manifest('batch.volcano.sh/v1alpha1 Job', {
        minAvailable: 0,
        tasks: [replica(2), { ...replica(4), minAvailable: 1 }],
      }),
      want: [
        [3, 2],
        [3, 1],
      ],
    },
    {
      name: 'LeaderWorkerSet: one group of three',
      manifest: manifest('leaderworkerset.x-k8s.io/v1 LeaderWorkerSet', {
        replicas: 3,
        leaderWorkerTemplate: { size: 4, leaderTemplate: template, workerTemplate: template },
      }),
      want: [
        [4, 1],
        [4, 3],
      ],
    },
    {
      name: 'a count that is open',
      manifest: manifest('kubeflow.org/v1 PyTorchJob', {
        pytorchReplicaSpecs: { Master: replica(1), Worker: { replicas: variable('N'), template } },
      }),
      want: [
        [undefined, undefined],
        [undefined, undefined],
      ],
    },
  ]
  for (const { name, manifest, want } of cases) assert.deepEqual(members(manifest), want, name)
})
