import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TemplateReview } from '../admission/manifest-review.ts'
import { amount } from '../quantity/amount.ts'
import type { FileReview } from './review-files.ts'
import { reviewText } from './review-text.ts'

const PLAIN = { out: () => {}, err: () => {}, isColour: false }

function reviewOf(fields: Readonly<Record<string, unknown>>): TemplateReview {
  return {
    kind: 'Job',
    name: 'train',
    namespace: 'research',
    template: { podTemplate: 'spec.template.spec', createsPods: true },
    verdict: 'allowed',
    pods: { wanted: 1, admitted: 1 },
    tiers: new Map(),
    injections: [],
    warnings: [],
    denials: [],
    undecidable: [],
    ...fields,
  } as unknown as TemplateReview
}

function lines(...reviews: readonly TemplateReview[]): readonly string[] {
  const file: FileReview = { file: 'job.yaml', objects: [], reviews }
  return reviewText([file], PLAIN)
    .split('\n')
    .map(line => line.trim())
}

const DEMAND = { byClass: new Map([['h100', amount(8000n)]]) }
const PREFERENCES = ['zone', 'layer-2', 'layer-3'].map(what => ({ policy: 'near', what: `podAffinity ${what}` }))

describe('the text of a review', () => {
  test('what a policy gives of one kind is one line', () => {
    const injections = [{ policy: 'quota', what: 'tier reserved' }, ...PREFERENCES]
    assert.deepEqual(lines(reviewOf({ demand: DEMAND, tenant: 'research', tier: 'reserved', injections })), [
      'job.yaml',
      'Job research/train  spec.template.spec',
      'allowed  tenant research  tier reserved  h100=8',
      '+ tier reserved                (quota)',
      '+ podAffinity zone and 2 more  (near)',
    ])
  })

  test('what a gang needs together is said where its pods differ, or where it can do with fewer', () => {
    const gang = { id: 'research/Job/train', size: 2, label: undefined, objects: [] }
    const needs = (gpus: bigint) => ({ id: gang.id, size: 2, demand: new Map([['h100', amount(gpus)]]) })
    const said = (fields: Readonly<Record<string, unknown>>) => lines(reviewOf({ demand: DEMAND, gang, ...fields }))[2]
    assert.equal(said({ wholeGang: needs(16_000n) }), 'allowed  h100=8  gang of 2')
    assert.equal(said({ wholeGang: needs(9_000n) }), 'allowed  h100=8  gang of 2  needs h100=9 together')
    assert.equal(said({ wholeGang: undefined }), 'allowed  h100=8  gang of 2')
  })

  test('of a refused pod neither the tier that was tried nor what it would have been given is shown', () => {
    const denials = [{ code: 'SLU-Q201', reason: 'Forbidden', message: 'exceeded quota: research/burst', fix: 'wait' }]
    const fields = {
      verdict: 'denied',
      demand: DEMAND,
      tenant: 'research',
      tier: 'burst',
      injections: PREFERENCES,
      denials,
    }
    assert.deepEqual(lines(reviewOf(fields)).slice(2), [
      'denied  tenant research  h100=8',
      '[SLU-Q201] exceeded quota: research/burst',
      'fix: wait',
      'more: https://sluice.dev/codes/SLU-Q201',
    ])
  })

  test('pods that land in different tiers are counted by tier', () => {
    const tiers = new Map([
      ['reserved', 4],
      ['burst', 2],
    ])
    const fields = { demand: DEMAND, tenant: 'research', tier: 'reserved', tiers, pods: { wanted: 6, admitted: 6 } }
    assert.equal(lines(reviewOf(fields))[2], 'allowed  tenant research  tiers 4 reserved, 2 burst  h100=8  6 pods')
  })

  test('why nothing is done is said', () => {
    assert.equal(lines(reviewOf({ verdict: 'not-gpu' }))[2], 'not-gpu  asks for no accelerator, left as it is')
    assert.equal(lines(reviewOf({ verdict: 'exempt' }))[2], 'exempt  namespace research is left alone')
    const template = { podTemplate: 'spec.template.spec', createsPods: false }
    assert.equal(
      lines(reviewOf({ demand: DEMAND, template }))[2],
      'allowed  h100=8  a blueprint, of which others make pods',
    )
  })

  test('several templates are summed up', () => {
    const reviews = [reviewOf({}), reviewOf({ verdict: 'not-gpu' }), reviewOf({})]
    assert.equal(lines(...reviews).at(-1), '3 pod templates: 2 allowed, 1 not-gpu')
  })

  test('a file without pod templates says what it holds', () => {
    const value = { apiVersion: 'karpenter.sh/v1', kind: 'NodePool' }
    const file: FileReview = { file: 'pool.yaml', objects: [{ at: 'pool.yaml:1', value }], reviews: [] }
    assert.match(reviewText([file], PLAIN), /^pool\.yaml\n {2}no pod template in NodePool; pods are judged when/)
  })

  test('names do not command the terminal', () => {
    const wipe = '\u001b[2J'
    const template = { podTemplate: `spec.[${wipe}]`, createsPods: true }
    const text = lines(reviewOf({ kind: `Job${wipe}`, name: wipe, namespace: wipe, template })).join('\n')
    assert.ok(!text.includes('\u001b'))
  })
})
