import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newCertificate } from '../../test/support/https.ts'
import { serverSettings } from './settings.ts'

test('no timeout closes a connection that the API server may still use: it keeps idle ones for 90 s', async () => {
  const settings = serverSettings((await newCertificate()).current)
  for (const timeout of ['keepAliveTimeout', 'headersTimeout', 'requestTimeout'] as const) {
    assert.ok((settings[timeout] ?? 0) > 90_000, timeout)
  }
})
