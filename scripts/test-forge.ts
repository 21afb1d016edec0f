/** Runs `forge test` in contracts/ with the platform's binary from npm; further arguments are passed on. */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)
const arch = process.arch === 'x64' ? 'amd64' : process.arch
const suffix = process.platform === 'win32' ? '.exe' : ''
const forge = require.resolve(`@foundry-rs/forge-${process.platform}-${arch}/bin/forge${suffix}`)
const child = spawn(forge, ['test', ...process.argv.slice(2)], {
  cwd: path.resolve(import.meta.dirname, '../contracts'),
  stdio: 'inherit',
  // The compiler wrapper runs under the same Node.
  env: { ...process.env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH ?? ''}` }
})
child.on('error', e => {
  console.error(`forge cannot be run: ${e.message}`)
  process.exitCode = 1
})
child.on('exit', code => {
  process.exitCode = code ?? 1
})
