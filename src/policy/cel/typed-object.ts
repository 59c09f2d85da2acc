/**
 * Objects whose fields the checker knows: a field that does not exist is a compile error. One schema gives the type to the
 * checker and the values to the evaluator, so that what was checked is what is there.
 */
import { type CelKey, type CelValue, isList } from './value.ts'

/** The CEL type of a field, or the schema of the object it is. */
export type FieldType =
  | 'string'
  | 'bool'
  | 'int'
  | 'dyn'
  | 'list<string>'
  | 'map<string, int>'
  | 'map<string, list<string>>'
  | ObjectSchema

export interface ObjectSchema {
  readonly name: string
  readonly fields: ReadonlyMap<string, FieldType>
  /** The class of the values: the package tells types apart by constructor. */
  readonly constructor: new (
    entries: Iterable<readonly [CelKey, CelValue]>,
  ) => Map<CelKey, CelValue>
}

declare const brand: unique symbol

/** A value that has the type its schema says. */
export type TypedObject = ReadonlyMap<CelKey, CelValue> & { readonly [brand]: 'TypedObject' }

export function objectSchema(name: string, fields: Readonly<Record<string, FieldType>>): ObjectSchema {
  return { name, fields: new Map(Object.entries(fields)), constructor: class extends Map<CelKey, CelValue> {} }
}

/** The fields of the source that the schema names. What is absent, or of another type, is left out. */
export function typedObject(schema: ObjectSchema, source: CelValue): TypedObject {
  const entries: [CelKey, CelValue][] = []
  for (const [field, type] of schema.fields) {
    const value = source instanceof Map ? typedValue(type, source.get(field)) : undefined
    if (value !== undefined) entries.push([field, value])
  }
  return new schema.constructor(entries) as unknown as TypedObject
}

function typedValue(type: FieldType, value: CelValue | undefined): CelValue | undefined {
  if (value === undefined) return undefined
  if (typeof type === 'object') return value instanceof Map ? typedObject(type, value) : undefined
  return HAS_TYPE[type](value) ? value : undefined
}

const isText = (value: CelValue) => typeof value === 'string'
const isTextList = (value: CelValue) => isList(value) && value.every(isText)

const HAS_TYPE: Readonly<Record<Exclude<FieldType, ObjectSchema>, (value: CelValue) => boolean>> = {
  string: isText,
  bool: value => typeof value === 'boolean',
  int: value => typeof value === 'bigint',
  dyn: () => true,
  'list<string>': isTextList,
  'map<string, int>': value => isMapOf(value, entry => typeof entry === 'bigint'),
  'map<string, list<string>>': value => isMapOf(value, isTextList),
}

function isMapOf(value: CelValue, isEntry: (entry: CelValue) => boolean): boolean {
  return value instanceof Map && [...(value as ReadonlyMap<CelKey, CelValue>).values()].every(isEntry)
}
