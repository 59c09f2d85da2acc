import { textAt } from '../../admission/objects.ts'
import { failed, type Issue, type Parsed, parsed } from '../../schema/parsed.ts'
import type { ApiServer } from '../api-server.ts'
import { isSuccess, MUTATING_PATH, VALIDATING_PATH } from './webhook-configuration.ts'

const NOT_FOUND = 404

/**
 * Deletes both webhook configurations, so that pods are created without Sluice. A leader that runs on with `--registration Managed`
 * creates them again. Gives what was deleted.
 */
export async function unregister(api: ApiServer): Promise<Parsed<readonly string[]>> {
  const deleted: string[] = []
  const issues: Issue[] = []
  for (const collection of [VALIDATING_PATH, MUTATING_PATH]) {
    const path = `${collection}/sluice`
    const answer = await api.call({ method: 'DELETE', path })
    if (isSuccess(answer)) deleted.push(path)
    else if (answer.status !== NOT_FOUND) {
      issues.push({ at: path, problem: `${answer.status}: ${textAt(answer.body, 'message') ?? 'no message'}` })
    }
  }
  return issues.length > 0 ? failed(...issues) : parsed(deleted)
}
