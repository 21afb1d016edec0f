#!/usr/bin/env node
// Runs the sources where there are any (a checkout: a build there may be stale), else the built program (a package: it starts in
// half the time, as Node has no types to strip).
import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(
    `error: Shoal needs Node 22.19 or later, this is ${process.versions.node}\n  Run it through npm (npm run shoal -- ...), which uses the pinned Node, or install a newer one.\n`
  )
  process.exit(1)
}
process.removeAllListeners('warning')
const built = new URL('../dist/cli/main.js', import.meta.url)
const source = new URL('../src/cli/main.ts', import.meta.url)
const fromSource = existsSync(source)
// Compiled code from the cache halves the start but stays in memory, 30 to 50 MB of it: not for an installed peer, which runs for weeks.
if (fromSource || process.argv[2] !== 'up') enableCompileCache()
const { main } = await import(fromSource ? source : built)
await main(process.argv.slice(2))
