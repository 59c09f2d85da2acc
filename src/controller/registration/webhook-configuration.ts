/** One webhook configuration: whether it is as it is wanted, and how it comes to be. */
import { isDeepStrictEqual } from 'node:util'
import { fieldAt, objectAt, textAt, textsAt } from '../../admission/objects.ts'
import { isList, isObject, type JsonObject } from '../../schema/parts.ts'
import type { ApiAnswer, ApiServer } from '../api-server.ts'

const GROUP = '/apis/admissionregistration.k8s.io/v1'
export const MUTATING_PATH = `${GROUP}/mutatingwebhookconfigurations`
export const VALIDATING_PATH = `${GROUP}/validatingwebhookconfigurations`

const FIELD_MANAGER = 'sluice'

/** Whoever has to get Sluice out of the way sets this to "true": a configuration that is deleted comes back. */
const UNMANAGED_ANNOTATION = 'sluice.dev/unmanaged'

export function collectionOf(configuration: JsonObject): string {
  return textAt(configuration, 'kind') === 'MutatingWebhookConfiguration' ? MUTATING_PATH : VALIDATING_PATH
}

export function isUnmanaged(live: JsonObject | undefined): boolean {
  return textAt(live, 'metadata', 'annotations', UNMANAGED_ANNOTATION) === 'true'
}

/** Labels and annotations of others are theirs. A CA that we do not give is cert-manager's. */
export function isAsWanted(live: JsonObject | undefined, wanted: JsonObject): boolean {
  if (live === undefined) return false
  const has = (field: 'labels' | 'annotations') => {
    const there = textsAt(live, 'metadata', field)
    return Object.entries(textsAt(wanted, 'metadata', field)).every(
      ([key, value]) => Object.hasOwn(there, key) && there[key] === value,
    )
  }
  return has('labels') && has('annotations') && isDeepStrictEqual(webhooksOf(live, wanted), webhooksOf(wanted, wanted))
}

/** By name: of entries that are merged by name nobody promises the order. */
function webhooksOf(configuration: JsonObject, wanted: JsonObject): ReadonlyMap<string, JsonObject> {
  const given = new Set(listOf(wanted).filter(hasBundle).map(nameOf))
  return new Map(
    listOf(configuration).map(webhook => [
      nameOf(webhook),
      given.has(nameOf(webhook)) ? webhook : withoutBundle(webhook),
    ]),
  )
}

/** Creates or corrects a configuration, by server-side apply. Rejects where no answer came. */
export async function bring(wanted: JsonObject, api: ApiServer): Promise<ApiAnswer> {
  const path = `${collectionOf(wanted)}/${textAt(wanted, 'metadata', 'name')}`
  const query = { fieldManager: FIELD_MANAGER }
  const applied = await api.call({
    method: 'PATCH',
    path,
    query: { ...query, force: 'true' },
    body: wanted,
    patch: 'apply',
  })
  if (!isSuccess(applied) || isAsWanted(applied.body, wanted)) return applied
  // An apply leaves what somebody else has added, such as a selector that lets pods pass. Then ours takes the place of the whole.
  return api.call({ method: 'PUT', path, query, body: replacement(applied.body, wanted) })
}

export function isSuccess({ status }: ApiAnswer): boolean {
  return status >= 200 && status < 300
}

function replacement(live: JsonObject, wanted: JsonObject): JsonObject {
  const bundles = new Map(listOf(live).map(webhook => [nameOf(webhook), fieldAt(webhook, 'clientConfig', 'caBundle')]))
  const metadata = {
    ...objectAt(live, 'metadata'),
    labels: { ...objectAt(live, 'metadata', 'labels'), ...objectAt(wanted, 'metadata', 'labels') },
    annotations: { ...objectAt(live, 'metadata', 'annotations'), ...objectAt(wanted, 'metadata', 'annotations') },
  }
  const webhooks = listOf(wanted).map(webhook => {
    const caBundle = bundles.get(nameOf(webhook))
    if (hasBundle(webhook) || caBundle === undefined) return webhook
    return { ...webhook, clientConfig: { ...objectAt(webhook, 'clientConfig'), caBundle } }
  })
  return { ...wanted, metadata, webhooks }
}

function listOf(configuration: JsonObject): readonly JsonObject[] {
  const webhooks = fieldAt(configuration, 'webhooks')
  return isList(webhooks) ? webhooks.filter(isObject) : []
}

function nameOf(webhook: JsonObject): string {
  return textAt(webhook, 'name') ?? ''
}

function hasBundle(webhook: JsonObject): boolean {
  return fieldAt(webhook, 'clientConfig', 'caBundle') !== undefined
}

function withoutBundle(webhook: JsonObject): JsonObject {
  const { caBundle: _, ...clientConfig } = objectAt(webhook, 'clientConfig') ?? {}
  return { ...webhook, clientConfig }
}
