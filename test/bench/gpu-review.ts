/** A GPU pod as a Deployment's ReplicaSet creates it and as the API server sends it for review: about 10 kB with its managedFields. */
import type { JsonObject, JsonValue } from '../../src/schema/parts.ts'

export const NAMESPACES = Array.from({ length: 16 }, (_, index) => `serving-${index}`)

/** The pod before it has a name and a UID, as a mutating webhook sees it. */
export function gpuPod(): JsonObject {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: METADATA, spec: SPEC }
  return { ...pod, metadata: { ...METADATA, managedFields: managedFields(pod) } }
}

/** What the API server puts around a pod. `namespace` and `uid` may be replaced in the text by others of the same length. */
export function reviewOf(object: JsonObject, { uid, namespace, dryRun = false }: ReviewOptions): JsonObject {
  const resource = { group: '', version: 'v1', resource: 'pods' }
  const kind = { group: '', version: 'v1', kind: 'Pod' }
  return {
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    request: {
      uid,
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      namespace,
      operation: 'CREATE',
      userInfo: {
        username: 'system:serviceaccount:kube-system:replicaset-controller',
        uid: '0d1bd0f1-3c4e-4c1c-8f0a-6fdfd0d4f7b1',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
        extra: { 'authentication.kubernetes.io/credential-id': ['JTI=2b8c0f3e-6f0a-4f0e-9d3b-5f9f0b1f2c3d'] },
      },
      object,
      oldObject: null,
      dryRun,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', ...(dryRun ? { dryRun: ['All'] } : {}) },
    },
  }
}

export interface ReviewOptions {
  readonly uid: string
  readonly namespace: string
  readonly dryRun?: boolean
}

const METADATA: JsonObject = {
  generateName: 'llama-70b-6c9d8b7f95-',
  namespace: NAMESPACES[0] ?? '',
  creationTimestamp: null,
  labels: {
    app: 'llama-70b',
    'app.kubernetes.io/name': 'llama-70b',
    'app.kubernetes.io/component': 'inference',
    'app.kubernetes.io/part-of': 'assistant',
    'app.kubernetes.io/managed-by': 'Helm',
    'pod-template-hash': '6c9d8b7f95',
    team: 'assistant',
  },
  annotations: {
    'kubectl.kubernetes.io/restartedAt': '2026-01-12T09:31:07Z',
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': '8000',
    'prometheus.io/path': '/metrics',
  },
  ownerReferences: [
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: 'llama-70b-6c9d8b7f95',
      uid: '6f6f7c53-54a8-4a54-9d0e-2f8f1f5f0b0a',
      controller: true,
      blockOwnerDeletion: true,
    },
  ],
}

const ENVIRONMENT: Readonly<Record<string, string>> = {
  HF_HOME: '/models/huggingface',
  HF_HUB_OFFLINE: '1',
  VLLM_LOGGING_LEVEL: 'INFO',
  VLLM_WORKER_MULTIPROC_METHOD: 'spawn',
  VLLM_USE_V1: '1',
  CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
  PYTORCH_CUDA_ALLOC_CONF: 'expandable_segments:True',
  OMP_NUM_THREADS: '8',
  TOKENIZERS_PARALLELISM: 'false',
  NCCL_CUMEM_ENABLE: '0',
  OTEL_SERVICE_NAME: 'llama-70b',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel-collector.monitoring:4317',
  PROMETHEUS_MULTIPROC_DIR: '/tmp/prometheus',
}

const TOKEN_MOUNT: JsonObject = {
  name: 'kube-api-access-x7k2p',
  readOnly: true,
  mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
}

const TERMINATION: JsonObject = { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' }

const SPEC: JsonObject = {
  volumes: [
    { name: 'models', persistentVolumeClaim: { claimName: 'models-readonly', readOnly: true } },
    { name: 'dshm', emptyDir: { medium: 'Memory', sizeLimit: '16Gi' } },
    { name: 'metrics', emptyDir: {} },
    { name: 'config', configMap: { name: 'llama-70b', defaultMode: 420 } },
    {
      name: 'kube-api-access-x7k2p',
      projected: {
        sources: [
          { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          {
            downwardAPI: {
              items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
            },
          },
        ],
        defaultMode: 420,
      },
    },
  ],
  initContainers: [
    {
      name: 'fetch-adapter',
      image: 'registry.example.com/platform/model-fetcher:1.14.2',
      args: ['--model=llama-70b', '--revision=2026-01-04', '--target=/models/adapters'],
      resources: { limits: { cpu: '2', memory: '4Gi' }, requests: { cpu: '500m', memory: '1Gi' } },
      volumeMounts: [{ name: 'models', mountPath: '/models' }, TOKEN_MOUNT],
      ...TERMINATION,
      imagePullPolicy: 'IfNotPresent',
    },
  ],
  containers: [
    {
      name: 'server',
      image: 'registry.example.com/assistant/vllm-openai:v0.11.2',
      command: ['python3', '-m', 'vllm.entrypoints.openai.api_server'],
      args: [
        '--model=/models/llama-70b',
        '--served-model-name=llama-70b',
        '--tensor-parallel-size=4',
        '--max-model-len=32768',
        '--gpu-memory-utilization=0.92',
        '--enable-prefix-caching',
        '--port=8000',
        '--max-num-seqs=256',
        '--max-num-batched-tokens=16384',
        '--enable-chunked-prefill',
        '--disable-log-requests',
        '--otlp-traces-endpoint=http://otel-collector.monitoring:4317',
        '--lora-modules=support=/models/adapters/support',
        '--lora-modules=legal=/models/adapters/legal',
      ],
      ports: [{ name: 'http', containerPort: 8000, protocol: 'TCP' }],
      env: [
        ...Object.entries(ENVIRONMENT).map(([name, value]) => ({ name, value })),
        { name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
        { name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name: 'huggingface', key: 'token' } } },
      ],
      resources: {
        limits: { cpu: '32', memory: '256Gi', 'nvidia.com/gpu': '4' },
        requests: { cpu: '16', memory: '256Gi', 'nvidia.com/gpu': '4' },
      },
      volumeMounts: [
        { name: 'models', readOnly: true, mountPath: '/models' },
        { name: 'dshm', mountPath: '/dev/shm' },
        { name: 'metrics', mountPath: '/tmp/prometheus' },
        { name: 'config', readOnly: true, mountPath: '/etc/vllm' },
        TOKEN_MOUNT,
      ],
      startupProbe: probe(120, 10),
      livenessProbe: probe(3, 20),
      readinessProbe: probe(3, 5),
      lifecycle: { preStop: { exec: { command: ['/bin/sh', '-c', 'sleep 15'] } } },
      ...TERMINATION,
      imagePullPolicy: 'IfNotPresent',
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsNonRoot: true },
    },
    {
      name: 'metrics',
      image: 'registry.example.com/platform/metrics-relay:2.3.0',
      args: ['--from=http://127.0.0.1:8000/metrics', '--labels=/etc/vllm/labels.yaml'],
      ports: [{ name: 'metrics', containerPort: 9400, protocol: 'TCP' }],
      resources: { limits: { cpu: '500m', memory: '256Mi' }, requests: { cpu: '50m', memory: '128Mi' } },
      volumeMounts: [{ name: 'metrics', mountPath: '/tmp/prometheus' }, TOKEN_MOUNT],
      ...TERMINATION,
      imagePullPolicy: 'IfNotPresent',
    },
  ],
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 120,
  dnsPolicy: 'ClusterFirst',
  serviceAccountName: 'llama-70b',
  serviceAccount: 'llama-70b',
  securityContext: { runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  nodeSelector: { 'node.kubernetes.io/instance-type': 'p5.48xlarge' },
  schedulerName: 'default-scheduler',
  tolerations: [
    { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
    { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
  ],
  priority: 0,
  preemptionPolicy: 'PreemptLowerPriority',
  enableServiceLinks: true,
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        {
          weight: 100,
          podAffinityTerm: {
            labelSelector: { matchLabels: { app: 'llama-70b' } },
            topologyKey: 'kubernetes.io/hostname',
          },
        },
      ],
    },
  },
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: { app: 'llama-70b' } },
    },
  ],
}

function probe(failureThreshold: number, periodSeconds: number): JsonObject {
  return {
    httpGet: { path: '/health', port: 'http', scheme: 'HTTP' },
    timeoutSeconds: 5,
    periodSeconds,
    successThreshold: 1,
    failureThreshold,
  }
}

// What the kubelet or an admission plugin adds belongs to nobody; the rest is owned by the controller that sent it.
const UNOWNED = new Set(['priority', 'preemptionPolicy', 'creationTimestamp', 'namespace'])

/** One manager, as a fresh pod has: the controller that created it. */
function managedFields(pod: JsonObject): JsonValue {
  const entry = {
    manager: 'kube-controller-manager',
    operation: 'Update',
    apiVersion: 'v1',
    time: '2026-01-12T09:31:08Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:metadata': fieldsOf(pod.metadata), 'f:spec': fieldsOf(pod.spec) },
  }
  return [entry]
}

/** The field set of structured-merge-diff: `f:` before fields, `k:` before the items of keyed lists, atomic lists as a whole. */
function fieldsOf(value: JsonValue | undefined): JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return {}
  const fields = Object.entries(value as JsonObject).filter(([key]) => !UNOWNED.has(key))
  return Object.fromEntries(fields.map(([key, field]) => [`f:${key}`, ownedBy(key, field)]))
}

const LIST_KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  ports: ['containerPort', 'protocol'],
  ownerReferences: ['uid'],
}
/** Not taken apart, which brings the whole to the 2.3-2.6 kB that a GPU pod of this size has on a real API server. */
const WHOLE = new Set([
  'affinity',
  'lifecycle',
  'livenessProbe',
  'nodeSelector',
  'readinessProbe',
  'resources',
  'securityContext',
  'startupProbe',
  'volumeMounts',
])
const NAMED_ONLY = new Set(['env', 'volumes', 'ports', 'ownerReferences'])

function ownedBy(key: string, field: JsonValue): JsonObject {
  const keys = Object.hasOwn(LIST_KEYS, key) ? (LIST_KEYS[key] ?? []) : []
  if (Array.isArray(field) && keys.length > 0) {
    const items = (field as readonly JsonObject[]).map(item => {
      const identity = Object.fromEntries(keys.map(name => [name, item[name] ?? null]))
      return [`k:${JSON.stringify(identity)}`, NAMED_ONLY.has(key) ? {} : { '.': {}, ...fieldsOf(item) }] as const
    })
    return { '.': {}, ...Object.fromEntries(items) }
  }
  if (field === null || typeof field !== 'object' || Array.isArray(field) || WHOLE.has(key)) return {}
  return { '.': {}, ...fieldsOf(field) }
}
