import assert from 'node:assert/strict'
import { test } from 'node:test'
import { panelSvg } from './chart-panel.ts'

const FRAME = { left: 0, top: 0, width: 40, height: 10, hours: 1 }

function pathOf(values: readonly (number | null)[]): string | undefined {
  const svg = panelSvg({ title: '', unit: '', max: 1, lines: [values] }, FRAME).join('')
  return /<path class="line run-0" d="([^"]*)"/.exec(svg)?.[1]
}

test('a line goes through the middle of each part', () => {
  assert.equal(pathOf([0, 1, 1, 0.5]), 'M5 10L15 0L25 0L35 5')
})

test('where there is no value the line has a gap, and a value that stands alone is as long as its part', () => {
  assert.equal(pathOf([0, 1, null, 0.5]), 'M5 10L15 0M30 5L40 5')
  assert.equal(pathOf([null, null, null, null]), '')
})
