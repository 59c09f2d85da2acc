/** The ways to run one cluster that a comparison puts side by side. */
export type Variant =
  /** Every tenant has its own and a fixed part of its cohort's burst pool: what is idle stays idle. */
  | 'no-borrowing'
  /** What is idle is lent, and comes back when whoever has it ends. */
  | 'no-reclaim'
  /** What is idle is lent, and taken back when it is needed. */
  | 'sluice'

export const VARIANTS: readonly Variant[] = ['no-borrowing', 'no-reclaim', 'sluice']
