import { asciiLine } from '../admission/text.ts'
import type { Finding } from '../kueue/finding.ts'
import type { Imported } from '../kueue/import.ts'
import { formatIssue, type Issue } from '../schema/parsed.ts'
import { columns, type Paint, paintFor, type Terminal } from './terminal.ts'

/** What a person should know about an import, by what they have to do about it. */
export function importReport(imported: Imported, warnings: readonly Issue[], terminal: Terminal): string {
  const paint = paintFor(terminal)
  const findings = [...imported.findings, ...warnings.map(ofWarning)]
  const sections = SECTIONS.map(({ kind, title }) => {
    const own = findings.filter(finding => finding.kind === kind)
    return own.length === 0 ? [] : [paint.strong(title), ...blocks(own, paint)]
  })
  return [[summary(imported)], ...sections.filter(lines => lines.length > 0)]
    .map(lines => lines.join('\n'))
    .join('\n\n')
}

const SECTIONS: readonly { readonly kind: Finding['kind']; readonly title: string }[] = [
  { kind: 'check', title: 'To decide' },
  { kind: 'changed', title: 'Different in Sluice' },
  { kind: 'lost', title: 'Without a counterpart' },
]

function summary({ tenants, cohorts, classes }: Imported): string {
  const parts = [
    counted(tenants.length, 'tenant'),
    counted(cohorts.length, 'cohort'),
    counted(classes.length, 'class', 'classes'),
  ]
  return `imported ${parts.join(', ')}`
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

function ofWarning(issue: Issue): Finding {
  const { at: object, ...rest } = issue
  return { kind: 'check', at: '', object, field: '', meaning: formatIssue({ at: '', ...rest }).replace(/^: /, '') }
}

/** What is to know is said once, and under it stand the objects that it is about. */
function blocks(findings: readonly Finding[], paint: Paint): readonly string[] {
  return [...Map.groupBy(findings, ({ meaning }) => meaning)].flatMap(([meaning, group]) => {
    const rows = columns(group.map(({ object, at, field }) => [object, at, field].map(asciiLine)))
    return [
      ...wrapped(asciiLine(meaning), WIDTH).map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`)),
      ...rows.map(row => `    ${paint.faint(row.trimEnd())}`),
    ]
  })
}

const WIDTH = 100

function wrapped(text: string, width: number): readonly string[] {
  return text.split(' ').reduce<string[]>((lines, word) => {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
    return lines
  }, [])
}
