/** Kubernetes quantities in expressions: `quantity('8')`, `quantity('1500m').add(1)`. */
import { NANOS_PER_UNIT, parseQuantity } from '../../../quantity/quantity.ts'
import { CelFailure } from '../failure.ts'
import { fitsInt64 } from '../int64.ts'
import { type FunctionDefinition, overloads } from './definition.ts'

export const QUANTITY_TYPE = 'kubernetes.Quantity'

/** A quantity inside an evaluation. A class, because the package tells types apart by constructor. */
export class CelQuantity {
  readonly nanos: bigint

  constructor(nanos: bigint) {
    this.nanos = nanos
  }
}

const Q = QUANTITY_TYPE

export const quantityFunctions: readonly FunctionDefinition[] = [
  {
    name: 'quantity',
    params: ['string'],
    returns: Q,
    call: quantity,
    prepare: ([literal]) => {
      if (typeof literal !== 'string') return undefined
      const constant = quantity(literal)
      return () => constant
    },
  },
  { name: 'isQuantity', params: ['string'], returns: 'bool', call: (text: string) => parseQuantity(text).ok },
  // Kubernetes documents sign() as a method and declares it as a function.
  { name: 'sign', params: [Q], returns: 'int', call: sign },
  { name: 'sign', receiver: Q, params: [], returns: 'int', call: sign },
  { name: 'isInteger', receiver: Q, params: [], returns: 'bool', call: (q: CelQuantity) => intOf(q) !== undefined },
  { name: 'asInteger', receiver: Q, params: [], returns: 'int', call: asInteger },
  {
    name: 'asApproximateFloat',
    receiver: Q,
    params: [],
    returns: 'double',
    call: (q: CelQuantity) => Number(q.nanos) / Number(NANOS_PER_UNIT),
  },
  ...overloads('add', Q, [
    { receiver: Q, params: [Q], call: (a: CelQuantity, b: CelQuantity) => new CelQuantity(a.nanos + b.nanos) },
    {
      receiver: Q,
      params: ['int'],
      call: (a: CelQuantity, b: bigint) => new CelQuantity(a.nanos + b * NANOS_PER_UNIT),
    },
  ]),
  ...overloads('sub', Q, [
    { receiver: Q, params: [Q], call: (a: CelQuantity, b: CelQuantity) => new CelQuantity(a.nanos - b.nanos) },
    {
      receiver: Q,
      params: ['int'],
      call: (a: CelQuantity, b: bigint) => new CelQuantity(a.nanos - b * NANOS_PER_UNIT),
    },
  ]),
  { name: 'compareTo', receiver: Q, params: [Q], returns: 'int', call: compare },
  { name: 'isLessThan', receiver: Q, params: [Q], returns: 'bool', call: (a, b) => compare(a, b) < 0n },
  { name: 'isGreaterThan', receiver: Q, params: [Q], returns: 'bool', call: (a, b) => compare(a, b) > 0n },
]

function quantity(text: string): CelQuantity {
  // Nearly every quantity of a GPU is a small whole number, and the general parser takes a microsecond.
  if (/^\d{1,15}$/.test(text)) return new CelQuantity(BigInt(text) * NANOS_PER_UNIT)
  const result = parseQuantity(text)
  if (!result.ok) throw new CelFailure('not a quantity such as 8, 500m or 128Gi')
  return new CelQuantity(result.value.nanos)
}

function asInteger(q: CelQuantity): bigint {
  const int = intOf(q)
  if (int === undefined) throw new CelFailure('the quantity is not a 64-bit integer')
  return int
}

function intOf({ nanos }: CelQuantity): bigint | undefined {
  if (nanos % NANOS_PER_UNIT !== 0n) return undefined
  const int = nanos / NANOS_PER_UNIT
  return fitsInt64(int) ? int : undefined
}

function sign({ nanos }: CelQuantity): bigint {
  return nanos === 0n ? 0n : nanos < 0n ? -1n : 1n
}

function compare(a: CelQuantity, b: CelQuantity): bigint {
  return sign(new CelQuantity(a.nanos - b.nanos))
}
