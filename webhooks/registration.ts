import type { PodConditions } from '../src/admission/pod-conditions.ts'
import { everyPod } from '../src/admission/pod-conditions.ts'
import { textLiteral } from '../src/policy/cel/literal.ts'
import { EVERY_POD } from '../src/policy/reach.ts'
import type { JsonObject } from '../src/schema/parts.ts'
import type { About, WebhookDeclaration } from './declaration.ts'
import { WEBHOOK_DECLARATIONS } from './declarations.ts'

/** Where the API server reaches the endpoints. */
type WebhookAddress =
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string }
  /** `https://host:port`, for an API server that runs elsewhere. */
  | { readonly kind: 'url'; readonly base: string }

/** Whom it believes there. */
type WebhookTrust =
  /** PEM. */
  | { readonly kind: 'bundle'; readonly ca: string }
  /** `namespace/name` of the Certificate whose CA cert-manager writes in, and keeps current: we never write the field. */
  | { readonly kind: 'cert-manager'; readonly certificate: string }

export interface RegistrationSettings {
  readonly address: WebhookAddress
  readonly trust: WebhookTrust
  /** Namespaces that are never asked about; the endpoints exempt them as well. */
  readonly exempt: Iterable<string>
  /** `gpu`: as the conditions say. `all`: every pod. */
  readonly match: 'gpu' | 'all'
  readonly validateFailurePolicy: 'Fail' | 'Ignore'
  /** The user that Sluice is to the API server: `system:serviceaccount:sluice-system:sluice`. */
  readonly self: string
  readonly labels?: Readonly<Record<string, string>>
}

const CONFIGURATION_NAME = 'sluice'

interface WebhookConfigurations {
  readonly mutating: JsonObject
  readonly validating: JsonObject
}

/**
 * Both configurations, complete: every field that the API server would default is written, so that what it stores can be compared
 * with what is wanted.
 */
export function webhookConfigurations(settings: RegistrationSettings, known: PodConditions): WebhookConfigurations {
  const conditions = settings.match === 'all' ? everyPod(known) : known
  const of = (phase: WebhookDeclaration['phase']) =>
    WEBHOOK_DECLARATIONS.filter(declaration => declaration.phase === phase).flatMap(declaration =>
      webhookOf(declaration, settings, conditions),
    )
  return {
    mutating: configuration('MutatingWebhookConfiguration', of('mutating'), settings),
    validating: configuration('ValidatingWebhookConfiguration', of('validating'), settings),
  }
}

function configuration(kind: string, webhooks: readonly JsonObject[], { trust, labels }: RegistrationSettings) {
  const annotations =
    trust.kind === 'cert-manager' ? { annotations: { 'cert-manager.io/inject-ca-from': trust.certificate } } : {}
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: {
      name: CONFIGURATION_NAME,
      labels: { 'app.kubernetes.io/name': 'sluice', ...labels },
      ...annotations,
    },
    webhooks,
  }
}

/** Nothing where no object can be meant. */
function webhookOf(
  declaration: WebhookDeclaration,
  settings: RegistrationSettings,
  conditions: PodConditions,
): readonly JsonObject[] {
  const matchConditions = conditionsOf(declaration.about, conditions, settings.self)
  if (matchConditions === undefined) return []
  const { failurePolicy, reinvocationPolicy } = declaration
  return [
    {
      name: declaration.name,
      clientConfig: clientConfigOf(declaration.path, settings),
      rules: declaration.resources.map(resource => ({ ...resource, operations: declaration.operations, scope: '*' })),
      matchPolicy: 'Equivalent',
      // What belongs to no namespace is in none of these.
      namespaceSelector: outside(settings.exempt),
      objectSelector: {},
      ...(matchConditions.length === 0 ? {} : { matchConditions }),
      failurePolicy: failurePolicy === 'Chosen' ? settings.validateFailurePolicy : failurePolicy,
      sideEffects: declaration.sideEffects,
      timeoutSeconds: declaration.timeoutSeconds,
      admissionReviewVersions: ['v1'],
      ...(reinvocationPolicy === undefined ? {} : { reinvocationPolicy }),
    },
  ]
}

function clientConfigOf(path: string, { address, trust }: RegistrationSettings): JsonObject {
  const caBundle = trust.kind === 'bundle' ? { caBundle: Buffer.from(trust.ca).toString('base64') } : {}
  switch (address.kind) {
    case 'service':
      return { service: { namespace: address.namespace, name: address.name, path, port: 443 }, ...caBundle }
    case 'url':
      return { url: address.base.replace(/\/+$/, '') + path, ...caBundle }
  }
}

function outside(exempt: Iterable<string>): JsonObject {
  const values = [...new Set(exempt)].toSorted()
  return { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values }] }
}

type MatchCondition = { readonly name: string; readonly expression: string }

/** Undefined: no object is meant. */
function conditionsOf(
  about: About,
  { accelerated, injected, judged, created }: PodConditions,
  self: string,
): readonly MatchCondition[] | undefined {
  const isGpuPod = { name: 'may-use-accelerators', expression: accelerated }
  switch (about) {
    case 'mutable-pods':
      if (injected === undefined) return [isGpuPod]
      if (injected === EVERY_POD) return []
      return [{ name: 'may-be-injected-into', expression: `(${accelerated}) || (${injected})` }]
    case 'accelerated-pods':
      return [
        { name: 'creates-or-changes-what-is-owned', expression: created },
        // The rebalancer moves pods between tiers and gives them notice; it has not to wait for a replica that may be itself.
        {
          name: 'not-updated-by-sluice',
          expression: `request.operation != 'UPDATE' || request.userInfo.username != ${textLiteral(self)}`,
        },
        { ...isGpuPod, expression: `request.operation == 'UPDATE' || (${accelerated})` },
      ]
    case 'other-pods':
      if (judged === undefined) return undefined
      return [
        // The others are asked about by the webhook above: nobody is asked about twice.
        { name: 'uses-no-accelerators', expression: `!(${accelerated})` },
        ...(judged === EVERY_POD ? [] : [{ name: 'may-be-judged', expression: judged }]),
      ]
    case 'applied-workloads':
      return [
        {
          name: 'belongs-to-no-controller',
          expression: '!object.metadata.?ownerReferences.orValue([]).exists(o, o.?controller.orValue(false))',
        },
        {
          name: 'creates-or-changes-the-spec',
          expression: "request.operation == 'CREATE' || object.?spec.orValue({}) != oldObject.?spec.orValue({})",
        },
      ]
    case 'guarded-objects':
      return [
        { name: 'not-written-by-sluice', expression: `request.userInfo.username != ${textLiteral(self)}` },
        // What is on its way out needs no check to lose its last finalizer.
        { name: 'not-on-its-way-out', expression: 'object == null || !has(object.metadata.deletionTimestamp)' },
      ]
  }
}
