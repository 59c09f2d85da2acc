/** Rows of one name: whoever is found by it would be one of them by chance. */
import type { Issue } from '../../schema/parsed.ts'
import type { Row } from './table.ts'

/** An issue for every row whose name another has before it. */
export function twins(rows: readonly Row[], column: string, kind: 'pod' | 'node'): readonly Issue[] {
  const seen = new Set<string>()
  return rows.flatMap(row => {
    const cell = row.cell(column)
    if (cell === undefined || cell.text === '' || !seen.has(cell.text)) {
      seen.add(cell?.text ?? '')
      return []
    }
    return [
      {
        at: cell.at,
        problem: `another ${kind} is named ${JSON.stringify(cell.text)}`,
        remedy: `give each ${kind} its own name`,
      },
    ]
  })
}
