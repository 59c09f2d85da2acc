import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { skipWithoutCluster } from './support/binaries.ts'
import { eventually } from './support/eventually.ts'

const MODULE = new URL('./support/control-plane.ts', import.meta.url).href
const SCRIPT = `
  import { startControlPlane } from ${JSON.stringify(MODULE)}
  const { folder } = await startControlPlane()
  console.log(folder)`

test('nothing is left of a control plane whose test was killed', { skip: skipWithoutCluster }, async t => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [folder] = await once(createInterface({ input: child.stdout }), 'line')
  assert.equal(existsSync(folder), true)

  child.kill('SIGKILL')
  await eventually('its folder is gone', () => (existsSync(folder) ? undefined : true))
})
