import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { distinctNames } from './names.ts'

function named(...names: readonly string[]): readonly string[] {
  return [...distinctNames(new Map(names.map((name, index) => [String(index), name]))).values()]
}

test('a valid name is kept, and one that is made of another never takes it', () => {
  const cases: readonly {
    readonly name: string
    readonly names: readonly string[]
    readonly want: readonly string[]
  }[] = [
    { name: 'valid', names: ['a', 'team-a.gpu'], want: ['a', 'team-a.gpu'] },
    { name: 'made valid', names: ['Team A', '_x_', 'a..b'], want: ['x', 'a.b', 'team-a'].toSorted() },
    { name: 'the valid one first', names: ['team_a', 'team-a'], want: ['team-a', 'team-a-2'] },
    { name: 'all alike', names: ['A', 'a', 'a '], want: ['a', 'a-2', 'a-3'] },
    { name: 'nothing left', names: ['', '---', '\u0430'], want: ['unnamed', 'unnamed-2', 'unnamed-3'] },
  ]
  for (const { name, names, want } of cases) assert.deepEqual(named(...names).toSorted(), want.toSorted(), name)
  assert.deepEqual(
    [
      ...distinctNames(
        new Map([
          ['first', 'team_a'],
          ['second', 'team-a'],
        ]),
      ),
    ],
    [
      ['second', 'team-a'],
      ['first', 'team-a-2'],
    ],
  )
})

test('names are valid and no two are alike, whatever was wanted', () => {
  const text = fc.oneof(fc.string({ maxLength: 300 }), fc.constantFrom('a', 'A', 'a-2', 'a_2', 'a.b', 'x'.repeat(300)))
  fc.assert(
    fc.property(fc.array(text, { maxLength: 12 }), names => {
      const given = named(...names)
      assert.equal(new Set(given).size, names.length)
      for (const name of given) {
        assert.match(name, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/)
        assert.ok(name.length <= 253)
      }
    }),
  )
})
