/**
 * The cases of the CEL specification that apply to Kubernetes, where the runner that holds them is at hand: a folder with
 * `lib/load.mjs`, `lib/neutral.mjs` and `testdata/*.textproto`, beside the repository or named by CEL_CONFORMANCE_DIR.
 */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Duration, UnsignedInt } from '@marcbachmann/cel-js/evaluator'
import { createBudget, metered, POLICY_COST } from './cost.ts'
import { createEnvironment } from './environment.ts'
import { buildProgram } from './program.ts'

/** Passing cases when this was last measured. It only goes up. */
const FLOOR = 1_319
const CASES = 1_387

// Extensions Kubernetes does not have, and containers and type names of protobuf.
const OUTSIDE = new Set([
  'bindings_ext',
  'block_ext',
  'encoders_ext',
  'math_ext',
  'network_ext',
  'namespace',
  'type_deduction',
])

const BESIDE = fileURLToPath(new URL('../../../../shared/tools/cel-conformance', import.meta.url))
const DIRECTORY = process.env.CEL_CONFORMANCE_DIR ?? BESIDE
const skip = existsSync(DIRECTORY) ? false : 'the conformance cases are not here: set CEL_CONFORMANCE_DIR'

interface Case {
  readonly file: string
  readonly expr: string
  readonly skip?: string
  readonly checkOnly?: boolean
  readonly wantError?: boolean
  readonly want?: unknown
  readonly vars: ReadonlyMap<string, unknown>
}

interface Neutral {
  readonly Uint: new (value: bigint) => { readonly value: bigint }
  readonly Ts: new (seconds: bigint, nanos: number) => { readonly seconds: bigint; readonly nanos: number }
  readonly Dur: new (seconds: bigint, nanos: number) => { readonly seconds: bigint; readonly nanos: number }
  readonly TypeVal: new (name: string) => object
  same(want: unknown, got: unknown): boolean
}

test('the cases of the CEL specification that apply to Kubernetes pass as far as they did', { skip }, async () => {
  const { loadAll } = (await load('lib/load.mjs')) as { loadAll(directory: string): readonly Case[] }
  const neutral = (await load('lib/neutral.mjs')) as Neutral
  const cases = loadAll(join(DIRECTORY, 'testdata')).filter(
    ({ file, skip: reason, checkOnly }) => reason === undefined && checkOnly !== true && !OUTSIDE.has(file),
  )
  const failing = cases.filter(one => !passes(one, neutral)).map(one => `${one.file}: ${one.expr}`)
  assert.equal(cases.length, CASES)
  assert.ok(cases.length - failing.length >= FLOOR, `${cases.length - failing.length} pass:\n${failing.join('\n')}`)
})

function load(path: string): Promise<unknown> {
  return import(pathToFileURL(join(DIRECTORY, path)).href)
}

const environment = createEnvironment({ isLoose: true })

function passes({ expr, vars, want, wantError }: Case, neutral: Neutral): boolean {
  const built = buildProgram(expr, environment, new Map())
  if (!built.ok) return wantError === true
  const values = Object.fromEntries([...vars].map(([name, value]) => [name, fromNeutral(value, neutral)]))
  const result = metered(createBudget(POLICY_COST), () => built.program.run(values))
  if (result.kind !== 'done') return wantError === true
  return wantError !== true && (want === undefined || neutral.same(want, toNeutral(result.value, neutral)))
}

function fromNeutral(value: unknown, neutral: Neutral): unknown {
  if (value instanceof neutral.Uint) return new UnsignedInt(value.value)
  if (value instanceof neutral.Dur) return new Duration(value.seconds, value.nanos)
  if (value instanceof neutral.Ts) return new Date(Number(value.seconds) * 1_000 + Math.floor(value.nanos / 1e6))
  if (Array.isArray(value)) return value.map(element => fromNeutral(element, neutral))
  if (!(value instanceof Map)) return value
  return new Map([...value].map(([key, entry]) => [fromNeutral(key, neutral), fromNeutral(entry, neutral)]))
}

function toNeutral(value: unknown, neutral: Neutral): unknown {
  if (value instanceof UnsignedInt) return new neutral.Uint(value.value)
  if (value instanceof Duration) return new neutral.Dur(value.seconds, value.nanos)
  if (value instanceof Date) return timestamp(value.getTime(), neutral)
  if (Array.isArray(value)) return value.map(element => toNeutral(element, neutral))
  if (value instanceof Map) {
    return new Map([...value].map(([key, entry]) => [toNeutral(key, neutral), toNeutral(entry, neutral)]))
  }
  const type = /^Type<(.+)>$/.exec(String(value))?.[1]
  return type === undefined ? value : new neutral.TypeVal(type === 'null' ? 'null_type' : type)
}

function timestamp(ms: number, neutral: Neutral): object {
  const seconds = Math.floor(ms / 1_000)
  return new neutral.Ts(BigInt(seconds), (ms - seconds * 1_000) * 1e6)
}
