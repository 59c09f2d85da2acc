import type { ApiClient } from './api-client.ts'

/** A machine that stands there and is ready, for the scheduler; nothing ever runs on it. */
export async function addNode(api: ApiClient, name: string, gpus: number): Promise<void> {
  await api.must('POST', '/api/v1/nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'node.kubernetes.io/instance-type': 'p5.48xlarge' } },
  })
  const amounts = { cpu: '192', memory: '2Ti', pods: '110', 'nvidia.com/gpu': String(gpus) }
  await api.must('PATCH', `/api/v1/nodes/${name}/status`, {
    status: {
      capacity: amounts,
      allocatable: amounts,
      conditions: [{ type: 'Ready', status: 'True', reason: 'Stands', message: 'it stands there' }],
    },
  })
  // Admission taints a node that has just come.
  await api.must('PATCH', `/api/v1/nodes/${name}`, { spec: { taints: null } })
}
