import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { folderOf } from '../../support/sluice-process.ts'
import { eventually } from './eventually.ts'
import { type ServerProgram, startServer } from './server-process.ts'

const MODULE = new URL('./server-process.ts', import.meta.url).href

/** Node with a few lines of script, for a server. */
function program(t: TestContext, script: string, isReady = true): ServerProgram {
  return {
    name: 'example',
    path: process.execPath,
    args: ['-e', script],
    logFile: join(folderOf(t, {}), 'example.log'),
    isReady: async () => isReady,
  }
}

test('a server that ends before it is ready tells what it wrote', async t => {
  const start = startServer(program(t, 'process.stderr.write("the port is taken"); process.exit(1)', false))
  await assert.rejects(start, /example ended before it was ready:\nthe port is taken/)
})

test('a server that cannot be executed says which', async t => {
  await assert.rejects(
    startServer({ ...program(t, ''), path: '/nowhere/example' }),
    /example could not be started: \/nowhere\/example/,
  )
})

test('a server that ignores the request to end is ended when its grace is over', async t => {
  const ignoring = program(t, 'process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)')
  const server = await startServer({ ...ignoring, graceMs: 50 })
  t.after(() => server.stop('SIGKILL'))
  await eventually('it ignores', () => (server.log().includes('up') ? true : undefined))
  await server.stop()
  assert.equal(server.isRunning(), false)
})

test('a server ends with the process that started it, even if that is killed', async t => {
  const { isReady: _, ...plain } = program(t, 'setInterval(() => {}, 1000)')
  const script = `
    import { startServer } from ${JSON.stringify(MODULE)}
    const server = await startServer({ ...${JSON.stringify(plain)}, isReady: async () => true })
    console.log(server.pid)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => parent.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: parent.stdout }), 'line')
  const pid = Number(line)
  assert.equal(isAlive(pid), true)

  parent.kill('SIGKILL')
  await eventually('the server has ended', () => (isAlive(pid) ? undefined : true))
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
