import type { JsonObject } from '../schema/parts.ts'
import type { AdmissionRequest } from '../schema/review.ts'
import type { Judgement } from './guard.ts'
import { textAt } from './objects.ts'
import type { ObjectReview } from './review-object.ts'
import { quoted } from './text.ts'

export type User = NonNullable<AdmissionRequest['userInfo']>

/** On a ledger: the reason why somebody else than Sluice writes it. */
export const BREAK_GLASS = 'sluice.dev/break-glass'
/** Whoever is in this group is not bound by RBAC either (kubernetes.io/docs/reference/access-authn-authz/rbac). */
const MASTERS = 'system:masters'

/** A ledger is written by Sluice alone: a foreign hand would admit what does not fit, or refuse what does. */
export function judgeLedger(review: ObjectReview, isSelf: (user: User) => boolean): Judgement {
  const { userInfo = {} } = review.request
  if (isSelf(userInfo)) return { denials: [], warnings: [] }
  const by = breakGlass(userInfo, review.operation === 'DELETE' ? review.oldObject : review.object)
  if (by !== undefined) {
    return { denials: [], warnings: [`QuotaLedger ${quoted(review.name)} is Sluice's own; let through by ${by}`] }
  }
  return { denials: [OWN], warnings: [] }
}

const OWN = {
  code: 'SLU-E220',
  reason: 'Forbidden',
  message: 'a QuotaLedger is written by Sluice alone',
  why: 'it is the truth about what is in use, and every admission is decided on it',
  fix: `change quotas or delete pods instead; in an emergency say why in the annotation ${BREAK_GLASS}`,
} as const

function breakGlass({ groups = [] }: User, ledger: JsonObject | undefined): string | undefined {
  if (groups.includes(MASTERS)) return `the group ${MASTERS}`
  const reason = textAt(ledger, 'metadata', 'annotations', BREAK_GLASS)?.trim() ?? ''
  return reason === '' ? undefined : `the annotation ${BREAK_GLASS}: ${quoted(reason)}`
}
