/** Tables of plans: those that are sound, and those with one flaw each, with the words by which it is found. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIssue } from '../../schema/parsed.ts'
import type { Plan } from '../plan.ts'
import type { Snapshot } from '../snapshot.ts'
import { planIssues } from './plan-issues.ts'

export interface SoundPlan {
  readonly name: string
  readonly snapshot: Snapshot
  readonly plan: Plan
}

export interface FlawedPlan extends SoundPlan {
  readonly want: RegExp
}

export function accepts(plans: readonly SoundPlan[]): void {
  for (const { name, snapshot, plan } of plans) {
    test(`accepted: ${name}`, () => assert.deepEqual(planIssues(snapshot, plan).map(formatIssue), []))
  }
}

export function rejects(plans: readonly FlawedPlan[]): void {
  for (const { name, snapshot, plan, want } of plans) {
    test(`rejected: ${name}`, () => assert.match(planIssues(snapshot, plan).map(formatIssue).join('\n'), want))
  }
}
