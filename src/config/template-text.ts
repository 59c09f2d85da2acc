import type { JsonValue } from '../schema/parts.ts'
import { type Action, actionsIn, effectOf, isUnknown } from './template-actions.ts'

/*
 * Charts and Jinja templates are YAML only after they were rendered. To read one as it is, each action (`{{ … }}`, `{% … %}`)
 * gives way to a word that is good YAML anywhere, and comes back in the values that were read. A line of nothing but actions is
 * emptied: what it would write cannot be known. Of alternatives the first is read, because both together repeat their keys.
 */

/** A line whose content is known only after rendering. */
export interface LeftOut {
  readonly line: number
  readonly text: string
}

export interface TemplateText {
  /** YAML with as many lines as the template, each in its place. */
  readonly text: string
  readonly leftOut: readonly LeftOut[]
  /** The value with every action back where it stood. */
  restore(value: JsonValue): JsonValue
}

// Stands for a line break inside an action, so that each action is on one line while it is read.
const BREAK = '\0'
// A line of more is no template that anybody wrote; there, blocks within the line are not looked for.
const MAX_ACTIONS_OF_BLOCKS = 1_000

export function hasActions(text: string): boolean {
  return text.includes('{{') || text.includes('{%')
}

export function withoutActions(template: string): TemplateText {
  const words: string[] = []
  const leftOut: LeftOut[] = []
  const blocks = blockReader()
  const isBlockText = blockTextReader()
  const lines: string[] = []
  let number = 1

  for (const line of folded(template.replaceAll(BREAK, ''))) {
    const actions = actionsIn(line)
    const isStructure = !isBlockText(line) && isOnly(actions, line)
    if (isStructure && !blocks.isSkipping() && actions.some(isUnknown)) {
      leftOut.push({ line: number, text: unfolded(line).replace(/\s+/g, ' ').trim() })
    }
    if (isStructure) blocks.follow(actions)
    const isDropped = isStructure || blocks.isSkipping()
    lines.push((isDropped ? '' : inWords(line, actions, words)) + breaksIn(line))
    number += line.split(BREAK).length
  }
  return { text: lines.join('\n'), leftOut, restore: value => restored(value, words) }
}

/** The lines of a template, an action that stands on several of them as one. */
function folded(template: string): readonly string[] {
  let text = ''
  let at = 0
  for (const action of actionsIn(template)) {
    text += template.slice(at, action.start) + action.text.replaceAll('\n', BREAK)
    at = action.end
  }
  return (text + template.slice(at)).split('\n')
}

function unfolded(text: string): string {
  return text.replaceAll(BREAK, '\n')
}

function breaksIn(line: string): string {
  return '\n'.repeat(line.split(BREAK).length - 1)
}

function isOnly(actions: readonly Action[], line: string): boolean {
  if (actions.length === 0) return false
  const gaps = actions.map(({ start }, index) => line.slice(actions[index - 1]?.end ?? 0, start))
  return [...gaps, line.slice(actions.at(-1)?.end)].every(gap => gap.trim() === '')
}

/** Follows conditions and loops; what stands between `else` and `end` is skipped. */
function blockReader() {
  const blocks: boolean[] = []
  let skipping = 0
  const mark = (isSkipping: boolean) => {
    blocks.push(isSkipping)
    if (isSkipping) skipping += 1
  }
  const close = () => {
    if (blocks.pop() === true) skipping -= 1
  }
  return {
    isSkipping: () => skipping > 0,
    follow(actions: readonly Action[]) {
      for (const effect of actions.map(effectOf)) {
        if (effect === 'opens') mark(false)
        if (effect === 'closes') close()
        if (effect === 'alternates' && blocks.length > 0) {
          close()
          mark(true)
        }
      }
    },
  }
}

/** The line with a word for each action, and one for a whole `{{ if }}…{{ end }}` within it. */
function inWords(line: string, actions: readonly Action[], words: string[]): string {
  let text = ''
  let at = 0
  for (const [index, action] of actions.entries()) {
    if (action.start < at) continue
    const effect = effectOf(action)
    const end = effect === 'opens' ? closedAt(actions, index) : action.end
    text += line.slice(at, action.start)
    if (effect !== 'nothing') text += `SLUICEACTION${words.push(unfolded(line.slice(action.start, end))) - 1}X`
    at = end
  }
  return text + line.slice(at)
}

function closedAt(actions: readonly Action[], opening: number): number {
  let depth = 0
  for (const action of actions.length > MAX_ACTIONS_OF_BLOCKS ? [] : actions.slice(opening)) {
    const effect = effectOf(action)
    depth += effect === 'opens' ? 1 : effect === 'closes' ? -1 : 0
    if (depth === 0) return action.end
  }
  return actions[opening]?.end ?? 0
}

/** Tells line by line whether it is part of a block scalar (`|`, `>`), where an action is text like any other. */
function blockTextReader(): (line: string) => boolean {
  let indent: number | undefined
  return line => {
    const isBlank = line.trim() === ''
    const isText = indent !== undefined && (isBlank || indentOf(line) > indent)
    if (!isText) indent = /(^|[\s:-])[|>][-+\d]{0,2}\s*(#.*)?$/.test(line) ? keyIndentOf(line) : undefined
    return isText
  }
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

// The text of `- key: |` is deeper than the key, that of `- |` deeper than the dash.
function keyIndentOf(line: string): number {
  const dashes = /^(\s*(?:- +)*)(.*)$/.exec(line)
  const [, before = '', rest = ''] = dashes ?? []
  return /^[|>]/.test(rest) ? before.lastIndexOf('-') : before.length
}

function restored(value: JsonValue, words: readonly string[]): JsonValue {
  const original = (text: string) => text.replace(/SLUICEACTION(\d+)X/g, (word, index) => words[Number(index)] ?? word)
  if (typeof value === 'string') return original(value)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(item => restored(item, words))
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [original(key), restored(field, words)]))
}
