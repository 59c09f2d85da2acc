import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Decision } from '../admission/endpoint.ts'
import { FIELDS } from './fields.ts'
import { createLog, LOG_LEVELS, type LogLevel } from './log.ts'

const DECISION: Decision = {
  webhook: 'validate',
  verdict: 'denied',
  uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
  operation: 'CREATE',
  namespace: 'team-a',
  name: 'train-0',
  kind: 'Pod',
  user: 'system:serviceaccount:kube-system:job-controller',
  tenant: 'team-a',
  tier: 'burst',
  codes: ['SLU-Q201'],
  policies: ['require-limits'],
  demand: { h100: 8_000 },
  dryRun: false,
  patchOps: 0,
  durationMs: 0.4,
}

interface Line {
  readonly [field: string]: unknown
}

function memoryLog(level: LogLevel = 'trace') {
  const lines: string[] = []
  const log = createLog({ level, destination: { write: line => void lines.push(line) } })
  return { log, text: () => lines.join(''), read: (): Line[] => lines.map(line => JSON.parse(line)) }
}

test('a decision is one line of JSON with the time and every field of the record', () => {
  const { log, text, read } = memoryLog()
  log.decision(DECISION)
  const [line] = read()
  const { time, level, message, ...fields } = line ?? {}
  assert.deepEqual(fields, DECISION)
  assert.equal(level, 'info')
  assert.equal(message, 'decision')
  assert.equal(new Date(String(time)).toISOString(), time)
  assert.equal(text().indexOf('\n'), text().length - 1)
})

test('what a caller may send is cut, and lists and maps are bounded', () => {
  const { log, read } = memoryLog()
  const long = 'x'.repeat(1_000)
  const many = Array.from({ length: 100 }, (_, index) => `p${index}`)
  const demand = Object.fromEntries([['__proto__', 1], ...many.map(name => [name, 1])])
  log.decision({ ...DECISION, name: long, user: long, tenant: long, policies: [long, ...many], codes: many, demand })
  const [line = {}] = read()
  assert.equal(String(line.name).length, 253)
  assert.equal(String(line.user).length, 253)
  assert.equal(String(line.tenant).length, 253)
  assert.deepEqual(
    [line.policies, line.codes, Object.keys(Object(line.demand))].map(list => Object(list).length),
    [16, 16, 16],
  )
  assert.ok(JSON.stringify(line).length < 8_000)
})

test('control characters of a name do not break the line', () => {
  const { log, text } = memoryLog()
  log.decision({ ...DECISION, name: 'a\nb\u001b[31m' })
  const [line = '', ...rest] = text().split('\n')
  assert.deepEqual(rest, [''])
  assert.equal(line.includes('\u001b'), false)
})

const levels = [
  { verdict: 'allowed', want: 'info' },
  { verdict: 'denied', want: 'info' },
  { verdict: 'error', want: 'error' },
  { verdict: 'not-gpu', want: 'debug' },
  { verdict: 'exempt', want: 'debug' },
] as const
for (const { verdict, want } of levels) {
  test(`a decision that is ${verdict} is logged at ${want}`, () => {
    const { log, read } = memoryLog()
    log.decision({ ...DECISION, verdict })
    assert.deepEqual(
      read().map(line => line.level),
      [want],
    )
  })
}

test('the level decides what is written', () => {
  const written = LOG_LEVELS.map(level => {
    const { log, read } = memoryLog(level)
    log.decision({ ...DECISION, verdict: 'not-gpu' })
    log.event('started')
    log.problem('broken')
    return [level, read().length]
  })
  assert.deepEqual(Object.fromEntries(written), { trace: 3, debug: 3, info: 2, warn: 1, error: 1, fatal: 0, silent: 0 })
})

test('a problem carries its cause with stack, code and causes, and the fields of its context', () => {
  const { log, read } = memoryLog()
  const root = Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
  log.problem('the ledger cannot be read', new Error('read failed', { cause: root }), { tree: 'inference', attempt: 2 })
  const [line] = read()
  const { error, ...fields } = line ?? {}
  assert.equal(fields.level, 'error')
  assert.equal(fields.tree, 'inference')
  assert.equal(fields.attempt, 2)
  const { message, stack, cause } = Object(error)
  assert.equal(message, 'read failed')
  assert.match(stack, /log\.test\.ts/)
  assert.equal(cause.message, 'connection refused')
  assert.equal(cause.code, 'ECONNREFUSED')
})

test('causes that form a circle end', () => {
  const { log, read } = memoryLog()
  const circle = new Error('circle')
  circle.cause = circle
  log.problem('broken', circle)
  assert.equal(read().length, 1)
})

const thrown = [
  { name: 'a string', cause: 'boom', want: { type: 'string', message: 'boom' } },
  { name: 'nothing', cause: null, want: { type: 'object', message: 'null' } },
  {
    name: 'an object that holds a secret',
    cause: { token: 'abc' },
    want: { type: 'object', message: 'an object that is no error was thrown' },
  },
]
for (const { name, cause, want } of thrown) {
  test(`what was thrown need not be an error: ${name}`, () => {
    const { log, read } = memoryLog()
    log.problem('broken', cause)
    assert.deepEqual(
      read().map(line => line.error),
      [want],
    )
  })
}

const SECRET = 'c2VjcmV0LXRva2Vu'
const leaks: readonly { readonly name: string; readonly leak: (log: ReturnType<typeof createLog>) => void }[] = [
  {
    name: 'a field that is in no list',
    leak: log => log.event('x', untyped({ authorization: SECRET, token: SECRET, key: SECRET })),
  },
  {
    name: 'a user with extra values',
    leak: log => log.problem('x', undefined, untyped({ userInfo: { extra: { a: [SECRET] } } })),
  },
  {
    name: 'a decision with more than its record',
    leak: log => log.decision({ ...DECISION, ...untyped({ userInfo: SECRET }) }),
  },
  {
    name: 'headers hung on an error',
    leak: log =>
      log.problem(
        'x',
        Object.assign(new Error('y'), { request: { headers: { authorization: SECRET } }, body: SECRET }),
      ),
  },
  { name: 'an authorization header in a message', leak: log => log.problem(`sent Authorization: Bearer ${SECRET}`) },
  { name: 'a token in the text of an error', leak: log => log.problem('x', new Error(`401 for token=${SECRET}`)) },
  {
    name: 'a token in the text of a cause',
    leak: log => log.problem('x', new Error('y', { cause: new Error(`{"token": "${SECRET}"}`) })),
  },
  { name: 'a signed token', leak: log => log.event(`got eyJhbGciOi.${SECRET}.${SECRET}`) },
  {
    name: 'a private key',
    leak: log => log.problem('x', new Error(`-----BEGIN EC PRIVATE KEY-----\n${SECRET}\n-----END EC PRIVATE KEY-----`)),
  },
  { name: 'a cut private key', leak: log => log.event('x', { reason: `-----BEGIN PRIVATE KEY-----\n${SECRET}` }) },
]
for (const { name, leak } of leaks) {
  test(`a secret does not reach the log: ${name}`, () => {
    const { log, text } = memoryLog()
    leak(log)
    assert.notEqual(text(), '')
    assert.equal(text().includes(SECRET), false, text())
  })
}

test('every name that a decision is written with is in the list', () => {
  const { log, read } = memoryLog()
  log.decision(DECISION)
  const own = new Set(['time', 'level', 'message'])
  for (const name of Object.keys(read()[0] ?? {})) assert.ok(own.has(name) || Object.hasOwn(FIELDS, name), name)
})

/** A context as untyped code would pass it. */
function untyped(fields: Record<string, unknown>): object {
  return fields
}
