#!/usr/bin/env node
// Stands in for the native compiler, backed by the wasm compiler of the npm package `solc`, so that forge needs no network.
// Answers what forge asks: `--version`, and `--standard-json` on stdin. Imports are served from the repository only.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)
const root = path.resolve(import.meta.dirname, '..')
const args = process.argv.slice(2)

function load(name) {
  for (const base of [process.cwd(), import.meta.dirname, root]) {
    const file = path.resolve(base, name)
    if (file.startsWith(root + path.sep) && existsSync(file)) return { contents: readFileSync(file, 'utf8') }
  }
  return { error: `not found: ${name}` }
}

if (args.includes('--version')) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${require('solc').version()}`)
} else if (args.includes('--standard-json')) {
  process.stdout.write(require('solc').compile(readFileSync(0, 'utf8'), { import: load }))
} else {
  console.error('solc-wrapper: unsupported arguments', args)
  process.exit(2)
}
