import type { GpuPolicyDocument } from '../schema/documents.ts'
import type { InjectSpec } from '../schema/inject.ts'
import type { Issue } from '../schema/parsed.ts'
import { isLabelValue, isSize } from './inject/values.ts'
import { INJECTED_ANNOTATION, TIER_LABEL } from './owned-keys.ts'
import { requirementIssues } from './selector.ts'

/*
 * What a schema cannot say of an inject block. Each of these would do nothing, or would make the API server refuse every pod that the
 * policy is about: it runs after us, and what it refuses fails the create whatever the failurePolicy says.
 */

export function injectIssues({ metadata, spec: { inject = {} } }: GpuPolicyDocument): readonly Issue[] {
  const at = `GpuPolicy ${metadata.name}: spec.inject`
  return [
    ...each(inject.tolerations, `${at}.tolerations`, tolerationIssues),
    ...each(inject.env, `${at}.env`, valueIssues),
    ...each(inject.annotations, `${at}.annotations`, keyedIssues),
    ...each(inject.labels, `${at}.labels`, labelIssues),
    ...each(inject.nodeSelector, `${at}.nodeSelector`, labelIssues),
    ...each(inject.devices, `${at}.devices`, (device, place) => oneOf({ ...device }, ['count', 'expression'], place)),
    ...each(inject.deviceClaims, `${at}.deviceClaims`, claimIssues),
    ...(inject.sharedMemory === undefined ? [] : sizeIssues(inject.sharedMemory, `${at}.sharedMemory`)),
    ...requirementIssues(inject.affinity?.nodes, `${at}.affinity.nodes`),
  ]
}

type Entry<Block extends keyof InjectSpec> =
  NonNullable<InjectSpec[Block]> extends readonly (infer Item)[] ? Item : never

function each<Item>(
  items: readonly Item[] | undefined,
  at: string,
  issuesOf: (item: Item, at: string) => readonly Issue[],
): readonly Issue[] {
  return (items ?? []).flatMap((item, index) => issuesOf(item, `${at}[${index}]`))
}

/** Exactly one of some fields says what is meant: none does nothing, and of two one would be passed over. */
function oneOf(entry: Readonly<Record<string, unknown>>, fields: readonly string[], at: string): readonly Issue[] {
  const given = fields.filter(field => entry[field] !== undefined)
  if (given.length === 1) return []
  const problem = given.length === 0 ? `gives none of ${fields.join(', ')}` : `gives ${given.join(' and ')}`
  return [{ at, problem, remedy: `give one of ${fields.join(', ')}` }]
}

function tolerationIssues(entry: Entry<'tolerations'>, at: string): readonly Issue[] {
  const { classTaints, key, operator, value, effect } = entry
  if (classTaints === true) {
    const isAlone = [key, operator, value, effect].every(field => field === undefined)
    return isAlone
      ? []
      : [{ at, problem: 'classTaints stands in the place of the other fields', remedy: 'remove them' }]
  }
  if (key === undefined) {
    const problem =
      'a toleration without a key tolerates every taint, of nodes that are not ready or about to go as well'
    return [{ at, problem, remedy: 'name the key, or set classTaints' }]
  }
  if (operator === 'Exists' && value !== undefined)
    return [{ at, problem: 'Exists takes no value', remedy: 'remove the value, or use Equal' }]
  return []
}

function valueIssues(entry: { readonly value?: string; readonly expression?: string }, at: string): readonly Issue[] {
  return oneOf({ ...entry }, ['value', 'expression'], at)
}

type KeyedEntry = Entry<'labels'>

function keyedIssues(entry: KeyedEntry, at: string): readonly Issue[] {
  const isOwned = entry.key === TIER_LABEL || entry.key === INJECTED_ANNOTATION
  const owned = { at, problem: `${entry.key} is set by the admission itself`, remedy: 'use another key' }
  return [...(isOwned ? [owned] : []), ...valueIssues(entry, at)]
}

function labelIssues(entry: KeyedEntry, at: string): readonly Issue[] {
  const isFit = entry.value === undefined || isLabelValue(entry.value)
  const unfit = {
    at,
    problem: `${JSON.stringify(entry.value)} cannot be the value of a label`,
    remedy: 'use at most 63 letters, digits, and - _ . between them',
  }
  return [...keyedIssues(entry, at), ...(isFit ? [] : [unfit])]
}

// The name of a claim in a pod is a DNS label of 63; the second and third of a pod get a number behind it.
const MAX_CLAIM_NAME_LENGTH = 59

function claimIssues(entry: Entry<'deviceClaims'>, at: string): readonly Issue[] {
  const isFit = entry.name.length <= MAX_CLAIM_NAME_LENGTH && !entry.name.includes('.')
  const unfit = {
    at,
    problem: `${JSON.stringify(entry.name)} cannot name a claim in a pod`,
    remedy: `use at most ${MAX_CLAIM_NAME_LENGTH} letters, digits and -`,
  }
  return [...oneOf({ ...entry }, ['resourceClaimTemplateName', 'resourceClaimName'], at), ...(isFit ? [] : [unfit])]
}

function sizeIssues(entry: NonNullable<InjectSpec['sharedMemory']>, at: string): readonly Issue[] {
  const isFit = entry.sizeLimit === undefined || isSize(entry.sizeLimit)
  const unfit = {
    at,
    problem: `${JSON.stringify(entry.sizeLimit)} is no size`,
    remedy: 'write a quantity such as 16Gi',
  }
  return [...oneOf({ ...entry }, ['sizeLimit', 'expression'], at), ...(isFit ? [] : [unfit])]
}
