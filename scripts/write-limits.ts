/** `npm run docs:limits`: writes docs/limits.md from the limits that the program holds. */
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { limitsPage } from '../src/protocol/limits-table.ts'

await writeFile(fileURLToPath(new URL('../docs/limits.md', import.meta.url)), limitsPage())
