import { parseQuantity } from '../../quantity/quantity.ts'

/*
 * What the API server holds values to. A patch with a value that it refuses fails the create of the pod, even under
 * `failurePolicy: Ignore`, so such a value is never written.
 */

const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/
const MAX_LABEL_LENGTH = 63

export function isLabelValue(text: string): boolean {
  return text.length <= MAX_LABEL_LENGTH && LABEL_VALUE.test(text)
}

/** Whether a text can be the size of a volume: a quantity that is not negative. */
export function isSize(text: string): boolean {
  const quantity = parseQuantity(text)
  return quantity.ok && quantity.value.nanos >= 0n
}
