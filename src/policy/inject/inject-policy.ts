import type { GpuPolicyDocument } from '../../schema/documents.ts'
import type { Injection, PolicyProblem } from '../policy-set.ts'
import type { Evaluation } from '../program.ts'
import { injectAffinity, injectTopologySpread } from './affinity.ts'
import { injectDeviceClaims } from './device-claims.ts'
import { injectDevices } from './devices.ts'
import { injectEnv } from './env.ts'
import { injectFabric } from './fabric.ts'
import { injectKeyed, injectSchedulerName } from './keyed.ts'
import { injectPriorityClass } from './priority-class.ts'
import { injectSharedMemory } from './shared-memory.ts'
import type { Target } from './target.ts'
import { injectTolerations } from './tolerations.ts'

interface Place extends Pick<Target, 'subject' | 'patch' | 'surroundings'> {
  readonly evaluation: Evaluation
}

interface Outcome {
  readonly injections: Injection[]
  readonly problems: PolicyProblem[]
}

/** Applies every block of one policy. An expression that fails leaves its own entry out, and no other. */
export function injectPolicy({ metadata, spec }: GpuPolicyDocument, place: Place, outcome: Outcome): void {
  const policy = metadata.name
  const { evaluation, ...rest } = place
  const failed = (problem: string) => {
    outcome.problems.push({ policy, problem })
    return undefined
  }
  const target: Target = {
    ...rest,
    text({ value, expression }) {
      if (expression === undefined) return value
      const text = evaluation.text(expression)
      if (!text.ok) return failed(text.problem)
      return text.value === '' ? undefined : text.value
    },
    count({ count, expression }) {
      if (expression === undefined) return count
      const number = evaluation.count(expression)
      return number.ok ? number.value : failed(number.problem)
    },
    record: what => outcome.injections.push({ policy, what }),
  }
  applyBlocks(spec.inject ?? {}, target)
}

function applyBlocks(inject: NonNullable<GpuPolicyDocument['spec']['inject']>, target: Target): void {
  if (inject.priorityClass !== undefined) injectPriorityClass(inject.priorityClass, target)
  if (inject.schedulerName !== undefined) injectSchedulerName(inject.schedulerName, target)
  if (inject.deviceClaims !== undefined) injectDeviceClaims(inject.deviceClaims, target)
  if (inject.devices !== undefined) injectDevices(inject.devices, target)
  if (inject.fabric !== undefined) injectFabric(inject.fabric, target)
  if (inject.sharedMemory !== undefined) injectSharedMemory(inject.sharedMemory, target)
  if (inject.affinity !== undefined) injectAffinity(inject.affinity, target)
  injectEnv(inject.env ?? [], target)
  injectTolerations(inject.tolerations ?? [], target)
  injectTopologySpread(inject.topologySpread ?? [], target)
  injectKeyed('nodeSelector', inject.nodeSelector ?? [], target)
  injectKeyed('label', inject.labels ?? [], target)
  injectKeyed('annotation', inject.annotations ?? [], target)
}
