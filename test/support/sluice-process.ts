/** The command line as a user starts it: another process, with what it wrote and how it ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { run } from '../../src/cli/program.ts'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const EXAMPLES = join(ROOT, 'examples')

export interface Finished {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs one command to its end. */
export async function sluice(args: readonly string[], input = ''): Promise<Finished> {
  const child = startSluice(args)
  const [stdout, stderr] = [collect(child, 'stdout'), collect(child, 'stderr')]
  // A command that does not read its input may be gone before it is written.
  child.stdin?.on('error', () => {}).end(input)
  const [exitCode] = await once(child, 'close')
  return { exitCode, stdout: stdout(), stderr: stderr() }
}

// Stripping types and compiling is most of what a short command takes; a second start of the same code need not repeat it.
const COMPILE_CACHE = join(tmpdir(), 'sluice-test-compile-cache')

export function startSluice(args: readonly string[]): ChildProcess {
  const env = { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, NO_COLOR: '1', NODE_TEST_CONTEXT: undefined }
  return spawn(process.execPath, [join(ROOT, 'src', 'main.ts'), ...args], { cwd: ROOT, env })
}

function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  const chunks: Buffer[] = []
  child[stream]?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString('utf8')
}

/** A folder with these files, gone with the test. */
export function folderOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-test-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

/** What a process that goes on writes to its standard output, line by line. */
export interface Output {
  /** The first line that matches, whether it was written already or is still to come; fails when the process ends without it. */
  until(pattern: RegExp): Promise<string>
}

export function outputOf(child: ChildProcess): Output {
  const lines: string[] = []
  const arrivals = new EventEmitter()
  let isOver = false
  if (child.stdout === null) throw new Error('the process has no standard output')
  const reader = createInterface({ input: child.stdout })
  reader.on('line', line => {
    lines.push(line)
    arrivals.emit('line')
  })
  reader.on('close', () => {
    isOver = true
    arrivals.emit('line')
  })
  return {
    async until(pattern) {
      for (let at = 0; ; at += 1) {
        while (at >= lines.length && !isOver) await once(arrivals, 'line')
        const line = lines[at]
        if (line === undefined)
          throw new Error(`the process ended without a line like ${pattern}:\n${lines.join('\n')}`)
        if (pattern.test(line)) return line
      }
    },
  }
}

/** One command in this process: the same code without the start of another process, for tables of many cases. */
export async function sluiceHere(args: readonly string[]): Promise<Finished> {
  const [out, err]: [string[], string[]] = [[], []]
  const terminal = {
    out: (text: string) => void out.push(`${text}\n`),
    err: (text: string) => void err.push(`${text}\n`),
    isColour: false,
  }
  const exitCode = (await run(args, terminal)) ?? null
  return { exitCode, stdout: out.join(''), stderr: err.join('') }
}
