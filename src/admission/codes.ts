import type { Limit } from '../quota/limits.ts'

/**
 * Every code that Sluice answers with, in one table. Codes are stable: tenants script against them, and each has its place on
 * the generated reference page. Codes of policies (SLU-P…) stand in the policies themselves, but for those that the engine gives.
 */
export interface CodeEntry {
  readonly title: string
  /** What happened, for someone who has just met it. */
  readonly meaning: string
  /** What the one who met it can do. */
  readonly remedy: string
}

export const CODES = {
  'SLU-E101': {
    title: 'the pod cannot be read',
    meaning: 'A field of the pod does not have the type that Kubernetes gives it.',
    remedy: 'Correct the field that the message names.',
  },
  'SLU-E102': {
    title: 'a quantity is wrong',
    meaning: 'An amount of an accelerator is not a quantity, is negative, or is not a whole number of devices.',
    remedy: 'Write a whole number, such as `nvidia.com/gpu: 8`.',
  },
  'SLU-E110': {
    title: 'a DRA claim cannot be counted',
    meaning: 'The claim asks for all devices, or for administrative access outside a namespace that allows it.',
    remedy: 'Ask for a number of devices with `allocationMode: ExactCount`.',
  },
  'SLU-E111': {
    title: 'a DRA claim or template does not exist yet',
    meaning:
      'The pod refers to a ResourceClaim or ResourceClaimTemplate that is not there, so its devices cannot be counted.',
    remedy: 'Create it, then create the pod again. Controllers try again by themselves.',
  },
  'SLU-E120': {
    title: 'the tier of a pod is fixed',
    meaning: 'An update changes the label sluice.dev/tier, by which the pod is charged.',
    remedy: 'Delete the pod and create it with the other tier.',
  },
  'SLU-E121': {
    title: 'an unknown tier',
    meaning: 'The label sluice.dev/tier has a value that is no tier.',
    remedy: 'Use reserved, shared or burst, or leave the label out.',
  },
  'SLU-E122': {
    title: 'a notice is fixed',
    meaning:
      'An update changes an annotation by which Sluice tells a pod that it will be evicted: sluice.dev/reclaim-deadline or sluice.dev/reclaim-need.',
    remedy: 'Leave both as they are. Save the work before the deadline; Sluice takes them off when the pod may stay.',
  },
  'SLU-E201': {
    title: 'a document cannot be read',
    meaning: 'A field of a sluice.dev object is not of the schema: unknown, of another type, or out of its bounds.',
    remedy: 'Correct the fields that the message names; docs/reference/api.md has all of them.',
  },
  'SLU-E202': {
    title: 'a document does not fit',
    meaning:
      'An expression does not compile, a document names another one that is not there, or it contradicts one: a cycle of cohorts, a namespace of two tenants, two policies that set one key differently. Only what the change causes is refused.',
    remedy: 'Follow the message: it has the field and, in an expression, the line and column.',
  },
  'SLU-E210': {
    title: 'a document is in use',
    meaning: 'A sluice.dev object is to be deleted that others name.',
    remedy: 'Change or delete those that the message lists, then delete it.',
  },
  'SLU-E220': {
    title: 'a ledger belongs to Sluice',
    meaning: 'Somebody else than Sluice writes or deletes a QuotaLedger, on which every admission is decided.',
    remedy:
      'Change quotas or delete pods instead. In an emergency put the reason into the annotation `sluice.dev/break-glass` of the ledger; the group system:masters is let through.',
  },
  'SLU-P100': {
    title: 'refused by a policy',
    meaning: 'A rule of the platform team does not hold for the pod. The message is theirs.',
    remedy: 'Follow the message, or ask the platform team.',
  },
  'SLU-P101': {
    title: 'a policy could not be evaluated',
    meaning:
      'An expression failed or grew too costly on this pod. An enforced policy that cannot be evaluated refuses.',
    remedy: 'Tell the platform team which policy it was; the message names it.',
  },
  'SLU-Q201': {
    title: 'quota exceeded',
    meaning: 'The pod would take its tenant past a limit: its own, its cohort’s, or what is idle now.',
    remedy: 'Ask for no more than the size that the message says fits, free some, or wait.',
  },
  'SLU-Q202': {
    title: 'larger than the quota can ever be',
    meaning: 'The pod asks for more than its tenant could have with everything idle. Waiting does not help.',
    remedy: 'Ask for less, or ask the platform team for a larger quota.',
  },
  'SLU-Q210': {
    title: 'no quota for the class',
    meaning: 'The tenant has no quota for this class of accelerator.',
    remedy: 'Use a class that the message lists, or ask the platform team.',
  },
  'SLU-Q211': {
    title: 'the namespace belongs to no tenant',
    meaning: 'Pods with accelerators are admitted only in namespaces that a TenantQuota names.',
    remedy: 'Use a namespace of your tenant, or ask the platform team to add this one.',
  },
  'SLU-Q220': {
    title: 'larger than a single pod may be',
    meaning: 'The pod asks for more than its tenant allows for one pod.',
    remedy: 'Spread the work over more pods.',
  },
  'SLU-Q221': {
    title: 'smaller than a single pod may be',
    meaning: 'The pod asks for less than its tenant allows for one pod, which would leave a node in pieces.',
    remedy: 'Ask for at least the minimum, or use a class that is divided into smaller parts.',
  },
  'SLU-Q230': {
    title: 'busy, try again',
    meaning: 'The decision could not be booked before the API server’s deadline. Nothing was charged.',
    remedy: 'Try again. Controllers do so by themselves.',
  },
  'SLU-Q231': {
    title: 'the ledger is full, try again',
    meaning:
      'So many pods were admitted lately that the leader has not counted them yet, and the ledger has no room for more. Nothing was charged.',
    remedy: 'Try again. If it stays, the controller of Sluice does not run: tell the platform team.',
  },
  'SLU-S500': {
    title: 'an error inside Sluice',
    meaning: 'The decision failed for a reason of our own. Nothing was charged.',
    remedy: 'Try again, and tell the platform team if it stays.',
  },
  'SLU-S510': {
    title: 'not mutated, try again',
    meaning:
      'The pod asks for accelerators and has not been given what the policies give, because the mutating webhook did not answer in time. Nothing was charged.',
    remedy: 'Try again. Controllers do so by themselves. If it stays, tell the platform team.',
  },
} as const satisfies Readonly<Record<`SLU-${'E' | 'P' | 'Q' | 'S'}${number}`, CodeEntry>>

/** Whether the same pod would be admitted if others gave something back. */
export function lacksCapacity(code: string): boolean {
  return code === ('SLU-Q201' satisfies keyof typeof CODES)
}

const RETRYABLE: ReadonlySet<string> = new Set<keyof typeof CODES>(['SLU-Q201', 'SLU-Q230', 'SLU-Q231'])

/** Whether the same pod may be admitted once there is room, or time: nobody has to change anything. */
export function isRetryable(code: string): boolean {
  return RETRYABLE.has(code)
}

/**
 * The limits that an explanation names, by the word it uses for each (`code` in JSON). Stable as codes are.
 */
export const LIMITS: Readonly<Record<Limit['kind'], CodeEntry>> = {
  reserved: {
    title: 'the size of the reservation',
    meaning: '`reserved` of the TenantQuota. Reserved capacity is the tenant’s own and cannot be borrowed into.',
    remedy: 'Wait for the tenant’s own pods, use another tier, or ask for a larger reservation.',
  },
  'shared-max': {
    title: 'the tenant’s part of the shared pool',
    meaning: '`shared.max` of the TenantQuota.',
    remedy: 'Wait for the tenant’s own pods in the shared tier, or use burst.',
  },
  'shared-pool': {
    title: 'the shared pool',
    meaning: '`shared` of the Cohort, used up by all its tenants together.',
    remedy: 'Wait until somebody in the cohort gives some back, or use burst.',
  },
  'burst-limit': {
    title: 'the tenant’s borrowing limit',
    meaning: '`burst.borrowingLimit` of the TenantQuota.',
    remedy: 'Free some burst of the tenant, or ask for a higher limit.',
  },
  'borrowing-limit': {
    title: 'the borrowing limit of a cohort',
    meaning:
      '`borrowingLimit` of the tenant’s Cohort or of one above it: its tenants together have borrowed as much as it may.',
    remedy: 'Wait until somebody in that cohort gives some back, or ask for a higher limit.',
  },
  'lending-limit': {
    title: 'somebody else’s lending limit',
    meaning:
      'All that may be borrowed is in use, and more stands idle with a tenant or cohort whose `lendingLimit` keeps it. What it keeps is said beside it.',
    remedy: 'Wait, or ask the platform team to have the owner lend more.',
  },
  'nothing-idle': {
    title: 'all there is',
    meaning: 'Nothing is idle in the whole tree of cohorts.',
    remedy: 'Wait until somebody gives some back, or use a class that is idle.',
  },
  cap: {
    title: 'the tenant’s cap',
    meaning: '`cap` of the TenantQuota: the most it may hold over all tiers, of a class or of all accelerators.',
    remedy: 'Free some of what the tenant holds in any tier, or ask for a higher cap.',
  },
}

export const CODES_URL = 'https://sluice.dev/codes'
