import type { InjectSpec } from '../../schema/inject.ts'
import type { Toleration } from '../../schema/pod.ts'
import { covers } from '../tolerations.ts'
import type { ClassTaint, Target } from './target.ts'

type Entry = NonNullable<InjectSpec['tolerations']>[number]

const PATH = ['spec', 'tolerations'] as const

export function injectTolerations(entries: readonly Entry[], target: Target): void {
  for (const entry of entries) {
    for (const wanted of wantedBy(entry, target)) addUncovered(wanted, target)
  }
}

function addUncovered(wanted: Toleration, target: Target): void {
  const present = (target.patch.get(PATH) ?? []) as readonly Toleration[]
  if (present.some(existing => covers(existing, wanted))) return
  target.patch.append(PATH, { ...wanted })
  target.record(`toleration ${wanted.key}`)
}

function wantedBy(entry: Entry, { subject, surroundings }: Target): readonly Toleration[] {
  if (entry.classTaints !== true) return [tolerationOf(entry)]
  const classes = [...(subject.demand?.byClass.keys() ?? [])]
  return classes.flatMap(name => surroundings.classTaints.get(name) ?? []).map(taint => tolerationOf(taint))
}

function tolerationOf({
  key,
  operator,
  value,
  effect,
}: Entry | (ClassTaint & { readonly operator?: undefined })): Toleration {
  return {
    ...(key === undefined ? {} : { key }),
    operator: operator ?? (value === undefined ? 'Exists' : 'Equal'),
    ...(value === undefined ? {} : { value }),
    ...(effect === undefined ? {} : { effect }),
  }
}
