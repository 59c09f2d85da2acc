import type { GpuPolicyDocument } from '../schema/documents.ts'
import type { PolicyValidation } from '../schema/gpu-policy.ts'
import { blamedOn, failed, type Issue, type Parsed, parsed } from '../schema/parsed.ts'
import { MODES, type Mode } from '../schema/parts.ts'
import { conflicts } from './conflicts.ts'
import { finishInjection, injectPolicy, type OpenPolicy } from './inject/inject-policy.ts'
import type { Surroundings } from './inject/target.ts'
import { injectIssues } from './inject-issues.ts'
import { injectedSelectors } from './injected-selectors.ts'
import { matches, mismatchOf } from './match.ts'
import type { PatchWriter } from './patch.ts'
import { type Activation, activationOf, compileProgram, type Evaluation, type PolicyProgram } from './program.ts'
import { type Reach, reachOf } from './reach.ts'
import { selectorIssues } from './selector.ts'
import type { Subject } from './subject.ts'

/** One rule that a pod breaks. */
export interface Finding {
  readonly policy: string
  readonly code: string
  readonly mode: Mode
  readonly reason: 'Invalid' | 'Forbidden'
  readonly field?: string
  readonly message: string
  readonly fix?: string
}

/** One thing that a policy gave a pod: `toleration nvidia.com/gpu`. */
export interface Injection {
  readonly policy: string
  readonly what: string
}

/** An expression of a policy that failed. The text names fields and functions, never what an object holds. */
export interface PolicyProblem {
  readonly policy: string
  readonly problem: string
}

/** Whether a policy is about a pod, and if not, what did not hold. */
interface PolicyMatchReport {
  readonly policy: string
  readonly isMatch: boolean
  readonly because: string
}

/** Starts the time of one policy, and tells when it is up. */
type StartTimer = () => () => boolean

/** The policies of a cluster, compiled; they are asked together. */
export interface PolicySet {
  readonly names: readonly string[]
  /** The codes that their rules give. */
  readonly codes: readonly string[]
  /** The pods without accelerators that they may be about. */
  readonly reach: Reach
  inject(
    subject: Subject,
    patch: PatchWriter,
    surroundings: Surroundings,
    startTimer?: StartTimer,
  ): { readonly injections: readonly Injection[]; readonly problems: readonly PolicyProblem[] }
  validate(
    subject: Subject,
    startTimer?: StartTimer,
  ): { readonly findings: readonly Finding[]; readonly problems: readonly PolicyProblem[] }
  /** For those who want to know why a policy did or did not speak. */
  explain(subject: Subject): readonly PolicyMatchReport[]
}

interface Policy {
  readonly document: GpuPolicyDocument
  readonly name: string
  readonly program: PolicyProgram
}

const NO_TIMER: StartTimer = () => () => false

/** Compiles the policies, or says what is wrong with any of them. `profiles` are the names of the FabricProfiles there are. */
export function compilePolicies(
  documents: readonly GpuPolicyDocument[],
  profiles: ReadonlySet<string>,
): Parsed<PolicySet> {
  const active = documents
    .filter(document => document.spec.suspend !== true)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const programs = active.map(document => ({ document, program: compileProgram(document) }))
  const issues: Issue[] = [
    ...programs.flatMap(({ document, program }) => (program.ok ? [] : blamedOn([document], program.issues))),
    ...active.flatMap(document => blamedOn([document], matchIssues(document))),
    ...active.flatMap(document => blamedOn([document], injectIssues(document))),
    ...active.flatMap(document => blamedOn([document], missingProfile(document, profiles))),
    ...conflicts(active),
    ...injectedSelectors(active),
  ]
  if (issues.length > 0) return failed(...issues)
  const policies = programs.flatMap(({ document, program }) =>
    program.ok ? [{ document, name: document.metadata.name, program: program.value }] : [],
  )
  return parsed(policySet(policies))
}

function matchIssues({ metadata, spec: { match, exceptions = [] } }: GpuPolicyDocument): readonly Issue[] {
  const at = `GpuPolicy ${metadata.name}: spec`
  return [
    ...selectorIssues(match?.objectSelector, `${at}.match.objectSelector`),
    ...selectorIssues(match?.namespaceSelector, `${at}.match.namespaceSelector`),
    ...exceptions.flatMap(({ objectSelector }, index) =>
      selectorIssues(objectSelector, `${at}.exceptions[${index}].objectSelector`),
    ),
  ]
}

function missingProfile(document: GpuPolicyDocument, profiles: ReadonlySet<string>): readonly Issue[] {
  const profile = document.spec.inject?.fabric?.profile
  if (profile === undefined || profiles.has(profile)) return []
  return [
    {
      at: `GpuPolicy ${document.metadata.name}: spec.inject.fabric.profile`,
      problem: `no FabricProfile is named ${JSON.stringify(profile)}`,
      remedy: profiles.size === 0 ? 'define it' : `define it, or use one of ${[...profiles].toSorted().join(', ')}`,
    },
  ]
}

function policySet(policies: readonly Policy[]): PolicySet {
  const injecting = policies.filter(policy => policy.document.spec.inject !== undefined)
  const validating = policies.filter(policy => policy.document.spec.validate !== undefined)
  return {
    names: policies.map(policy => policy.name),
    codes: [
      ...new Set(policies.flatMap(({ document }) => document.spec.validate?.flatMap(rule => rule.code ?? []) ?? [])),
    ],
    reach: reachOf(policies.map(({ document }) => document)),

    inject(subject, patch, surroundings, startTimer = NO_TIMER) {
      const injections: Injection[] = []
      const problems: PolicyProblem[] = []
      const open: OpenPolicy[] = []
      for (const { policy, evaluation } of speaking(injecting, subject, startTimer)) {
        const conditions = evaluation.conditions()
        if (conditions.kind === 'failed') problems.push({ policy: policy.name, problem: conditions.problem })
        if (conditions.kind === 'holds') {
          const place = { subject, patch, surroundings, evaluation }
          open.push(...injectPolicy(policy.document, place, { injections, problems }))
        }
      }
      finishInjection(open)
      return { injections, problems }
    },

    validate(subject, startTimer = NO_TIMER) {
      const findings: Finding[] = []
      const problems: PolicyProblem[] = []
      for (const { policy, evaluation } of speaking(validating, subject, startTimer)) {
        judge(policy, evaluation, findings, problems)
      }
      return { findings, problems }
    },

    explain: subject => {
      const activation = activationOf(subject)
      return policies.map(policy => reportOf(policy, subject, activation))
    },
  }
}

/** Those whose fields match, each with an evaluation of its own. The view of the pod is made once, when first needed. */
function* speaking(policies: readonly Policy[], subject: Subject, startTimer: StartTimer) {
  let activation: Activation | undefined
  for (const policy of policies) {
    if (!matches(policy.document.spec, subject)) continue
    activation ??= activationOf(subject)
    yield { policy, evaluation: policy.program.open(activation, startTimer()) }
  }
}

function judge(policy: Policy, evaluation: Evaluation, findings: Finding[], problems: PolicyProblem[]): void {
  const conditions = evaluation.conditions()
  if (conditions.kind === 'fails') return
  if (conditions.kind === 'failed') {
    problems.push({ policy: policy.name, problem: conditions.problem })
    findings.push(unevaluated(policy, strictestOf(policy)))
    return
  }
  for (const [index, rule] of (policy.document.spec.validate ?? []).entries()) {
    const verdict = evaluation.rule(index)
    if (!verdict.ok) {
      problems.push({ policy: policy.name, problem: verdict.problem })
      findings.push(unevaluated(policy, modeOf(policy, rule)))
    } else if (!verdict.value) {
      findings.push(findingOf(policy, rule, messageOf(policy, rule, index, evaluation, problems)))
    }
  }
}

function messageOf(
  policy: Policy,
  rule: PolicyValidation,
  index: number,
  evaluation: Evaluation,
  problems: PolicyProblem[],
): string {
  const computed = evaluation.message(index)
  if (computed?.ok === true && computed.value.trim() !== '') return computed.value
  if (computed?.ok === false) problems.push({ policy: policy.name, problem: computed.problem })
  return rule.message ?? `failed rule: ${rule.expression}`
}

function findingOf(policy: Policy, rule: PolicyValidation, message: string): Finding {
  return {
    policy: policy.name,
    code: rule.code ?? 'SLU-P100',
    mode: modeOf(policy, rule),
    reason: rule.reason ?? 'Invalid',
    ...(rule.field === undefined ? {} : { field: rule.field }),
    message,
    ...(rule.fix === undefined ? {} : { fix: rule.fix }),
  }
}

// A rule that cannot be evaluated has not been kept: to admit would let whoever can break the expression pass.
function unevaluated({ name }: Policy, mode: Mode): Finding {
  return {
    policy: name,
    code: 'SLU-P101',
    mode,
    reason: 'Forbidden',
    message: `policy ${name} could not be evaluated`,
    fix: 'tell the platform team; the log of Sluice says which expression failed',
  }
}

function modeOf({ document }: Policy, rule: PolicyValidation): Mode {
  return rule.mode ?? document.spec.mode ?? 'Enforce'
}

/** What the worst violation of the policy would do: without its conditions it is not known which there are. */
function strictestOf(policy: Policy): Mode {
  const modes = (policy.document.spec.validate ?? []).map(rule => modeOf(policy, rule))
  return MODES.find(mode => modes.includes(mode)) ?? 'Enforce'
}

function reportOf(policy: Policy, subject: Subject, activation: Activation): PolicyMatchReport {
  const report = { policy: policy.name }
  const mismatch = mismatchOf(policy.document.spec, subject)
  if (mismatch !== undefined) {
    const because = mismatch === 'exceptions' ? 'an exception covers the pod' : `${mismatch} does not hold`
    return { ...report, isMatch: false, because }
  }
  const conditions = policy.program.open(activation, NO_TIMER()).conditions()
  switch (conditions.kind) {
    case 'holds':
      return { ...report, isMatch: true, because: 'match and conditions hold' }
    case 'fails':
      return { ...report, isMatch: false, because: `condition ${conditions.name} is false` }
    case 'failed':
      return { ...report, isMatch: false, because: `a condition could not be evaluated: ${conditions.problem}` }
  }
}
