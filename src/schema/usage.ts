import Type from 'typebox'
import { defineKind } from './kind.ts'
import { choice, dnsName, gpuCount, integer, list, object, type ReadonlyStatic, TIERS, text } from './parts.ts'

/**
 * Internal: the charges of one cohort tree, written by compare-and-swap. It reports no conditions: writing them would change its
 * resource version, and so make every charge that is in flight lose.
 */
export const quotaLedger = defineKind({
  kind: 'QuotaLedger',
  plural: 'quotaledgers',
  scope: 'Cluster',
  description: 'Internal: the charges of one cohort tree. Written by Sluice alone, by compare-and-swap.',
  spec: object('The ledger.', {
    format: integer('The version of the encoding of `charges`.', { minimum: 1 }),
    charges: Type.String({
      description: 'The charges, as one opaque string: field tracking and decoding are what a write costs.',
    }),
  }),
})

const tierUse = object('Use of one class in one tier.', {
  class: dnsName('The AcceleratorClass.'),
  tier: choice('The tier.', TIERS),
  used: gpuCount('In use.'),
  limit: Type.Optional(gpuCount('The most the tenant may use if nobody else uses anything. No limit without it.')),
  available: Type.Optional(gpuCount('What would still fit now. No limit without it.')),
  borrowed: Type.Optional(gpuCount('How much of it stands on capacity that belongs to others.')),
  atRisk: Type.Optional(gpuCount('How much of it can be taken back with the notice that the status names.')),
  claimed: Type.Optional(gpuCount('What is held for pods that are to come, besides what is in use.')),
  over: Type.Optional(gpuCount('How much of it the limits have no room for any more, as after a cut.')),
})

const oversubscription = object('A cohort or its shared pool that holds more than it has and may borrow.', {
  kind: choice('What it is.', ['cohort', 'pool']),
  cohort: dnsName('The Cohort.'),
  class: dnsName('The AcceleratorClass.'),
  used: gpuCount('In use there.'),
  limit: gpuCount('The most there may be.'),
  reclaimable: gpuCount('The part that burst holds: it can be taken back.'),
  stuck: gpuCount('The part that reserved and shared use hold: it lasts until their pods end.'),
})

const usageStatus = object('The usage.', {
  noticeSeconds: Type.Optional(integer('How long the tenant is warned before what is at risk is taken back.')),
  classes: Type.Optional(list('By class and tier.', tierUse, { keys: ['class', 'tier'] })),
  oversubscribed: Type.Optional(
    list('Where the cohorts of the tenant hold more than they may.', oversubscription, {
      keys: ['kind', 'cohort', 'class'],
    }),
  ),
  recentDenials: Type.Optional(
    list(
      'The last denials, newest first.',
      object('One denial.', {
        code: text('The code.', { maxLength: 16 }),
        message: text('The first line of the message.', { maxLength: 160 }),
        time: Type.String({ description: 'When.', maxLength: 40 }),
      }),
      { maxItems: 16 },
    ),
  ),
})

export type UsageStatus = ReadonlyStatic<typeof usageStatus>

/** A tenant's own window on its quota: written by the controller, read by the tenant. */
export const gpuUsage = defineKind({
  kind: 'GpuUsage',
  plural: 'gpuusages',
  scope: 'Namespaced',
  description: 'What a tenant uses, may use and has borrowed, and its recent denials. Written by Sluice.',
  spec: object('Whose usage it is.', { tenant: dnsName('The TenantQuota.') }),
  status: usageStatus,
  columns: [{ name: 'Tenant', type: 'string', jsonPath: '.spec.tenant', description: 'Whose usage it is.' }],
})
