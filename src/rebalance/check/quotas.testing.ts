/** Random quotas, of which most may be lent and borrowed, so that much is contended for. */
import fc from 'fast-check'
import { cohort, type Scenario, tenant } from '../../quota/testing.ts'

const someLimit = (max: number) => fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, fc.integer({ min: 0, max }))

const someCohort = fc.record({
  shared: fc.integer({ min: 0, max: 6 }),
  burst: fc.integer({ min: 0, max: 10 }),
  borrowingLimit: someLimit(8),
  lendingLimit: someLimit(8),
})

const someTenant = fc.record({
  reserved: fc.integer({ min: 0, max: 6 }),
  sharedMax: someLimit(6),
  burstLimit: someLimit(10),
  lendingLimit: someLimit(6),
  cap: someLimit(20),
})

const bothClasses = <T>(numbers: fc.Arbitrary<T>) => fc.record({ a: numbers, b: numbers })

const someWeight = fc.constantFrom(1n, 1n, 1n, 0n, 2n, 5n).map(units => ({ nanos: units * 1_000_000_000n }))

/** Up to three cohorts that lend most of what they have, and tenants that may borrow most of it. */
export const someQuotas: fc.Arbitrary<Scenario> = fc
  .record({
    cohorts: fc.array(fc.record({ parent: fc.nat(9), weight: someWeight, classes: bothClasses(someCohort) }), {
      minLength: 1,
      maxLength: 3,
    }),
    tenants: fc.array(fc.record({ home: fc.nat(9), weight: someWeight, classes: bothClasses(someTenant) }), {
      minLength: 2,
      maxLength: 5,
    }),
  })
  .map(({ cohorts, tenants }) => ({
    cohorts: cohorts.map(({ parent, weight, classes }, index) => ({
      ...cohort(`c${index}`, classes, index === 0 ? null : `c${parent % index}`),
      weight,
    })),
    tenants: tenants.map(({ home, weight, classes }, index) => {
      return tenant(`t${index}`, `c${home % cohorts.length}`, classes, { weight })
    }),
  }))
