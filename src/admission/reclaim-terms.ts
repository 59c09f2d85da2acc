/** What the rebalancer may do in each cohort, as its document says, or else those of the cohorts above it. */
import { cohortPlace } from '../quota/spec-errors.ts'
import { DEFAULT_TERMS, MOST_ENDING_SECONDS, type ReclaimTerms } from '../rebalance/snapshot.ts'
import type { CohortDocument } from '../schema/documents.ts'
import type { Issue } from '../schema/parsed.ts'

type Said = NonNullable<CohortDocument['spec']['reclaim']>

/** By cohort. Their parents form no cycle. */
export function reclaimTerms(cohorts: readonly CohortDocument[]): ReadonlyMap<string, ReclaimTerms> {
  const specs = new Map(cohorts.map(({ metadata, spec }) => [metadata.name, spec]))
  const upwards = (name: string): readonly Said[] => {
    const line: Said[] = []
    for (let spec = specs.get(name); spec !== undefined; spec = specs.get(spec.parent ?? ''))
      line.push(spec.reclaim ?? {})
    return line
  }
  return new Map([...specs.keys()].map(name => [name, termsOf(upwards(name))]))
}

/** Each field as the first says it that says it. */
function termsOf(line: readonly Said[]): ReclaimTerms {
  const said = <Field extends keyof Said>(field: Field) => line.find(one => one[field] !== undefined)?.[field]
  const milliseconds = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1_000)
  const percent = said('marginPercent')
  return {
    mode: said('mode') ?? DEFAULT_TERMS.mode,
    noticeMs: {
      burst: milliseconds(said('noticeSeconds')) ?? DEFAULT_TERMS.noticeMs.burst,
      shared: milliseconds(said('sharedNoticeSeconds')) ?? DEFAULT_TERMS.noticeMs.shared,
    },
    minimumRunMs: milliseconds(said('minimumRunSeconds')) ?? DEFAULT_TERMS.minimumRunMs,
    claimMs: milliseconds(said('claimSeconds')) ?? DEFAULT_TERMS.claimMs,
    evictionsPerHour: said('evictionsPerHour') ?? DEFAULT_TERMS.evictionsPerHour,
    marginPerMille: percent === undefined ? DEFAULT_TERMS.marginPerMille : percent * 10,
    idleBelow: said('idleBelowPercent') ?? DEFAULT_TERMS.idleBelow,
  }
}

/** What hardly anybody means who lets plans be carried out. Told of the documents that say something of reclaim, not of those below. */
export function reclaimWarnings(
  cohorts: readonly CohortDocument[],
  terms: ReadonlyMap<string, ReclaimTerms>,
): readonly Issue[] {
  return cohorts.flatMap(({ metadata: { name }, spec }) => {
    const own = terms.get(name)
    if (spec.reclaim === undefined || own?.mode !== 'On') return []
    return oddities(own).map(({ field, ...odd }) => ({ ...cohortPlace(name, `reclaim.${field}`), ...odd }))
  })
}

interface Oddity extends Pick<Issue, 'problem' | 'remedy'> {
  readonly field: keyof Said
}

function oddities({ noticeMs, claimMs }: ReclaimTerms): readonly Oddity[] {
  const [burst, shared] = [noticeMs.burst / 1_000, noticeMs.shared / 1_000]
  const found: Oddity[] = []
  if (burst === 0) {
    const problem = 'burst pods are evicted as soon as they are told'
    found.push({ field: 'noticeSeconds', problem, remedy: 'give them the time that saving their work takes' })
  }
  if (shared < burst) {
    const problem = `shared pods have ${shared} s of notice, less than the ${burst} s of burst pods`
    found.push({ field: 'sharedNoticeSeconds', problem, remedy: 'give them at least as much' })
  }
  if (claimMs === 0) {
    const problem = 'what is freed is held for nobody: the first who asks has it'
    found.push({ field: 'claimSeconds', problem, remedy: 'give owners the time to try again' })
  }
  if (claimMs > 0 && claimMs < MOST_ENDING_SECONDS * 1_000) {
    const problem = `what is freed is held for ${claimMs / 1_000} s, and evicted pods may take ten minutes to end`
    found.push({ field: 'claimSeconds', problem, remedy: `hold it for at least ${MOST_ENDING_SECONDS}` })
  }
  return found
}
