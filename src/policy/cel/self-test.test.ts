import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Environment } from '@marcbachmann/cel-js'
import type { Node } from './internals.ts'
import { assertCelInternals } from './self-test.ts'

const Ast: object = Object.getPrototypeOf(new Environment().parse('1').ast as unknown as Node)

/** Runs the check with one member of the package's syntax tree taken away, as another version might. */
function without(member: string, check: () => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(Ast, member)
  assert.ok(descriptor, member)
  Reflect.deleteProperty(Ast, member)
  try {
    check()
  } finally {
    Object.defineProperty(Ast, member, descriptor)
  }
}

test('the installed package is the one this folder was written against', () => {
  assertCelInternals()
})

test('another package is refused at start, with the version that is needed', () => {
  for (const member of ['setMeta', 'meta', 'clone']) {
    without(member, () =>
      assert.throws(assertCelInternals, /Sluice needs exactly|is not @marcbachmann\/cel-js 8\.0\.0/),
    )
  }
  assertCelInternals()
})
