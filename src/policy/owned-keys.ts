/** What the admission itself writes on pods. Policies read it and never set it. */

/** The label by which a pod is charged. */
export const TIER_LABEL = 'sluice.dev/tier'

/** The annotation that says which policy set what. */
export const INJECTED_ANNOTATION = 'sluice.dev/injected'
