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
const MAX_RESOURCES = 32
const MAX_CLAIMS = 64

const NO_UNITS: ReadonlyMap<string, bigint> = new Map()
const NO_CLAIMS: readonly ClaimUse[] = []
const NO_QUANTITIES: Quantities = {}

/** What a pod asks for, container by container in the order they start, and the resources with a count still open. */
export interface PodRequests {
  readonly containers: readonly ContainerRequest[]
  readonly overhead: ReadonlyMap<string, bigint>
  readonly unread: ReadonlySet<string>
}

export function hasTooManyContainers({ containers, initContainers = [] }: PodSpec): boolean {
  return containers.length + initContainers.length > MAX_CONTAINERS
}

export function readRequests(spec: PodSpec, findings: Findings): PodRequests {
  const unread = new Set<string>()
  if (hasTooManyContainers(spec)) {
    findings.refuse(tooManyContainers(spec))
    return { containers: [], overhead: NO_UNITS, unread }
  }
  const containers: readonly ResourceUser[] = spec.containers
  const initContainers: readonly ResourceUser[] = spec.initContainers ?? []
  const requests = [
    ...initContainers.map((container, index) => readContainer(container, 'initContainers', index, unread, findings)),
    ...containers.map((container, index) => readContainer(container, 'containers', index, unread, findings)),
  ]
  // A RuntimeClass may charge devices to every pod that uses it; the API server writes them here.
  const overhead = readOverhead(spec, unread, findings)
  return { containers: requests, overhead, unread }
}

function readOverhead({ overhead = NO_QUANTITIES }: PodSpec, unread: Set<string>, findings: Findings) {
  const units = new Map<string, bigint>()
  for (const name of Object.keys(overhead).filter(isExtendedResource)) {
    const count = readUnit('/spec/overhead', name, overhead[name], findings)
    if (count === undefined) unread.add(name)
    else units.set(name, count)
  }
  return units
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
  const phase = phaseOf(container, list)
  const place = `/spec/${list}/${index}/resources`
  if (container.resources === undefined) return { ref, place, phase, units: NO_UNITS, claims: NO_CLAIMS }
  const { requests, limits, claims = NO_CLAIMS } = container.resources
  if (claims.length > MAX_CLAIMS) {
    findings.refuse(tooManyClaims(fieldPath(place), claims.length))
    return { ref, place, phase, units: NO_UNITS, claims: NO_CLAIMS }
  }
  return { ref, place, phase, units: readUnits(place, requests, limits, unread, findings), claims }
}

function phaseOf(container: ResourceUser, list: ContainerRef['list']): ContainerRequest['phase'] {
  if (list === 'containers') return 'main'
  return container.restartPolicy === 'Always' ? 'sidecar' : 'init'
}

type Quantities = Readonly<Record<string, unknown>>

/** Requests default to limits, key by key. A limit beside a request counts for nothing, and still has to be a quantity. */
function readUnits(
  place: string,
  requests: Quantities = NO_QUANTITIES,
  limits: Quantities = NO_QUANTITIES,
  unread: Set<string>,
  findings: Findings,
): ReadonlyMap<string, bigint> {
  const requested = Object.keys(requests).filter(isExtendedResource)
  const limited = Object.keys(limits).filter(isExtendedResource)
  if (requested.length + limited.length === 0) return NO_UNITS
  if (requested.length > MAX_RESOURCES || limited.length > MAX_RESOURCES) {
    findings.refuse(tooManyResources(place))
    return NO_UNITS
  }
  const units = new Map<string, bigint>()
  for (const name of requested) {
    const count = readUnit(`${place}/requests`, name, requests[name], findings)
    if (count === undefined) unread.add(name)
    else units.set(name, count)
  }
  for (const name of limited) {
    const isRequested = Object.hasOwn(requests, name)
    if (isRequested && requests[name] === limits[name]) continue
    const count = readUnit(`${place}/limits`, name, limits[name], findings)
    if (count === undefined) unread.add(name)
    else if (!isRequested) units.set(name, count)
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

function tooManyContainers({ containers, initContainers = [] }: PodSpec) {
  return {
    at: initContainers.length > containers.length ? 'spec.initContainers' : 'spec.containers',
    problem: `${containers.length} containers and ${initContainers.length} init containers`,
    remedy: `a pod has at most ${MAX_CONTAINERS} of them`,
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
