import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { SYSTEM_NAMESPACES } from '../../src/admission/exempt.ts'
import { podConditions } from '../../src/admission/pod-conditions.ts'
import { loadCluster } from '../../src/cli/cluster.ts'
import type { JsonObject } from '../../src/schema/parts.ts'
import { parsedValue } from '../../src/schema/testing.ts'
import { type RegistrationSettings, webhookConfigurations } from '../../webhooks/registration.ts'
import { ROOT } from '../support/sluice-process.ts'
import { skipWithoutHelm, template } from './support/helm.ts'

const DEFAULTS: RegistrationSettings = {
  address: { kind: 'service', namespace: 'sluice-system', name: 'sluice' },
  trust: { kind: 'cert-manager', certificate: 'sluice-system/sluice-tls' },
  exempt: SYSTEM_NAMESPACES,
  match: 'gpu',
  validateFailurePolicy: 'Fail',
  self: 'system:serviceaccount:sluice-system:sluice',
}

/** What the leader would register with these settings, in the order of the files. */
function registered(settings: Partial<RegistrationSettings> = {}): readonly JsonObject[] {
  const conditions = podConditions(parsedValue(loadCluster(undefined)))
  const { mutating, validating } = webhookConfigurations({ ...DEFAULTS, ...settings }, conditions)
  return [mutating, validating]
}

function objectsIn(yaml: string): readonly JsonObject[] {
  return parseAllDocuments(yaml).map(document => document.toJS())
}

/** Labels are the chart's own. */
function withoutLabels({ metadata, ...rest }: JsonObject): JsonObject {
  const { labels: _, ...others } = metadata as JsonObject
  return { ...rest, metadata: others }
}

function rendered(...flags: readonly string[]): readonly JsonObject[] {
  const { exitCode, stdout, stderr } = template(
    'defaults',
    '--set=registration=Off',
    '-s=templates/webhooks.yaml',
    ...flags,
  )
  assert.equal(exitCode, 0, stderr)
  return objectsIn(stdout).map(withoutLabels)
}

test('the plain manifests are what the leader would register', () => {
  const file = join(ROOT, 'webhooks', 'manifests', 'webhooks.yaml')
  assert.deepEqual(objectsIn(readFileSync(file, 'utf8')), registered())
})

test('the chart registers the same where the leader does not', { skip: skipWithoutHelm }, () => {
  assert.deepEqual(rendered(), registered().map(withoutLabels))
  assert.deepEqual(
    rendered(
      '--set=webhooks.match=all',
      '--set=webhooks.validateFailurePolicy=Ignore',
      '--set=exemptNamespaces={monitoring,kube-system}',
    ),
    registered({
      match: 'all',
      validateFailurePolicy: 'Ignore',
      exempt: [...SYSTEM_NAMESPACES, 'monitoring'],
    }).map(withoutLabels),
  )
})

test('the chart registers nothing where the leader does, or where nobody would give the CA', {
  skip: skipWithoutHelm,
}, () => {
  const managed = template('defaults')
  assert.equal(managed.exitCode, 0)
  assert.doesNotMatch(managed.stdout, /WebhookConfiguration$/m)
  const unknown = template('defaults', '--set=registration=Off', '--set=certificates.mode=SelfGenerated')
  assert.notEqual(unknown.exitCode, 0)
  assert.match(unknown.stderr, /registration=Off needs certificates.mode=CertManager/)
})
