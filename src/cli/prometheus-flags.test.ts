import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import { USUAL_QUERY } from '../prometheus/source.ts'
import {
  addPrometheusOptions,
  type PrometheusFlags,
  prometheusProblem,
  prometheusSettings,
} from './prometheus-flags.ts'

function flagsOf(...args: readonly string[]): PrometheusFlags {
  const command = addPrometheusOptions(new Command('serve'))
    .exitOverride()
    .configureOutput({ writeErr() {} })
  return command.parse(args, { from: 'user' }).opts()
}

test('without an address nobody is asked', () => {
  assert.equal(prometheusSettings(flagsOf()), undefined)
})

test('an address is enough, and everything else is as it is given', () => {
  assert.deepEqual(prometheusSettings(flagsOf('--prometheus-url=http://p:9090/x')), {
    url: new URL('http://p:9090/x'),
    query: USUAL_QUERY,
    tokenFile: undefined,
    caFile: undefined,
  })
  const all = ['--prometheus-query=up', '--prometheus-token-file=/t', '--prometheus-ca-file=/c']
  const flags = flagsOf('--prometheus-url=https://p', ...all)
  assert.equal(prometheusProblem(flags), undefined)
  assert.deepEqual(prometheusSettings(flags), { url: new URL('https://p'), query: 'up', tokenFile: '/t', caFile: '/c' })
})

test('what cannot be asked, or would show a secret, is refused', () => {
  for (const [url, want] of [
    ['prometheus:9090', /an address such as/],
    ['file:///etc/passwd', /an address such as/],
    ['', /an address such as/],
    ['https://me@p', /without a password/],
    ['https://:secret@p', /without a password/],
  ] as const) {
    assert.throws(() => flagsOf(`--prometheus-url=${url}`), want)
  }
  assert.match(prometheusProblem(flagsOf('--prometheus-token-file=/t')) ?? '', /need --prometheus-url$/)
  const plain = flagsOf('--prometheus-url=http://p', '--prometheus-token-file=/t')
  assert.match(prometheusProblem(plain) ?? '', /need https$/)
})
