/** `npm run golden`: are the golden vectors those that the program makes? `--write` adds what is new, and refuses to change what was. */
import { parseArgs } from 'node:util'
import { changes, computeGolden, readGolden, writeGolden } from './files.ts'

const HELP = `usage: npm run golden -- [--write] [--force]
  --write   add new vectors to test/fixtures/golden; a vector that would change is an error: give the conversation a new version
  --force   with --write: change vectors all the same (peers of different versions will not understand each other)`

async function main(): Promise<number> {
  const { values: o } = parseArgs({
    options: {
      write: { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false }
    }
  })
  if (o.help) return (console.log(HELP), 0)
  const old = await readGolden()
  const now = await computeGolden(old)
  const changed = changes(old, now)
  for (const path of changed) console.log(`changed: ${path}`)
  if (changed.length > 0 && !o.force) {
    console.log(
      'A vector changes only with its protocol id: raise the version in src/protocol/methods.ts, or undo the change.'
    )
    return 1
  }
  if (o.write) await writeGolden(now)
  const count = Object.keys(now.messages).length
  console.log(
    `${count} conversations, ${now.invalid.length} invalid inputs: ${o.write ? 'written' : 'unchanged'}`
  )
  return 0
}

if (process.argv[1] === import.meta.filename)
  main().then(
    code => {
      process.exitCode = code
    },
    (e: unknown) => {
      console.error(e instanceof Error ? e.message : String(e))
      process.exitCode = 2
    }
  )
