/** Whoever was given notice and is no longer chosen is told so, and nobody else is. */
import type { Issue } from '../../../schema/parsed.ts'
import type { Rescind } from '../../plan.ts'
import type { Scene } from '../course.ts'
import { placed, ruleIssues } from './step-words.ts'

export function rescindIssues(scene: Scene): readonly Issue[] {
  const rescinds = placed(scene.plan.steps).flatMap(({ step, at }) => (step.kind === 'rescind' ? [{ step, at }] : []))
  const applied = scene.served.filter(({ met }) => met.isApplied).flatMap(({ units }) => units)
  const chosen = new Set(applied.flatMap(({ pods }) => pods.map(({ uid }) => uid)))
  const told = new Set<string>()
  const faults = rescinds.flatMap(({ step, at }) => {
    return faultsOf(scene, chosen, told, step).map(problem => ({ at, problem }))
  })
  // Nothing becomes of those either of whom a plan only shows something, so they are told as well.
  const forgotten = scene.snapshot.pods.filter(({ uid, notice, isLeaving }) => {
    return notice !== null && !isLeaving && !chosen.has(uid) && !told.has(uid)
  })
  return [
    ...faults,
    ...forgotten.map(({ uid }) => ({ at: `pod ${uid}`, problem: 'no need has it, and its notice stands' })),
  ]
}

function faultsOf(scene: Scene, chosen: ReadonlySet<string>, told: Set<string>, step: Rescind): readonly string[] {
  const faults = step.pods.flatMap(uid => {
    const pod = scene.units.pod(uid)
    if (pod === undefined) return [`${uid} is no pod of the tree`]
    if (told.size === told.add(uid).size) return [`${uid} is told twice`]
    return [
      ...(pod.notice === null ? [`${uid} was given no notice`] : []),
      ...(chosen.has(uid) ? [`${uid} is chosen to give back`] : []),
      ...(pod.tenant === step.tenant ? [] : [`${uid} is of ${pod.tenant}, not of ${step.tenant}`]),
    ]
  })
  return [
    ...faults,
    ...ruleIssues(step.rule, 'no-longer-needed'),
    ...(step.pods.length === 0 ? ['it is for nobody'] : []),
  ]
}
