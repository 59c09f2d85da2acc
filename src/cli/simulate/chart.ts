/** A comparison as a picture: utilisation, waiting and fairness over time, a line for each run. Plain SVG, for light and dark pages. */
import { type Frame, panelSvg } from './chart-panel.ts'
import type { Run } from './simulate.ts'

const WIDTH = 880
const LEFT = 64
const PANEL_HEIGHT = 160
const TOPS = [100, 340, 580, 820] as const
const HEIGHT = 1020
const RUN_WIDTH = 200

// Told apart by hue, by lightness and by the pattern of the line, so that no reader needs to see colours.
const LIGHT = ['#6b7280', '#c2570c', '#1d4ed8']
const DARK = ['#9ca3af', '#fb923c', '#7aa7ff']
const DASHES = ['2 3', '7 4', 'none']

export function chartSvg(runs: readonly Run[]): string {
  const hours = Math.max(...runs.map(({ figures: { window } }) => (window.toMs - window.fromMs) / 3_600_000))
  const frame = (top: number): Frame => ({ left: LEFT, top, width: WIDTH - LEFT - 24, height: PANEL_HEIGHT, hours })
  const utilisation = {
    title: 'GPUs in use, of all there are',
    unit: ' %',
    max: 100,
    lines: runs.map(({ figures: { curves, gpus } }) => curves.inUse.map(milli => milli / 10 / gpus)),
  }
  const waiting = {
    title: 'GPUs that pods ask for and do not have: refused, or admitted without a node',
    unit: '',
    lines: runs.map(({ figures: { curves } }) => curves.waiting.map(milli => milli / 1000)),
  }
  const owed = {
    title: 'Of those, GPUs of reserved pods whose capacity was lent out',
    unit: '',
    lines: runs.map(({ figures: { curves } }) => curves.owed.map(milli => milli / 1000)),
  }
  const fairness = {
    title: 'Fairness of burst while somebody is refused: Jain’s index by weight, 1 is even',
    unit: '',
    max: 1,
    lines: runs.map(({ figures: { curves } }) => curves.fairness),
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="chart-title chart-text">`,
    '<title id="chart-title">Utilisation, waiting and fairness over time</title>',
    `<desc id="chart-text">${runs.map(inWords).join(' ')}</desc>`,
    `<style>${styles()}</style>`,
    `<rect class="page" width="${WIDTH}" height="${HEIGHT}"/>`,
    ...runs.map(({ name }, index) => legend(name, index)),
    ...panelSvg(utilisation, frame(TOPS[0])),
    ...panelSvg(waiting, frame(TOPS[1])),
    ...panelSvg(owed, frame(TOPS[2])),
    ...panelSvg(fairness, frame(TOPS[3])),
    '</svg>',
  ].join('\n')
}

function inWords({ name, figures: { utilisation, owedWait, fairness } }: Run): string {
  const waited = `${owedWait.waited} reserved pods waited for capacity that was lent out`
  const even = fairness === null ? 'burst was never contended' : `the fairness of burst is ${fairness.toFixed(3)}`
  return `${escaped(name)}: ${(utilisation * 100).toFixed(1)} % of the GPUs are in use on average, ${waited}, and ${even}.`
}

function legend(name: string, index: number): string {
  const x = LEFT + index * RUN_WIDTH
  const line = `<line class="line run-${index}" x1="${x}" x2="${x + 32}" y1="36" y2="36"/>`
  return `${line}<text class="name" x="${x + 40}" y="40">${escaped(name)}</text>`
}

function styles(): string {
  const runs = DASHES.map((dash, index) => `.run-${index}{stroke:${LIGHT[index]};stroke-dasharray:${dash}}`)
  const dark = DARK.map((colour, index) => `.run-${index}{stroke:${colour}}`)
  return [
    'text{font:13px system-ui,sans-serif;fill:#1f2937}.tick{font-size:12px;fill:#4b5563}.title,.name{font-weight:600}',
    '.page{fill:#ffffff}.rule{stroke:#d1d5db;stroke-width:1}.line{fill:none;stroke-width:2;stroke-linejoin:round}',
    ...runs,
    `@media (prefers-color-scheme:dark){.page{fill:#111827}text{fill:#e5e7eb}.tick{fill:#9ca3af}.rule{stroke:#374151}${dark.join('')}}`,
  ].join('')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
