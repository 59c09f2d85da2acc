/** 16 H100 for two tenants: 4 reserved for each, 4 to share, 4 to borrow; what team-a does not use of its reserve stays idle. */
export const TWO_TENANTS = `
apiVersion: sluice.dev/v1alpha1
kind: Cohort
metadata: {name: lab}
spec:
  classes:
  - {class: h100, capacity: {gpus: 16}, instanceTypes: [p5.48xlarge], shared: 4, burst: 4}
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: team-a}
spec:
  namespaces: [team-a]
  cohort: lab
  classes:
  - {class: h100, reserved: 4, shared: {}, burst: {borrowingLimit: 4}, lendingLimit: 0}
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: team-b}
spec:
  namespaces: [team-b]
  cohort: lab
  classes:
  - {class: h100, reserved: 4, shared: {}, burst: {}}
`

/** More than any test asks for, all of it reserved for team-a. */
export const PLENTY = `
apiVersion: sluice.dev/v1alpha1
kind: Cohort
metadata: {name: lab}
spec:
  classes: [{class: h100, capacity: {gpus: 100000}, instanceTypes: [p5.48xlarge]}]
---
apiVersion: sluice.dev/v1alpha1
kind: TenantQuota
metadata: {name: team-a}
spec:
  namespaces: [team-a]
  cohort: lab
  classes: [{class: h100, reserved: 100000}]
`
