/** Pods as their users write them. */
import type { JsonObject } from '../../../src/schema/parts.ts'

export interface PodOptions {
  readonly metadata?: JsonObject
  readonly spec?: JsonObject
}

/** One container with these GPUs, on a machine with H100; a name is generated unless one is given. */
export function podFor(gpus: number, { metadata, spec }: PodOptions = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: 'train-', ...metadata },
    spec: { ...templateSpec(gpus), restartPolicy: 'Never', ...spec },
  }
}

function templateSpec(gpus: number): JsonObject {
  return {
    nodeSelector: { 'node.kubernetes.io/instance-type': 'p5.48xlarge' },
    containers: [
      {
        name: 'main',
        image: 'registry.example.com/train:1',
        resources: { limits: { 'nvidia.com/gpu': String(gpus) } },
      },
    ],
  }
}

export function deploymentFor(name: string, replicas: number, gpus: number): JsonObject {
  const labels = { app: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: templateSpec(gpus) } },
  }
}

export function jobFor(name: string, gpus: number): JsonObject {
  const spec = { ...templateSpec(gpus), restartPolicy: 'Never' }
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { template: { spec } } }
}
