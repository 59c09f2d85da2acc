import Type from 'typebox'
import { defineKind, READY_COLUMNS } from './kind.ts'
import { choice, dnsName, gpuCount, integer, list, object, TIERS, text } from './parts.ts'
import { conditionFields } from './status.ts'

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
  limit: Type.Optional(gpuCount('The most the tenant may use now. No limit without it.')),
  borrowed: Type.Optional(gpuCount('How much of it belongs to others and can be reclaimed.')),
})

/** A tenant's own window on its quota: written by the controller, read by the tenant. */
export const gpuUsage = defineKind({
  kind: 'GpuUsage',
  plural: 'gpuusages',
  scope: 'Namespaced',
  description: 'What a tenant uses, may use and has borrowed, and its recent denials. Written by Sluice.',
  spec: object('Whose usage it is.', { tenant: dnsName('The TenantQuota.') }),
  status: object('The usage.', {
    ...conditionFields,
    classes: Type.Optional(list('By class and tier.', tierUse, { keys: ['class', 'tier'] })),
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
  }),
  columns: [
    { name: 'Tenant', type: 'string', jsonPath: '.spec.tenant', description: 'Whose usage it is.' },
    ...READY_COLUMNS,
  ],
})
