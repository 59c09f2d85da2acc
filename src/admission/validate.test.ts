import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gpuContainer, gpuPod } from '../policy/testing.ts'
import { ownerBits } from '../quota/claim.ts'
import type { Request } from '../quota/decide.ts'
import type { Verdict } from '../quota/verdict.ts'
import type { JsonObject } from '../schema/parts.ts'
import { written } from '../schema/testing.ts'
import type { Cluster } from './cluster.ts'
import { clusterWith, deskOf, reviewed } from './testing.ts'
import { type QuotaDesk, type ValidateOptions, validatePod } from './validate.ts'

const TENANT_A = { cohort: 'research', namespaces: ['team-a'], classes: [{ class: 'h100', reserved: 8 }] }
const CHARGE: ValidateOptions = { deadlineMs: 1_000, isPreview: false }

/** A desk that notes how it was asked, and answers with the ledger, or with a verdict of its own. */
function watched(desk: QuotaDesk, answer?: Verdict) {
  const asked: (Request & { readonly how: 'charge' | 'preview' })[] = []
  const ask = (how: 'charge' | 'preview') => (request: Request, deadlineMs: number) => {
    asked.push({ ...request, how })
    return answer === undefined ? desk[how](request, deadlineMs) : Promise.resolve(answer)
  }
  return { asked, charge: ask('charge'), preview: ask('preview') }
}

interface Given {
  readonly cluster?: Cluster
  readonly options?: Partial<ValidateOptions>
  readonly namespace?: string
  readonly verdict?: Verdict
}

async function validate(json: JsonObject, { cluster = clusterWith(), options = {}, namespace, verdict }: Given = {}) {
  const { request, pod } = reviewed(json, namespace)
  const desk = watched(await deskOf(cluster), verdict)
  return { ...(await validatePod(request, pod, cluster, desk, { ...CHARGE, ...options })), asked: desk.asked }
}

const codes = (denials: readonly { readonly code: string }[]) => denials.map(({ code }) => code)
const smallPod = (gpus: number, metadata: JsonObject = {}) =>
  gpuPod({ containers: [gpuContainer(gpus)] }, { uid: 'u', name: 'p', ...metadata })

test('a pod that keeps the rules is charged, by its own UID, to the tier that it names or gets', async () => {
  const { asked, denials, tier } = await validate(smallPod(8))
  assert.deepEqual([denials, tier], [[], 'reserved'])
  assert.deepEqual(asked, [
    {
      how: 'charge',
      uid: 'u',
      namespace: 'team-a',
      tenant: 'a',
      tier: 'auto',
      demand: new Map([['h100', 8_000n]]),
      gang: undefined,
    },
  ])
  const named = await validate(smallPod(2, { labels: { 'sluice.dev/tier': 'burst' } }))
  assert.deepEqual([named.asked[0]?.tier, named.tier], ['burst', 'burst'])
})

test('the first pod of a gang is admitted with room for all, or refused with what all of them ask for', async () => {
  const job = (parallelism: number): JsonObject => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'ft', namespace: 'team-a' },
    spec: { parallelism, template: { spec: { containers: [gpuContainer(4)] } } },
  })
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: 'ft', uid: 'j', controller: true }]
  const first = smallPod(4, { ownerReferences })
  const fits = await validate(first, { cluster: clusterWith(job(2)) })
  assert.deepEqual([fits.denials, fits.tier], [[], 'reserved'])
  assert.deepEqual(fits.asked[0]?.gang, { id: 'team-a/Job/j', size: 2, demand: new Map([['h100', 8_000n]]) })

  const tooLarge = await validate(first, { cluster: clusterWith(job(6)) })
  assert.deepEqual(codes(tooLarge.denials), ['SLU-Q202'])
  assert.match(tooLarge.denials[0]?.message ?? '', /requested: h100=24/)
})

test('a pod without a UID is known by that of the review', async () => {
  const { asked } = await validate(gpuPod({}, { generateName: 'worker-' }))
  assert.equal(asked[0]?.uid, 'review')
})

test('a pod asks with the bits of its controller, and with none where it has none', async () => {
  const reference = { apiVersion: 'batch/v1', kind: 'Job', name: 'train', uid: 'job' }
  const ownersOf = async (...ownerReferences: JsonObject[]) =>
    (await validate(smallPod(1, { ownerReferences }))).asked.map(({ owner }) => owner)
  assert.deepEqual(await ownersOf(reference, { ...reference, controller: true }), [ownerBits('team-a', 'job')])
  assert.deepEqual(await ownersOf(reference), [undefined])
  assert.deepEqual(await ownersOf({ ...reference, uid: '', controller: true }), [undefined])
})

test('a dry run, and a pod that a rule refuses, is only previewed', async () => {
  const strict = clusterWith(written('GpuPolicy', 'strict', { validate: [{ expression: 'false', message: 'no' }] }))
  assert.deepEqual(
    (await validate(smallPod(8), { options: { isPreview: true } })).asked.map(({ how }) => how),
    ['preview'],
  )
  const refused = await validate(smallPod(64), { cluster: strict })
  assert.deepEqual(
    refused.asked.map(({ how }) => how),
    ['preview'],
  )
  // Both are told in one answer.
  assert.deepEqual(codes(refused.denials), ['SLU-P100', 'SLU-Q202'])
})

test('what cannot be counted, asks for nothing, or has no quota to ask is not charged', async () => {
  const cases: readonly {
    readonly name: string
    readonly pod: JsonObject
    readonly given?: Given
    readonly want: readonly string[]
  }[] = [
    { name: 'an unknown tier', pod: smallPod(8, { labels: { 'sluice.dev/tier': 'gold' } }), want: ['SLU-E121'] },
    {
      name: 'no quantity',
      pod: { spec: { containers: [{ name: 'm', resources: { limits: { 'nvidia.com/gpu': 'x' } } }] } },
      want: ['SLU-E102'],
    },
    {
      name: 'a placeholder',
      pod: { spec: { containers: [{ name: 'm', resources: { limits: { 'nvidia.com/gpu': '${N}' } } }] } },
      want: [],
    },
    { name: 'no GPU', pod: { spec: { containers: [{ name: 'm' }] } }, want: [] },
    { name: 'no tenant', pod: smallPod(8), given: { namespace: 'elsewhere' }, want: ['SLU-Q211'] },
    {
      name: 'no quotas known',
      pod: smallPod(64),
      given: { namespace: 'elsewhere', options: { isQuotaKnown: false } },
      want: [],
    },
  ]
  for (const { name, pod, given, want } of cases) {
    const { asked, denials } = await validate(pod, given)
    assert.deepEqual([codes(denials), asked], [want, []], name)
  }
})

test('each verdict of the desk has its words', async () => {
  const cases: readonly {
    readonly name: string
    readonly pod: JsonObject
    readonly verdict?: Verdict
    readonly want: readonly string[]
  }[] = [
    { name: 'refused', pod: smallPod(64), want: ['SLU-Q202'] },
    {
      name: 'barred',
      pod: gpuPod({ nodeSelector: { 'node.kubernetes.io/instance-type': 'p4d.24xlarge' } }),
      want: ['SLU-Q210'],
    },
    {
      name: 'busy',
      pod: smallPod(8),
      verdict: { kind: 'busy', because: 'deadline', retryAfterMs: 1_500 },
      want: ['SLU-Q230'],
    },
  ]
  for (const { name, pod, verdict, want } of cases) {
    const { denials, tier } = await validate(pod, verdict === undefined ? {} : { verdict })
    assert.deepEqual([codes(denials), tier], [want, undefined], name)
    for (const { reason, message } of denials)
      assert.deepEqual([reason, message.startsWith('exceeded quota:')], ['Forbidden', true], name)
  }
  const busy = await validate(smallPod(8), { verdict: { kind: 'busy', because: 'store', retryAfterMs: 1_500 } })
  assert.equal(busy.denials[0]?.fix, 'try again in 2 s; a controller does so by itself')
})

test('what is borrowed is said with its notice', async () => {
  const { warnings, tier } = await validate(smallPod(2, { labels: { 'sluice.dev/tier': 'burst' } }))
  assert.deepEqual(
    [tier, warnings],
    ['burst', ['borrows 2 h100 from the burst pool of research; can be reclaimed with 90 s notice']],
  )
})

test('a tenant that is warned is admitted, and hears first that nothing is enforced', async () => {
  const warned = clusterWith(written('TenantQuota', 'a', { ...TENANT_A, enforcement: 'Warn' }))
  const { denials, warnings, audited } = await validate(smallPod(64), { cluster: warned })
  assert.deepEqual([denials, audited, warnings.length], [[], [], 1])
  assert.match(warnings[0] ?? '', /^not enforced: \[SLU-Q202\] exceeded quota: a\/burst, requested: h100=64/)
})

test('a pod that a trusted queue has decided on is charged where it fits, and admitted with a warning where it does not', async () => {
  const kueue = { labels: { 'kueue.x-k8s.io/podset': 'main' } }
  const volcano = { schedulerName: 'volcano' }
  const queued = (gpus: number, spec: JsonObject, metadata: JsonObject) =>
    gpuPod({ containers: [gpuContainer(gpus)], ...spec }, { uid: 'u', name: 'p', ...metadata })
  const trusting = (...trustedQueues: readonly string[]) =>
    clusterWith(written('TenantQuota', 'a', { ...TENANT_A, trustedQueues }))
  const cases: readonly {
    readonly name: string
    readonly pod: JsonObject
    readonly cluster: Cluster
    readonly want: readonly [tier: string | undefined, denials: readonly string[], warning: RegExp]
  }[] = [
    { name: 'it fits', pod: queued(8, {}, kueue), cluster: trusting('kueue'), want: ['reserved', [], /^$/] },
    {
      name: 'it does not',
      pod: queued(64, {}, kueue),
      cluster: trusting('volcano', 'kueue'),
      want: [
        undefined,
        [],
        /^queued by kueue, not enforced: \[SLU-Q202\] exceeded quota: a\/burst, requested: h100=64/,
      ],
    },
    {
      name: 'a scheduler',
      pod: queued(64, volcano, {}),
      cluster: trusting('volcano'),
      want: [undefined, [], /^queued by volcano, not enforced: /],
    },
    {
      name: 'another queue',
      pod: queued(64, volcano, {}),
      cluster: trusting('kueue'),
      want: [undefined, ['SLU-Q202'], /^$/],
    },
    { name: 'no queue', pod: smallPod(64), cluster: trusting('kueue', 'kai'), want: [undefined, ['SLU-Q202'], /^$/] },
    {
      name: 'a mark is no trust',
      pod: queued(64, {}, kueue),
      cluster: trusting(),
      want: [undefined, ['SLU-Q202'], /^$/],
    },
  ]
  for (const { name, pod, cluster, want } of cases) {
    const { tier, denials, warnings, asked } = await validate(pod, { cluster })
    assert.deepEqual([tier, codes(denials)], [want[0], want[1]], name)
    assert.match(warnings.join(), want[2], name)
    assert.deepEqual(
      asked.map(({ how }) => how),
      ['charge'],
      name,
    )
  }
})

test('a trusted queue waives quota, never a rule, and has no say in a namespace of nobody', async () => {
  const cluster = clusterWith(
    written('TenantQuota', 'a', { ...TENANT_A, trustedQueues: ['kai'] }),
    written('GpuPolicy', 'strict', { validate: [{ expression: 'false', message: 'no' }] }),
  )
  const pod = gpuPod({ schedulerName: 'kai-scheduler' }, { uid: 'u', name: 'p' })
  assert.deepEqual(codes((await validate(pod, { cluster })).denials), ['SLU-P100'])
  const nobody = await validate(pod, { cluster, namespace: 'elsewhere' })
  assert.deepEqual(codes(nobody.denials), ['SLU-P100', 'SLU-Q211'])
})

test('a tenant that is audited hears nothing of its queues either', async () => {
  const spec = { ...TENANT_A, enforcement: 'Audit', trustedQueues: ['kai'] }
  const pod = gpuPod({ containers: [gpuContainer(64)], schedulerName: 'kai-scheduler' }, { uid: 'u', name: 'p' })
  const { warnings, audited } = await validate(pod, { cluster: clusterWith(written('TenantQuota', 'a', spec)) })
  assert.deepEqual([warnings, codes(audited)], [[], ['SLU-Q202']])
})

test('a tenant that is audited is admitted and hears nothing', async () => {
  const audited = clusterWith(written('TenantQuota', 'a', { ...TENANT_A, enforcement: 'Audit' }))
  const validation = await validate(smallPod(64), { cluster: audited })
  assert.deepEqual([validation.denials, validation.warnings, codes(validation.audited)], [[], [], ['SLU-Q202']])
})

test('rules deny, warn or are only recorded, by their mode', async () => {
  const rule = (mode: string, more: JsonObject = {}) => ({ expression: 'false', message: `in ${mode}`, mode, ...more })
  const cluster = clusterWith(
    written('GpuPolicy', 'p', {
      validate: [
        rule('Enforce', { fix: 'mend it' }),
        rule('Warn', { fix: 'or mend it' }),
        rule('Warn', { fix: 'x'.repeat(200), code: 'SLU-P900' }),
        rule('Audit'),
      ],
    }),
  )
  const { denials, warnings, audited } = await validate(smallPod(8), { cluster })
  assert.deepEqual(denials, [
    { policy: 'p', code: 'SLU-P100', reason: 'Invalid', message: 'in Enforce', fix: 'mend it' },
  ])
  // A remedy that does not fit stands on the page of the code.
  assert.deepEqual(warnings, ['[SLU-P100] in Warn; or mend it', '[SLU-P900] in Warn'])
  assert.deepEqual(
    audited.map(({ message }) => message),
    ['in Audit'],
  )
})

test('a rule that cannot be evaluated refuses, and the log learns why', async () => {
  const cluster = clusterWith(written('GpuPolicy', 'p', { validate: [{ expression: 'object.spec.absent' }] }))
  const { denials, problems } = await validate(smallPod(8), { cluster })
  assert.deepEqual(codes(denials), ['SLU-P101'])
  assert.deepEqual(
    problems.map(({ policy }) => policy),
    ['p'],
  )
  assert.ok(!JSON.stringify(denials).includes('absent'), 'a tenant reads the expression of a policy')
})

test('what is said of how a pod was counted is a warning', async () => {
  const { warnings } = await validate(gpuPod({ nodeSelector: { 'node.kubernetes.io/instance-type': 'x9.huge' } }))
  assert.match(warnings[0] ?? '', /counted as h100$/)
})
