import { stringify } from 'yaml'
import { type RegistrationSettings, webhookConfigurations } from '../../webhooks/registration.ts'
import type { Cluster } from '../admission/cluster.ts'
import { SYSTEM_NAMESPACES } from '../admission/exempt.ts'
import { podConditions } from '../admission/pod-conditions.ts'
import { isList, isObject, type JsonObject, type JsonValue } from '../schema/parts.ts'

/*
 * The registration as files, for those whose configurations are not the leader's to write: plain YAML with the settings of the
 * chart's defaults, and the template by which the chart writes the same with its own values.
 */

const NOTE = '# Generated from webhooks/ by npm run generate: do not edit.\n'

const DEFAULTS: RegistrationSettings = {
  address: { kind: 'service', namespace: 'sluice-system', name: 'sluice' },
  trust: { kind: 'cert-manager', certificate: 'sluice-system/sluice-tls' },
  exempt: SYSTEM_NAMESPACES,
  match: 'gpu',
  validateFailurePolicy: 'Fail',
  self: 'system:serviceaccount:sluice-system:sluice',
}

// kubectl and Helm read YAML 1.1, where a plain Off is a boolean.
const YAML = { lineWidth: 120, version: '1.1' } as const

/** For the classes and policies of this cluster, which are the shipped ones. */
export function webhookManifests(cluster: Cluster): string {
  return NOTE + documents(webhookConfigurations(DEFAULTS, podConditions(cluster)))
}

function documents({
  mutating,
  validating,
}: {
  readonly mutating: JsonObject
  readonly validating: JsonObject
}): string {
  return [mutating, validating].map(configuration => stringify(configuration, YAML)).join('---\n')
}

// What stands in the text until the template's own words take its place: these would not survive being quoted as YAML.
const [NAMESPACE, NAME, EXEMPT, POLICY, LABELS] = ['namespace', 'name', 'exempt', 'policy', 'labels'].map(
  word => `chart-${word}`,
) as [string, string, string, string, string]

/**
 * Reads `registration`, `webhooks.match`, `webhooks.validateFailurePolicy`, `exemptNamespaces` and `certificates.mode`, and the
 * helpers `sluice.fullname`, `sluice.tlsSecret` and `sluice.labels`.
 */
export function webhookTemplate(cluster: Cluster): string {
  const settings: RegistrationSettings = {
    ...DEFAULTS,
    address: { kind: 'service', namespace: NAMESPACE, name: NAME },
    trust: { kind: 'cert-manager', certificate: `${NAMESPACE}/sluice-tls` },
    exempt: [EXEMPT],
    self: `system:serviceaccount:${NAMESPACE}:${NAME}`,
  }
  const [gpu, all] = (['gpu', 'all'] as const).map(match => {
    const { mutating, validating } = webhookConfigurations({ ...settings, match }, podConditions(cluster))
    return templated(documents({ mutating: withValues(mutating), validating: withValues(validating) }))
  })
  return [
    HEAD,
    '{{- if eq .Values.registration "Off" }}',
    '{{- if ne .Values.certificates.mode "CertManager" }}',
    '{{- fail "registration=Off needs certificates.mode=CertManager: nobody else would write the CA into what the chart registers" }}',
    '{{- end }}',
    '{{- if eq .Values.webhooks.match "all" }}',
    `${all}{{- else }}`,
    `${gpu}{{- end }}`,
    '{{- end }}',
    '',
  ].join('\n')
}

// As a comment of the template: a rendered file of nothing but a comment would be an object of nothing.
const HEAD = `{{- /* Generated from webhooks/ by npm run generate: do not edit. */ -}}
{{- define "sluice.exemptNamespaces" -}}
{{- range concat (list ${SYSTEM_NAMESPACES.map(name => `"${name}"`).join(' ')}) (list .Release.Namespace) .Values.exemptNamespaces | uniq | sortAlpha }}
- {{ . }}
{{- end }}
{{- end }}`

/** The failure policy that is the platform's choice, and the labels that only the chart knows. */
function withValues(configuration: JsonObject): JsonObject {
  const { metadata, webhooks = [] } = configuration
  const withPolicy = (webhook: JsonValue) =>
    isObject(webhook) && webhook.name === 'gpu-pods.validate.sluice.dev'
      ? { ...webhook, failurePolicy: POLICY }
      : webhook
  return {
    ...configuration,
    metadata: { ...(isObject(metadata) ? metadata : {}), labels: LABELS },
    webhooks: isList(webhooks) ? webhooks.map(withPolicy) : [],
  }
}

function templated(yaml: string): string {
  if (/\{\{|\}\}/.test(yaml)) throw new Error('a condition holds braces that Helm would take for its own')
  return yaml
    .replaceAll(/^( *)labels: chart-labels$/gm, '$1labels:\n$1  {{- include "sluice.labels" . | nindent 4 }}')
    .replaceAll(/^ *- chart-exempt$/gm, '{{- include "sluice.exemptNamespaces" . | nindent 12 }}')
    .replaceAll(POLICY, '{{ .Values.webhooks.validateFailurePolicy }}')
    .replaceAll(NAMESPACE, '{{ .Release.Namespace }}')
    .replaceAll(NAME, '{{ include "sluice.fullname" . }}')
}
