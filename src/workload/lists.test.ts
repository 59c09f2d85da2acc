import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonValue } from '../schema/parts.ts'
import { textAt } from './json.ts'
import { flattenLists } from './lists.ts'

function names(documents: readonly JsonValue[]): readonly string[] {
  return flattenLists(documents).map(
    item => `${textAt(item, 'apiVersion')} ${textAt(item, 'kind')} ${textAt(item, 'metadata', 'name')}`,
  )
}

const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' } }

test('lists are opened in order, within one another too', () => {
  const inner = { apiVersion: 'v1', kind: 'List', items: [pod, { ...pod, kind: 'Service' }] }
  assert.deepEqual(names([pod, { apiVersion: 'v1', kind: 'List', items: [inner, pod] }]), [
    'v1 Pod p',
    'v1 Pod p',
    'v1 Service p',
    'v1 Pod p',
  ])
})

test('the items of a typed list are of its type', () => {
  const list = { apiVersion: 'apps/v1', kind: 'DeploymentList', items: [{ metadata: { name: 'd' } }] }
  assert.deepEqual(names([list]), ['apps/v1 Deployment d'])
})

test('a kind that merely ends like a list is itself', () => {
  assert.deepEqual(names([{ apiVersion: 'x/v1', kind: 'AllowList', metadata: { name: 'a' } }]), ['x/v1 AllowList a'])
})

test('empty documents and junk are left out', () => {
  assert.deepEqual(names([null, 7, 'text', [pod], { apiVersion: 'v1', kind: 'List', items: [null, 3] }]), [])
})

test('a list that contains itself ends', () => {
  const items: JsonValue[] = []
  const list = { apiVersion: 'v1', kind: 'List', items }
  items.push(list, pod)
  assert.ok(flattenLists([list]).length < 20)
})
