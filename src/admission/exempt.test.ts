import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestOf } from '../policy/testing.ts'
import { exemptNamespaces, isExempt, SYSTEM_NAMESPACES } from './exempt.ts'

test('namespaces of the system, our own and those that are named are exempt; the request’s counts, not the pod’s', () => {
  const exempt = exemptNamespaces(['mine'])
  for (const namespace of [...SYSTEM_NAMESPACES, 'mine'])
    assert.ok(isExempt(requestOf({}, namespace), exempt), namespace)
  assert.ok(!isExempt(requestOf({ metadata: { namespace: 'kube-system' } }, 'team-a'), exempt))
  const { namespace: _, ...without } = requestOf({}, 'x')
  assert.ok(!isExempt(without, exempt))
})
