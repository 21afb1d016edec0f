/** Temporary folders that are gone after the test. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A fresh folder for each test of the surrounding describe. */
export function folderForEach(): () => string {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'shoal-unit-'))
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return () => folder
}

/** All files below a folder, as sorted relative paths. */
export const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(e => !e.isDirectory())
    .map(e => join(e.parentPath, e.name).slice(folder.length + 1))
    .sort()
