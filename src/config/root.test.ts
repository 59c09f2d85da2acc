import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { packageRoot, shippedLibrary } from './root.ts'
import { VERSION } from './version.ts'

test('the package, its library and its version are found from its own code', () => {
  assert.ok(existsSync(join(packageRoot(), 'package.json')))
  assert.ok(existsSync(join(shippedLibrary(), 'classes')))
  assert.match(VERSION, /^\d+\.\d+\.\d+/)
})
