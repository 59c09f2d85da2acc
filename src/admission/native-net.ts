import type { ClassTable } from '../gpu/class-table.ts'
import { textLiteral, textsLiteral } from '../policy/cel/literal.ts'
import { TIER_LABEL } from '../policy/owned-keys.ts'
import type { TenantSpec } from '../quota/spec.ts'
import { type JsonObject, TIERS } from '../schema/parts.ts'
import type { Cluster } from './cluster.ts'
import { CONTAINERS, isAccelerator, podConditions } from './pod-conditions.ts'

/*
 * What the API server can hold up by itself while Sluice is away: a ValidatingAdmissionPolicy needs nobody to answer. It never
 * refuses what Sluice would admit, and it knows no usage: quota does not hold while Sluice is away.
 */

const NAME = 'sluice-net'

/** The policy and its binding, for pods that ask for accelerators outside these namespaces. */
export function nativeNet(cluster: Cluster, exempt: Iterable<string>): readonly JsonObject[] {
  const apiVersion = 'admissionregistration.k8s.io/v1'
  const metadata = { name: NAME, labels: { 'app.kubernetes.io/name': 'sluice' } }
  const values = [...new Set(exempt)].toSorted()
  const tenants = tenantsOf(cluster)
  const policy = {
    apiVersion,
    kind: 'ValidatingAdmissionPolicy',
    metadata,
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        matchPolicy: 'Equivalent',
        namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values }] },
        objectSelector: {},
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: '*' },
        ],
      },
      matchConditions: [{ name: 'may-use-accelerators', expression: podConditions(cluster).accelerated }],
      variables: [
        { name: 'asks', expression: asks(cluster.classes) },
        { name: 'takesParts', expression: takesParts(cluster.classes) },
      ],
      validations: [
        hasTier(tenants.filter(tenant => !isStrict(tenant))),
        ...validationsOf(tenants.filter(isStrict).flatMap(tenant => maximaOf(tenant, cluster))),
      ],
    },
  }
  const binding = {
    apiVersion,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata,
    spec: { policyName: NAME, validationActions: ['Deny'] },
  }
  return [policy, binding]
}

type Validation = {
  readonly expression: string
  readonly message: string
  readonly reason: 'Forbidden'
}

/**
 * Of what the mutating webhook gives, the tier is the one thing that every GPU pod has afterwards: the note of what was injected is
 * missing where the pod named its tier and had everything else. A pod that fits nowhere has none, and where a tenant is not
 * enforced such a pod is admitted.
 */
function hasTier(lenient: readonly TenantSpec[]): Validation {
  const tier = `object.metadata.?labels[?${textLiteral(TIER_LABEL)}].orValue('') in ${textsLiteral(TIERS)}`
  const spared = lenient.flatMap(({ namespaces }) => namespaces).toSorted()
  return {
    expression: [
      '!variables.asks',
      ...(spared.length === 0 ? [] : [`request.namespace in ${textsLiteral(spared)}`]),
      tier,
    ].join(' || '),
    message: `a pod that asks for accelerators carries the label ${TIER_LABEL}, which Sluice sets; it has not seen this one: try again`,
    reason: 'Forbidden',
  }
}

/** For certain, which the condition does not tell: a count may be 0, and a claim may be for something else. */
function asks(classes: ClassTable): string {
  const limits = 'c.?resources.?limits.orValue({})'
  return `${CONTAINERS}.exists(c, ${limits}.exists(name, ${isAccelerator(classes)} && string(${limits}[name]) != '0'))`
}

function isStrict({ enforcement, trustedQueues }: TenantSpec): boolean {
  return enforcement === 'Enforce' && trustedQueues.length === 0
}

function tenantsOf({ quotas }: Cluster): readonly TenantSpec[] {
  return [...quotas.treeOfTenant].flatMap(([name, tree]) => tree.tenants.get(name)?.spec ?? [])
}

/** The most of one resource that a pod may have in these namespaces. */
interface Maximum {
  readonly resource: string
  readonly limit: bigint
  readonly namespaces: readonly string[]
}

/** What no pod of the tenant may pass: for each resource the most that any class allows which it may mean. */
function maximaOf({ namespaces, classes }: TenantSpec, cluster: Cluster): readonly Maximum[] {
  if (namespaces.length === 0) return []
  return [...cluster.classes.byResource].flatMap(([resource, candidates]) => {
    // A class that the tenant may not use at all is Sluice's to refuse, which knows where the pod may land.
    const usable = candidates.flatMap(({ class: { name }, milliGpus }) => {
      const quota = classes.get(name)
      return quota === undefined ? [] : [quota.perPodMax === null ? undefined : quota.perPodMax / milliGpus]
    })
    const limits = usable.filter(limit => limit !== undefined)
    const [first, ...others] = limits
    if (first === undefined || limits.length < usable.length) return []
    return [{ resource, limit: others.reduce((most, limit) => (limit > most ? limit : most), first), namespaces }]
  })
}

/** One rule for all tenants that are alike in it. */
function validationsOf(maxima: readonly Maximum[]): readonly Validation[] {
  const alike = Map.groupBy(maxima, ({ resource, limit }) => `${resource} ${limit}`)
  return [...alike.values()].flatMap(([one, ...others]) => {
    if (one === undefined) return []
    const namespaces = [one, ...others].flatMap(maximum => maximum.namespaces)
    return [validationOf({ ...one, namespaces: namespaces.toSorted() })]
  })
}

// The containers of the pod's own alone: what they hold together is the least that the pod is charged.
function validationOf({ resource, limit, namespaces }: Maximum): Validation {
  const amount = `c.?resources.?limits[?${textLiteral(resource)}].orValue('0')`
  const held = `object.spec.containers.map(c, quantity(string(${amount})).asInteger()).sum()`
  return {
    expression: `!(request.namespace in ${textsLiteral(namespaces)}) || variables.takesParts || ${held} <= ${limit}`,
    message: `a pod in this namespace has at most ${limit} ${resource}`,
    reason: 'Forbidden',
  }
}

/** Whether what is a whole device elsewhere may be a part of one here: by modifiers of HAMi, or on nodes that are cut into slices. */
function takesParts({ modifiers }: ClassTable): string {
  const selector = 'object.spec.?nodeSelector.orValue({})'
  const terms =
    'object.spec.?affinity.?nodeAffinity.?requiredDuringSchedulingIgnoredDuringExecution.?nodeSelectorTerms.orValue([])'
  const isModifier = `name in ${textsLiteral([...modifiers.keys()].toSorted())}`
  const byModifier = `${CONTAINERS}.exists(c, c.?resources.?limits.orValue({}).exists(name, ${isModifier}))`
  return [
    ...(modifiers.size === 0 ? [] : [byModifier]),
    `${selector}.exists(key, ${selector}[key].contains('MIG'))`,
    `${terms}.exists(term, term.?matchExpressions.orValue([]).exists(e, e.?values.orValue([]).exists(v, v.contains('MIG'))))`,
  ].join(' || ')
}
