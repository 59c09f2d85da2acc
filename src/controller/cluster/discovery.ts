/** Which collections an API server serves of the kinds that somebody wants to follow. */
import { fieldAt, textAt } from '../../admission/objects.ts'
import type { JsonObject, JsonValue } from '../../schema/parts.ts'
import type { ApiServer } from '../api-server.ts'

/** A kind as a path serves it. */
export interface Served {
  readonly apiVersion: string
  readonly kind: string
  /** Of the whole collection: `/apis/batch/v1/jobs`. */
  readonly path: string
}

export interface Discovery {
  readonly served: readonly Served[]
  /** Groups whose API does not answer: that of an aggregated server which is away, for example. */
  readonly failures: readonly Error[]
}

/**
 * The collections of these kinds, written `group/Kind`, the core group being empty. A group may serve a kind in several versions:
 * the preferred one is taken if it has it, else the first that does. Kinds that are not served are left out. Rejects when the API
 * server does not tell its groups.
 */
export async function discover(server: ApiServer, kinds: Iterable<string>): Promise<Discovery> {
  const wanted = Map.groupBy(kinds, kind => kind.slice(0, kind.indexOf('/')))
  const versionsOf = await versionsByGroup(server)
  const answers = await Promise.allSettled(
    [...wanted].map(async ([group, names]) => {
      const versions = group === '' ? ['v1'] : (versionsOf.get(group) ?? [])
      return inGroup(server, versions, new Set(names.map(name => name.slice(name.indexOf('/') + 1))))
    }),
  )
  return {
    served: answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : [])),
    failures: answers.flatMap(answer => (answer.status === 'rejected' ? [answer.reason as Error] : [])),
  }
}

async function versionsByGroup(server: ApiServer): Promise<ReadonlyMap<string, readonly string[]>> {
  const groups = objectsAt(await get(server, '/apis'), 'groups')
  return new Map(
    groups.map(group => {
      const preferred = textAt(group, 'preferredVersion', 'groupVersion')
      const all = objectsAt(group, 'versions').flatMap(version => textAt(version, 'groupVersion') ?? [])
      return [textAt(group, 'name') ?? '', [...new Set([...(preferred === undefined ? [] : [preferred]), ...all])]]
    }),
  )
}

async function inGroup(server: ApiServer, versions: readonly string[], kinds: Set<string>): Promise<readonly Served[]> {
  const found: Served[] = []
  for (const apiVersion of versions) {
    if (kinds.size === 0) break
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    for (const resource of objectsAt(await get(server, root), 'resources')) {
      const [kind, name] = [textAt(resource, 'kind'), textAt(resource, 'name')]
      // `jobs/status` is of kind Job as well.
      if (kind === undefined || name === undefined || name.includes('/') || !kinds.delete(kind)) continue
      found.push({ apiVersion, kind, path: `${root}/${name}` })
    }
  }
  return found
}

async function get(server: ApiServer, path: string): Promise<JsonObject> {
  const { status, body } = await server.call({ method: 'GET', path })
  if (status !== 200) throw new Error(`GET ${path} was answered with ${status}: ${textAt(body, 'message') ?? ''}`)
  return body
}

function objectsAt(value: JsonObject, field: string): readonly JsonObject[] {
  const list = fieldAt(value, field)
  if (!Array.isArray(list)) return []
  return (list as readonly JsonValue[]).filter((item): item is JsonObject => {
    return item !== null && typeof item === 'object' && !Array.isArray(item)
  })
}
