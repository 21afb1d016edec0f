/** Runs `forge test` in contracts/ with the platform's binary from npm; further arguments are passed on. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { forgeBinary, forgeEnv, root } from './forge/forge.ts'

const child = spawn(forgeBinary(), ['test', ...process.argv.slice(2)], {
  cwd: path.join(root, 'contracts'),
  stdio: 'inherit',
  env: forgeEnv()
})
child.on('error', e => {
  console.error(`forge cannot be run: ${e.message}`)
  process.exitCode = 1
})
child.on('exit', code => {
  process.exitCode = code ?? 1
})
