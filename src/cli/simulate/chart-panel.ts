/** One panel of a chart: a title, two axes, and a line for each run. */
import { ticks } from './ticks.ts'

export interface Panel {
  readonly title: string
  readonly unit: string
  /** The top of the axis; without it, the greatest value. */
  readonly max?: number
  /** null where there is nothing to show: the line has a gap. */
  readonly lines: readonly (readonly (number | null)[])[]
}

export interface Frame {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  /** How long the lines take from left to right. */
  readonly hours: number
}

export function panelSvg(panel: Panel, frame: Frame): readonly string[] {
  const { title, unit, lines } = panel
  const values = ticks(panel.max ?? Math.max(1, ...lines.flat().map(value => value ?? 0)), 4)
  const max = values.at(-1) ?? 1
  const yOf = (value: number) => frame.top + frame.height * (1 - Math.min(value, max) / max)
  return [
    `<text class="title" x="${frame.left}" y="${frame.top - 14}">${title}</text>`,
    ...values.map(value => rule(value, unit, yOf(value), frame)),
    ...hourTicks(frame),
    ...lines.map((line, index) => `<path class="line run-${index}" d="${pathOf(line, frame, yOf)}"/>`),
  ]
}

function rule(value: number, unit: string, y: number, { left, width }: Frame): string {
  const line = `<line class="rule" x1="${left}" x2="${left + width}" y1="${place(y)}" y2="${place(y)}"/>`
  return `${line}<text class="tick" text-anchor="end" x="${left - 8}" y="${place(y + 4)}">${value}${unit}</text>`
}

function hourTicks({ left, top, width, height, hours }: Frame): readonly string[] {
  const inside = ticks(hours, 8).filter(hour => hour <= hours)
  return inside.map(hour => {
    const x = left + (width * hour) / hours
    return `<text class="tick" text-anchor="middle" x="${place(x)}" y="${top + height + 18}">${hour} h</text>`
  })
}

/** A line through the middle of each part, broken where a part has no value; one that stands alone is as long as its part. */
function pathOf(values: readonly (number | null)[], { left, width }: Frame, yOf: (value: number) => number): string {
  const step = width / values.length
  const point = (index: number, value: number) => `${place(left + step * index)} ${place(yOf(value))}`
  const isGap = (value: number | null | undefined) => value === null || value === undefined
  const parts = values.map((value, index) => {
    if (value === null) return ''
    const [opens, ends] = [isGap(values[index - 1]), isGap(values[index + 1])]
    if (opens && ends) return `M${point(index, value)}L${point(index + 1, value)}`
    return `${opens ? 'M' : 'L'}${point(index + 0.5, value)}`
  })
  return parts.join('')
}

function place(at: number): string {
  return String(Math.round(at * 10) / 10)
}
