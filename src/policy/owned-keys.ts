/** What Sluice itself writes on pods. Policies read it and never set it. */

/** The label by which a pod is charged. */
export const TIER_LABEL = 'sluice.dev/tier'

/** The annotation that says which policy set what. */
export const INJECTED_ANNOTATION = 'sluice.dev/injected'

/** The annotations of a pod that will have to go: from when on (RFC 3339), and for which need. */
export const DEADLINE_ANNOTATION = 'sluice.dev/reclaim-deadline'
export const NEED_ANNOTATION = 'sluice.dev/reclaim-need'

/** The annotation of a pod that was moved to a better tier: the one it came from. */
export const FORMER_TIER_ANNOTATION = 'sluice.dev/former-tier'

/** The annotation by which a workload says when it last saved its work (RFC 3339): of those that may go, who loses least goes first. */
export const CHECKPOINT_ANNOTATION = 'sluice.dev/last-checkpoint'
