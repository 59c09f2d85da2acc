import type { AcceleratorClassDocument } from '../schema/documents.ts'
import type { Issue } from '../schema/parsed.ts'
import { quoted } from './findings.ts'
import { computeSlices, isResourceProfile, migProfileOf } from './mig.ts'
import { isExtendedResource } from './resource-names.ts'

/** A place as issues name it: `AcceleratorClass h100: spec.resources[0]`. */
export function placeOf(document: AcceleratorClassDocument, path: string): string {
  return `AcceleratorClass ${document.metadata.name}: ${path}`
}

/** What is wrong with one class taken alone: above all, entries that no pod could ever reach. */
export function issuesOfClass(document: AcceleratorClassDocument): readonly Issue[] {
  return [
    ...purposeIssues(document),
    ...repetitionIssues(document),
    ...resourceIssues(document),
    ...migIssues(document),
    ...fractionIssues(document),
  ]
}

function purposeIssues(document: AcceleratorClassDocument): readonly Issue[] {
  const { resources = [], mig, deviceClasses = [] } = document.spec
  if (resources.length > 0 || mig !== undefined || deviceClasses.length > 0) return []
  return [
    {
      at: placeOf(document, 'spec'),
      problem: 'no pod can ask for this class',
      remedy: 'give it resources, mig profiles or deviceClasses',
    },
  ]
}

// What the schema keys by name it keeps single; profiles are a plain list.
function repetitionIssues(document: AcceleratorClassDocument): readonly Issue[] {
  return [...repeated(document.spec.mig?.profiles ?? [])].map(profile => ({
    at: placeOf(document, 'spec.mig.profiles'),
    problem: `${quoted(profile)} is listed twice`,
    remedy: 'keep one of the two',
  }))
}

function resourceIssues(document: AcceleratorClassDocument): readonly Issue[] {
  const profiles = new Set(document.spec.mig?.profiles)
  return (document.spec.resources ?? []).flatMap(({ name }, index) => {
    const at = placeOf(document, `spec.resources[${index}]`)
    if (!isExtendedResource(name)) {
      return [
        {
          at,
          problem: `${quoted(name)} is not an extended resource`,
          remedy: 'name it with its domain, as in `nvidia.com/gpu`',
        },
      ]
    }
    const profile = migProfileOf(name)
    if (profile === undefined || !profiles.has(profile)) return []
    return [
      {
        at,
        problem: `${quoted(name)} is a profile of spec.mig as well`,
        remedy: 'remove it from one of the two lists',
      },
    ]
  })
}

function migIssues(document: AcceleratorClassDocument): readonly Issue[] {
  const { mig } = document.spec
  return (mig?.profiles ?? []).flatMap((profile, index) => {
    const at = placeOf(document, `spec.mig.profiles[${index}]`)
    if (!isResourceProfile(profile)) {
      const remedy = 'write it as in `nvidia.com/mig-1g.10gb.me`: `1g.10gb.me`, with a dot for the plus sign'
      return [{ at, problem: `${quoted(profile)} can never be asked for by a resource name`, remedy }]
    }
    if ((computeSlices(profile) ?? 0) <= (mig?.slices ?? 0)) return []
    return [
      {
        at,
        problem: `${quoted(profile)} has more slices than the ${mig?.slices} of a GPU`,
        remedy: 'correct spec.mig.slices or the profile',
      },
    ]
  })
}

function fractionIssues(document: AcceleratorClassDocument): readonly Issue[] {
  const { fractions = [], resources = [] } = document.spec
  const counted = new Set(resources.map(({ name }) => name))
  return fractions.flatMap((fraction, index) => {
    const at = placeOf(document, `spec.fractions[${index}]`)
    const issues: Issue[] = []
    if (fraction.annotation === undefined && fraction.resource === undefined) {
      issues.push({ at, problem: 'no pod can ask for this part', remedy: 'name an annotation or a resource' })
    }
    if (fraction.annotation === undefined && fraction.devicesAnnotation !== undefined) {
      issues.push({ at, problem: 'devicesAnnotation is read only beside an annotation', remedy: 'remove it' })
    }
    if (counted.size === 0) {
      issues.push({ at, problem: 'a part of what is not said', remedy: 'list the whole device in spec.resources' })
    }
    if (fraction.resource !== undefined && counted.has(fraction.resource)) {
      const remedy = 'remove it from spec.resources: it says how much of a device a container takes'
      issues.push({ at, problem: `${quoted(fraction.resource)} is counted as a device as well`, remedy })
    }
    return issues
  })
}

export function repeated(keys: readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>()
  return new Set(keys.filter(key => seen.size === seen.add(key).size))
}
