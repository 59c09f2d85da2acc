import { workloadOf } from '../gpu/workload.ts'
import type { JsonObject } from '../schema/parts.ts'
import { type Pod, parsePod } from '../schema/pod.ts'
import type { TemplatePod } from './draft.ts'
import { workloadShape } from './kueue-workload.ts'
import { podTemplates } from './templates.ts'

/*
 * What a controller's object tells of the gangs that its pods form: how many pods of which template each of them needs.
 */

/** The members of a gang that are made alike. */
export interface GangPart {
  /** As `workloadOf` names it. */
  readonly role: string
  /** Undefined where the object leaves its pods to others, as a TrainJob does to its runtime. */
  readonly pod: Pod | undefined
  /** How many of them have to run: none where all of them are past an elastic minimum. */
  readonly members: number
}

export interface GangShape {
  /** As `workloadOf` names the gang, without the namespace; undefined where the object's pods have no name in common. */
  readonly id: string | undefined
  /** All pods of the gang, as many as are wanted. What only starts or watches the others is not counted. */
  readonly size: number
  readonly parts: readonly GangPart[]
}

// Nobody writes a gang of more kinds of pods. They are read when a pod comes, and what each of them asks for is computed every time.
const MAX_TEMPLATES = 64

// Reading an object costs more than judging a pod, and an object in hand never changes: a new version is a new object.
const read = new WeakMap<JsonObject, readonly GangShape[]>()

/** The gangs that an object describes; most describe one. Never throws: what is junk or still open describes none. */
export function gangShapes(object: JsonObject): readonly GangShape[] {
  const known = read.get(object)
  if (known !== undefined) return known
  const shapes = readShapes(object)
  read.set(object, shapes)
  return shapes
}

function readShapes(object: JsonObject): readonly GangShape[] {
  const workload = workloadShape(object)
  if (workload !== undefined) return [workload]
  const templates = podTemplates(object, MAX_TEMPLATES + 1)
  if (templates.length > MAX_TEMPLATES) return []
  const members = templates.flatMap(template => memberOf(template) ?? [])
  return [...Map.groupBy(members, ({ id }) => id).values()].flatMap(gang => shapeOf(gang) ?? [])
}

interface Member {
  readonly id: string
  readonly template: TemplatePod
  readonly part: GangPart
}

/** A template whose pods name a gang. One that cannot be read belongs to none: its pods are refused when they come. */
function memberOf(template: TemplatePod): Member | undefined {
  const pod = parsePod(template.pod)
  if (!pod.ok || !template.createsPods) return undefined
  const { gang, role } = workloadOf(
    pod.value,
    '',
    template.gangSize === undefined ? {} : { gangSize: template.gangSize },
  )
  if (gang === undefined) return undefined
  const part = { role, pod: template.isPodKnown ? pod.value : undefined, members: template.gangMembers ?? 0 }
  return { id: gang.id, template, part }
}

function shapeOf(members: readonly Member[]): GangShape | undefined {
  const named = members.find(({ template }) => template.gangSize !== undefined)
  const size = named?.template.gangSize
  if (named === undefined || size === undefined || members.some(isOpen)) return undefined
  return { id: named.id, size, parts: members.map(({ part }) => part) }
}

/** A template of no gang beside others of one, such as an initializer, has no members; one whose count is open may have any. */
function isOpen({ template }: Member): boolean {
  return template.gangMembers === undefined && template.isPodKnown && template.undecidable.length > 0
}
