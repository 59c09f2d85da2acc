import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Count, countAt, exactly, least, lessOne, most, product, quotient, sum, UNTOLD } from './counts.ts'

const open: Count = { value: undefined, issues: [{ at: 'spec.replicas', problem: 'open' }] }

test('counts add and multiply, and what is open stays open with its reason', () => {
  const cases: readonly { readonly name: string; readonly got: Count; readonly want: number | undefined }[] = [
    { name: 'sum', got: sum(exactly(2), exactly(3)), want: 5 },
    { name: 'no summands', got: sum(), want: 0 },
    { name: 'product', got: product(exactly(2), exactly(3)), want: 6 },
    { name: 'a product past 32 bits is cut', got: product(exactly(2 ** 31 - 1), exactly(4)), want: 2 ** 31 - 1 },
    { name: 'least', got: least(exactly(4), exactly(2), exactly(3)), want: 2 },
    { name: 'most', got: most(exactly(4), exactly(2), exactly(9)), want: 9 },
    { name: 'a group without its leader', got: lessOne(exactly(4)), want: 3 },
    { name: 'no group', got: lessOne(exactly(0)), want: 0 },
    { name: 'ranks per pod', got: quotient(exactly(16), exactly(8)), want: 2 },
    { name: 'ranks per pod, at least one', got: quotient(exactly(4), exactly(8)), want: 1 },
    { name: 'division by zero', got: quotient(exactly(4), exactly(0)), want: 4 },
    { name: 'open', got: sum(exactly(1), open), want: undefined },
    { name: 'untold', got: product(UNTOLD, exactly(1)), want: undefined },
  ]
  for (const { name, got, want } of cases) assert.equal(got.value, want, name)
  assert.deepEqual(sum(exactly(1), open, open).issues, [...open.issues, ...open.issues])
  assert.deepEqual(product(UNTOLD, exactly(1)).issues, [])
})

test('an absent or null field has the default of the API', () => {
  assert.equal(countAt({}, ['spec', 'replicas'], exactly(1)).value, 1)
  assert.equal(countAt({ spec: { replicas: null } }, ['spec', 'replicas'], exactly(1)).value, 1)
  assert.equal(countAt({ spec: { replicas: 0 } }, ['spec', 'replicas'], exactly(1)).value, 0)
})
