import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the package: the nearest one above this file that holds package.json, from source as from `dist`. */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder)
    if (parent === folder) throw new Error('the package.json of sluice is not above its own code')
    folder = parent
  }
  return folder
}

/** The policies, classes and fabric profiles that come with Sluice. */
export function shippedLibrary(): string {
  return join(packageRoot(), 'policies')
}
