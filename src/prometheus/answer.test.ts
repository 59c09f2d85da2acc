import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../schema/parts.ts'
import { parsedValue } from '../schema/testing.ts'
import { parseAnswer } from './answer.ts'

const vector = (...result: readonly JsonValue[]): JsonObject => ({
  status: 'success',
  data: { resultType: 'vector', result },
})
const series = (metric: JsonObject, value = '40', seconds = 1_700_000_000.5): JsonObject => ({
  metric,
  value: [seconds, value],
})

test('a sample is of the pod that has the GPU, whether or not the exporter’s labels count', () => {
  const cases: readonly { readonly name: string; readonly metric: JsonObject; readonly want: string | undefined }[] = [
    { name: 'labels of the exporter', metric: { namespace: 'team-a', pod: 'train-0' }, want: 'team-a/train-0' },
    {
      name: 'labels of the target, and those of the exporter beside them',
      metric: { namespace: 'gpu', pod: 'exporter-x', exported_namespace: 'team-a', exported_pod: 'train-0' },
      want: 'team-a/train-0',
    },
    {
      name: 'empty ones beside them',
      metric: { namespace: 'team-a', pod: 'train-0', exported_namespace: '', exported_pod: '' },
      want: 'team-a/train-0',
    },
    { name: 'a GPU that nobody has', metric: { gpu: '3' }, want: undefined },
    { name: 'no namespace', metric: { pod: 'train-0' }, want: undefined },
  ]
  for (const { name, metric, want } of cases) {
    const samples = parsedValue(parseAnswer(vector(series(metric))))
    assert.deepEqual(
      samples.map(({ namespace, pod }) => `${namespace}/${pod}`),
      want === undefined ? [] : [want],
      name,
    )
  }
})

test('a percentage is taken as it is, and whatever is none is passed over', () => {
  const values = ['0', '12.5', '100', '-1', '100.1', 'NaN', '+Inf', '', 'forty']
  const answer = vector(...values.map((value, index) => series({ namespace: 'n', pod: `p${index}` }, value)))
  assert.deepEqual(parsedValue(parseAnswer(answer)), [
    { namespace: 'n', pod: 'p0', percent: 0, atMs: 1_700_000_000_500 },
    { namespace: 'n', pod: 'p1', percent: 12.5, atMs: 1_700_000_000_500 },
    { namespace: 'n', pod: 'p2', percent: 100, atMs: 1_700_000_000_500 },
  ])
})

test('what Prometheus warns of does not hide what it answers', () => {
  const answer = { ...vector(series({ namespace: 'n', pod: 'p' })), warnings: ['partial'], infos: ['no counter'] }
  assert.equal(parsedValue(parseAnswer(answer)).length, 1)
})

test('an answer of another form is refused whole, with its place', () => {
  const sound = series({ namespace: 'n', pod: 'p' })
  const cases: readonly (readonly [JsonValue, RegExp])[] = [
    [null, /^status is not success/],
    [{ status: 'error', errorType: 'bad_data', error: 'parse\nerror' }, /^status parse error$/],
    [{ status: 'success' }, /^data\.resultType is missing, not vector/],
    [{ status: 'success', data: { resultType: 'matrix', result: [] } }, /^data\.resultType is matrix, not vector/],
    [{ status: 'success', data: { resultType: 'vector', result: {} } }, /^data\.result is no list$/],
    [vector(sound, null), /^data\.result\[1\] has no/],
    [vector(sound, { value: [1, '2'] }), /^data\.result\[1\] has no/],
    [vector(sound, { metric: {} }), /^data\.result\[1\] has no/],
    [vector({ metric: {}, value: ['1', '2'] }), /^data\.result\[0\] has no/],
    [vector({ metric: {}, value: [1, 2] }), /^data\.result\[0\] has no/],
    [vector({ metric: {}, value: [1, '2', '3'] }), /^data\.result\[0\] has no/],
  ]
  for (const [body, want] of cases) {
    const read = parseAnswer(body)
    assert.ok(!read.ok)
    assert.match(read.issues.map(({ at, problem }) => `${at} ${problem}`).join(), want)
  }
})

test('no JSON makes it throw, or give what is no percentage', () => {
  const metric = fc.dictionary(fc.constantFrom('namespace', 'pod', 'exported_pod', '__proto__'), fc.jsonValue())
  const one = fc.oneof(fc.record({ metric, value: fc.tuple(fc.double(), fc.string()) }), fc.jsonValue())
  const answer = fc.record({
    status: fc.constant('success'),
    data: fc.record({ resultType: fc.constant('vector'), result: fc.array(one) }),
  })
  fc.assert(
    fc.property(fc.oneof(answer, fc.jsonValue()), body => {
      const read = parseAnswer(body as JsonValue)
      const samples = read.ok ? read.value : []
      assert.ok(samples.every(({ percent, pod }) => percent >= 0 && percent <= 100 && pod !== ''))
    }),
  )
})
