import { planIssues } from '../../rebalance/check/plan-issues.ts'
import { planOf } from '../../rebalance/plan-of.ts'
import type { Rebalancer } from '../../simulate/world.ts'

export const REBALANCER: Rebalancer = { planOf, planIssues }
