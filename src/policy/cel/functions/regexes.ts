/** `matches`, `find` and `findAll`. A literal pattern is compiled, and refused, at load. */
import type { Prepare } from '../calls.ts'
import { cachedRegex, compileRegex, type Regex } from '../regex.ts'
import type { FunctionDefinition } from './definition.ts'

export const regexFunctions: readonly FunctionDefinition[] = [
  withPattern('matches', 'bool', (regex, text) => regex.test(text)),
  withPattern('find', 'string', (regex, text) => regex.find(text)),
  withPattern('findAll', 'list<string>', (regex, text) => regex.findAll(text, -1)),
  {
    ...withPattern('findAll', 'list<string>', (regex, text, limit = -1n) => regex.findAll(text, Number(limit))),
    params: ['string', 'int'],
  },
]

function withPattern(
  name: string,
  returns: string,
  apply: (regex: Regex, text: string, limit?: bigint) => unknown,
): FunctionDefinition {
  const prepare: Prepare = ([, pattern]) => {
    if (typeof pattern !== 'string') return undefined
    const regex = compileRegex(pattern)
    return (text, _pattern, limit) => apply(regex, text as string, limit as bigint | undefined)
  }
  return {
    name,
    receiver: 'string',
    params: ['string'],
    returns,
    call: (text: string, pattern: string, limit?: bigint) => apply(cachedRegex(pattern), text, limit),
    prepare,
  }
}
