/** One thing about an import that a person should know: of which object and field it is, and what it means for them. */
export interface Finding {
  /** `check`: a person has to decide; `changed`: it means something else in Sluice; `lost`: Sluice has nothing like it. */
  readonly kind: 'check' | 'changed' | 'lost'
  /** Where the object was read, such as `queues.yaml:12`; empty for what no file says. */
  readonly at: string
  /** For example `ClusterQueue research`. */
  readonly object: string
  /** For example `spec.preemption.withinClusterQueue: LowerPriority`; empty where the object as a whole is meant. */
  readonly field: string
  readonly meaning: string
}
