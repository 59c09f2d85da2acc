import type { Cluster } from '../admission/cluster.ts'
import type { ExemptNamespaces } from '../admission/exempt.ts'
import { type RunningPods, runningPods } from '../admission/running-pods.ts'
import { asciiLine } from '../admission/text.ts'
import { readPodList } from '../config/pod-list.ts'
import { type Parsed, parsed } from '../schema/parsed.ts'

/** The pods of `--pods FILE` as charges; none without the option. */
export function readRunningPods(
  file: string | undefined,
  cluster: Cluster,
  exempt: ExemptNamespaces,
): Parsed<RunningPods> {
  if (file === undefined) return parsed({ charges: [], remarks: [] })
  const list = readPodList(file)
  return list.ok ? parsed(runningPods(list.value, cluster, exempt)) : list
}

const MAX_SHOWN = 20

/** Pods that were not counted, or not as they are, for a person to read. */
export function remarkLines({ remarks }: RunningPods): readonly string[] {
  const lines = remarks.slice(0, MAX_SHOWN).map(({ at, pod, problem, isCounted }) => {
    return asciiLine(`${pod === '' ? at : pod}: ${problem}${isCounted ? '' : '; not counted'}`)
  })
  const rest = remarks.length - lines.length
  return rest === 0 ? lines : [...lines, `and ${rest} more; -o json has all of them`]
}

/** The same as JSON. These are the operator's own pods, so they are named. */
export function remarksJson({ remarks }: RunningPods) {
  return remarks.map(({ pod, isCounted, problem }) => ({ pod, isCounted, problem }))
}
