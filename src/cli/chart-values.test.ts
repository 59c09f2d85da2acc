import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chartPage, valuesFile } from './chart-values.ts'

const SCHEMA = {
  properties: {
    replicaCount: { type: 'integer', default: 2, description: 'Replicas.' },
    image: {
      type: 'object',
      description: 'The image.',
      properties: {
        tag: { type: 'string', default: '', description: 'The tag | or nothing.' },
        pullPolicy: { type: 'string', enum: ['Always', 'Never'], default: 'Never', description: 'When it is pulled.' },
      },
    },
    budget: { type: ['integer', 'string'], default: '50%', description: `${'Very '.repeat(30)}long.` },
    resources: { type: 'object', default: { limits: { memory: '1Gi' } }, description: 'As in a container.' },
    ports: { type: 'array', items: { type: 'integer' }, default: [443], description: 'Ports.' },
  },
}

test('every value stands in the file of defaults, below what it is for', () => {
  assert.equal(
    valuesFile(SCHEMA),
    `# Generated from charts/sluice/values.schema.json by npm run generate: do not edit.

# -- Replicas.
replicaCount: 2

# -- The image.
image:
  # -- The tag | or nothing.
  tag: ""
  # -- When it is pulled. One of Always, Never.
  pullPolicy: Never

# -- ${'Very '.repeat(23).trimEnd()}
# ${'Very '.repeat(7)}long.
budget: 50%

# -- As in a container.
resources:
  limits:
    memory: 1Gi

# -- Ports.
ports:
  - 443
`,
  )
})

test('every value is a row of the page, by the path that --set takes', () => {
  const rows = chartPage(SCHEMA)
    .split('\n')
    .filter(line => line.startsWith('| `'))
  assert.deepEqual(rows, [
    '| `replicaCount` | integer | `2` | Replicas. |',
    '| `image.tag` | string | `""` | The tag \\| or nothing. |',
    '| `image.pullPolicy` | `Always`, `Never` | `"Never"` | When it is pulled. |',
    `| \`budget\` | integer or string | \`"50%"\` | ${'Very '.repeat(30)}long. |`,
    '| `resources` | object | `{"limits":{"memory":"1Gi"}}` | As in a container. |',
    '| `ports` | list of integer | `[443]` | Ports. |',
  ])
})

test('a value without a description or a default is a mistake in the schema', () => {
  const of = (part: Record<string, string>) => ({ properties: { a: { properties: { b: part }, description: 'A.' } } })
  assert.throws(() => valuesFile(of({ default: '' })), /values\.schema\.json: a\.b has no description/)
  assert.throws(() => valuesFile(of({ description: 'B.' })), /values\.schema\.json: a\.b has neither a default nor/)
})
