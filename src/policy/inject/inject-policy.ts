import type { GpuPolicyDocument } from '../../schema/documents.ts'
import type { InjectSpec } from '../../schema/inject.ts'
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

/** A policy that has begun to inject. */
export interface OpenPolicy {
  readonly blocks: InjectSpec
  readonly target: Target
}

/**
 * Applies every block of one policy that depends on no other, or none: where one fails, the others might mean something else
 * without it. Returns the policy, to be finished, or nothing.
 */
export function injectPolicy(
  { metadata, spec }: GpuPolicyDocument,
  place: Place,
  outcome: Outcome,
): readonly OpenPolicy[] {
  const policy = metadata.name
  const { evaluation, ...rest } = place
  const injections: Injection[] = []
  const problems: PolicyProblem[] = []
  const failed = (problem: string) => {
    problems.push({ policy, problem })
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
    record: what => injections.push({ policy, what }),
    fail: failed,
  }
  const blocks = spec.inject ?? {}
  const undo = place.patch.savepoint()
  applyBlocks(blocks, target)
  if (problems.length > 0) {
    undo()
    outcome.problems.push(...problems)
    return []
  }
  outcome.injections.push(...injections)
  return [{ blocks, target: { ...target, record: what => outcome.injections.push({ policy, what }) } }]
}

function applyBlocks(inject: InjectSpec, target: Target): void {
  if (inject.priorityClass !== undefined) injectPriorityClass(inject.priorityClass, target)
  if (inject.schedulerName !== undefined) injectSchedulerName(inject.schedulerName, target)
  if (inject.devices !== undefined) injectDevices(inject.devices, target)
  if (inject.sharedMemory !== undefined) injectSharedMemory(inject.sharedMemory, target)
  if (inject.affinity !== undefined) injectAffinity(inject.affinity, target)
  injectEnv(inject.env ?? [], target)
  injectTolerations(inject.tolerations ?? [], target)
  injectTopologySpread(inject.topologySpread ?? [], target)
  injectKeyed('nodeSelector', inject.nodeSelector ?? [], target)
  injectKeyed('label', inject.labels ?? [], target)
  injectKeyed('annotation', inject.annotations ?? [], target)
}

/**
 * Applies the blocks that depend on others: claims on who schedules the pod, a fabric on the devices that are asked for already.
 * They come after those of all policies, so that no name of a policy decides what a pod is given, and a second pass finds nothing
 * to add. Nothing in them is computed, so nothing fails.
 */
export function finishInjection(policies: readonly OpenPolicy[]): void {
  for (const { blocks, target } of policies) injectDeviceClaims(blocks.deviceClaims ?? [], target)
  for (const { blocks, target } of policies) {
    if (blocks.fabric !== undefined) injectFabric(blocks.fabric, target)
  }
}
