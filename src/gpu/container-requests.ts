import type { Container, PodSpec } from '../schema/pod.ts'
import { fieldPath } from '../schema/validator.ts'
import { readCount } from './counts.ts'
import type { Findings } from './findings.ts'
import { isExtendedResource } from './resource-names.ts'

/** Where a container stands in its pod. */
export interface ContainerRef {
  readonly list: 'containers' | 'initContainers'
  readonly index: number
  readonly name: string
}

/** The extended resources of one container. */
export interface ContainerRequest {
  readonly ref: ContainerRef
  /** The JSON pointer of its resources, for messages. */
  readonly place: string
  /** How it runs: to its end before the next, from its start on beside the others, or as the pod's own work. */
  readonly phase: 'init' | 'sidecar' | 'main'
  /** Units by resource name, zeros included, without those that could not be read. */
  readonly units: ReadonlyMap<string, bigint>
  readonly claims: readonly ClaimUse[]
}

/** A claim of the pod that a container uses: all of it, or one request. */
export interface ClaimUse {
  readonly name: string
  readonly request?: string
}

// A pod object of 3 MiB holds some 50,000 minimal containers; no kubelet runs a thousand, and real pods have a few dozen.
const MAX_CONTAINERS = 1000
const MAX_RESOURCES = 64
const MAX_CLAIMS = 256

const NO_UNITS: ReadonlyMap<string, bigint> = new Map()

/** What a pod asks for, container by container in the order they start, and the resources with a count still open. */
export interface PodRequests {
  readonly containers: readonly ContainerRequest[]
  readonly overhead: ReadonlyMap<string, bigint>
  readonly unread: ReadonlySet<string>
}

export function readRequests(spec: PodSpec, findings: Findings): PodRequests {
  const unread = new Set<string>()
  const containers: readonly ResourceUser[] = spec.containers
  const initContainers: readonly ResourceUser[] = spec.initContainers ?? []
  const count = initContainers.length + containers.length
  if (count > MAX_CONTAINERS) {
    const at = initContainers.length > containers.length ? 'spec.initContainers' : 'spec.containers'
    findings.refuse({
      at,
      problem: `${count} containers and init containers`,
      remedy: `a pod has at most ${MAX_CONTAINERS}`,
    })
    return { containers: [], overhead: NO_UNITS, unread }
  }
  const requests = [
    ...initContainers.map((container, index) => readContainer(container, 'initContainers', index, unread, findings)),
    ...containers.map((container, index) => readContainer(container, 'containers', index, unread, findings)),
  ]
  // A RuntimeClass may charge devices to every pod that uses it; the API server writes them here.
  const overhead = readUnits([{ place: '/spec/overhead', quantities: spec.overhead ?? {} }], unread, findings)
  return { containers: requests, overhead, unread }
}

type ResourceUser = Pick<Container, 'name' | 'restartPolicy' | 'resources'>

function readContainer(
  container: ResourceUser,
  list: ContainerRef['list'],
  index: number,
  unread: Set<string>,
  findings: Findings,
): ContainerRequest {
  const ref = { list, index, name: container.name }
  const { requests = {}, limits = {}, claims = [] } = container.resources ?? {}
  const place = `/spec/${list}/${index}/resources`
  const lists = [
    { place: `${place}/requests`, quantities: requests },
    { place: `${place}/limits`, quantities: limits },
  ]
  const units = readUnits(lists, unread, findings)
  if (claims.length > MAX_CLAIMS) findings.refuse(tooManyClaims(fieldPath(place), claims.length))
  return { ref, place, phase: phaseOf(container, list), units, claims: claims.length > MAX_CLAIMS ? [] : claims }
}

function phaseOf(container: ResourceUser, list: ContainerRef['list']): ContainerRequest['phase'] {
  if (list === 'containers') return 'main'
  return container.restartPolicy === 'Always' ? 'sidecar' : 'init'
}

interface QuantityList {
  readonly place: string
  readonly quantities: Readonly<Record<string, unknown>>
}

/** The first list that has a resource counts, key by key: requests default to limits. The later ones are read for errors. */
function readUnits(
  lists: readonly QuantityList[],
  unread: Set<string>,
  findings: Findings,
): ReadonlyMap<string, bigint> {
  const units = new Map<string, bigint>()
  const seen = new Map<string, unknown>()
  for (const { place, quantities } of lists) {
    for (const name of Object.keys(quantities)) {
      if (!isExtendedResource(name)) continue
      const value = quantities[name]
      if (seen.has(name) && seen.get(name) === value) continue
      if (seen.size >= MAX_RESOURCES && !seen.has(name)) {
        findings.refuse(tooManyResources(place))
        return units
      }
      const count = readUnit(place, name, value, findings)
      if (count === undefined) unread.add(name)
      else if (!seen.has(name)) units.set(name, count)
      seen.set(name, value)
    }
  }
  return units
}

function readUnit(place: string, name: string, value: unknown, findings: Findings): bigint | undefined {
  const count = readCount(value)
  switch (count.kind) {
    case 'count':
      return count.value
    case 'open':
      findings.leaveOpen({
        at: placeOfResource(place, name),
        problem: 'a template variable stands where a quantity should be',
        remedy: 'render the template first',
      })
      return undefined
    case 'bad':
      findings.refuse({ at: placeOfResource(place, name), problem: count.problem, remedy: count.remedy })
      return undefined
  }
}

function tooManyResources(place: string) {
  return {
    at: fieldPath(place),
    problem: `more than ${MAX_RESOURCES} extended resources in one container`,
    remedy: 'ask for fewer',
  }
}

function tooManyClaims(at: string, count: number) {
  return { at, problem: `${count} claims in one container`, remedy: `a container uses at most ${MAX_CLAIMS}` }
}

function placeOfResource(place: string, name: string): string {
  return fieldPath(`${place}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`)
}
