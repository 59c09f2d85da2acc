import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../schema/parts.ts'
import { BREAK_GLASS, judgeLedger } from './ledger-guard.ts'
import type { ObjectReview } from './review-object.ts'

const SELF = 'system:serviceaccount:sluice-system:sluice'
const isSelf = ({ username }: { readonly username?: string }) => username === SELF

function review(username: string, annotations: JsonObject = {}, groups: readonly string[] = []): ObjectReview {
  const object = { apiVersion: 'sluice.dev/v1alpha1', kind: 'QuotaLedger', metadata: { name: 'lab', annotations } }
  const kind = { group: 'sluice.dev', version: 'v1alpha1', kind: 'QuotaLedger' }
  const resource = { group: 'sluice.dev', version: 'v1alpha1', resource: 'quotaledgers' }
  const request = { uid: 'u', kind, resource, operation: 'UPDATE', userInfo: { username, groups }, object } as const
  return { operation: 'UPDATE', request, name: 'lab', object, oldObject: object }
}

test('Sluice itself writes its ledgers', () => {
  assert.deepEqual(judgeLedger(review(SELF), isSelf), { denials: [], warnings: [] })
})

test('nobody else does, and is told what to do instead', () => {
  const { denials } = judgeLedger(review('admin'), isSelf)
  assert.deepEqual(
    denials.map(({ code, reason }) => [code, reason]),
    [['SLU-E220', 'Forbidden']],
  )
  assert.match(denials[0]?.fix ?? '', /sluice\.dev\/break-glass/)
})

test('a reason in the annotation lets anybody through, with a warning that repeats it', () => {
  const { denials, warnings } = judgeLedger(
    review('admin', { [BREAK_GLASS]: 'INC-7: restored\u001b[2J from backup' }),
    isSelf,
  )
  assert.deepEqual(denials, [])
  assert.match(
    warnings.join(),
    /let through by the annotation sluice\.dev\/break-glass: "INC-7: restored\?\[2J from backup"/,
  )
})

test('an annotation without a reason lets nobody through', () => {
  for (const reason of ['', '  ', 1, null]) {
    assert.equal(judgeLedger(review('admin', { [BREAK_GLASS]: reason }), isSelf).denials.length, 1)
  }
})

test('whoever is not bound by RBAC is not bound here', () => {
  const { denials, warnings } = judgeLedger(review('kubernetes-admin', {}, ['system:masters']), isSelf)
  assert.deepEqual([denials.length, warnings.length], [0, 1])
})

test('of a ledger that is deleted, the annotation counts that it had', () => {
  const { request, name } = review('admin')
  const oldObject = { metadata: { annotations: { [BREAK_GLASS]: 'INC-8' } } }
  assert.deepEqual(judgeLedger({ operation: 'DELETE', request, name, oldObject }, isSelf).denials, [])
  assert.equal(judgeLedger({ operation: 'DELETE', request, name, oldObject: undefined }, isSelf).denials.length, 1)
})
