/** A clean copy of what git tracks (as it is in the working tree), as another person has it. */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './lockfile.ts'

export interface Checkout {
  readonly folder: string
  remove(): void
}

export function cleanCheckout(name: string): Checkout {
  const folder = mkdtempSync(join(tmpdir(), `shoal-${name}-`))
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0')
  for (const file of files)
    if (file !== '' && existsSync(join(ROOT, file)))
      cpSync(join(ROOT, file), join(folder, file), { recursive: true })
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
