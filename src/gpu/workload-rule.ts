import type { Place } from './workload-places.ts'

/*
 * What a row of the rules may say.
 */

/** A text that must be there: any text, one of some, or a number that is at least so large. */
export interface Sign {
  readonly at: Place
  readonly is?: readonly string[]
  readonly min?: number
}

/** This word, or the text at a place; with `as` only the texts listed there count, and mean what stands beside them. */
export type WordSource = string | { readonly at: Place; readonly as?: ReadonlyMap<string, string> }

/** Where the number of pods of the gang stands. */
export type SizeSource =
  | { readonly count: Place }
  /** A number of processes, of which a pod runs as many as `perPod` says; one where it says nothing. */
  | { readonly processes: Place; readonly perPod: Place }
  /** YuniKorn's JSON list of task groups, each with its minMember. */
  | { readonly taskGroups: string }

/** An object that tells more of a gang than its pods do, by what the pods carry of its identity. */
export interface ObjectSource {
  readonly group: WordSource
  /** The first word that is found. */
  readonly kind: readonly WordSource[]
  readonly name: readonly Place[]
  /** Where the pods carry its UID, so that a namesake that came before or after is not taken for it. */
  readonly uid?: Place
}

export interface GangRule {
  /** Sets gangs apart that share a namespace and a name but not the controller. */
  readonly scope: string
  /** The first of these whose places all hold a text identifies the gang. */
  readonly id: readonly (readonly Place[])[]
  readonly size?: readonly SizeSource[]
  /** Labels that every member carries with one value; the first that is present serves affinity. */
  readonly labels?: readonly string[]
  /** Only a known size makes this a gang: by default these pods are independent replicas. */
  readonly onlySized?: true
}

export interface WorkloadRule {
  /** The row applies where all of these hold. */
  readonly when: readonly Sign[]
  readonly kind?: readonly WordSource[]
  readonly name?: readonly Place[]
  readonly role?: readonly WordSource[]
  /** `none`: these pods are known to be independent of one another. */
  readonly gang?: GangRule | 'none'
  /** Who knows how large the gang is, the best informed first. */
  readonly objects?: readonly ObjectSource[]
  /** What is known of every such pod where the size of a gang does not settle it. */
  readonly multiPod?: boolean
  /** Any of these proves that there are several pods which communicate. */
  readonly severalWhen?: readonly Sign[]
}
