/** forge from npm, and copies of contracts/ to run it in. */
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '../..')
const require = createRequire(import.meta.url)

/** The binary for this platform. */
export function forgeBinary(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return require.resolve(`@foundry-rs/forge-${process.platform}-${arch}/bin/forge${suffix}`)
}

/** The compiler wrapper runs under the same Node. */
export const forgeEnv = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH ?? ''}`
})

/**
 * Sources, tests and settings in `folder`/contracts, with the libraries inside of that project: what forge reads by itself (for its
 * coverage) it does not find above it. `more`: further settings.
 */
export function copyContracts(folder: string, more = ''): string {
  const contracts = path.join(folder, 'contracts')
  for (const part of ['src', 'test', 'solc-wrapper.mjs'])
    cpSync(path.join(root, 'contracts', part), path.join(contracts, part), { recursive: true })
  cpSync(path.join(root, 'node_modules/@openzeppelin'), path.join(contracts, 'lib/@openzeppelin'), {
    recursive: true
  })
  symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
  const settings = readFileSync(path.join(root, 'contracts/foundry.toml'), 'utf8')
    .replace(/^libs = .*$/m, 'libs = ["lib"]')
    .replace(/^remappings = .*$/m, 'remappings = ["@openzeppelin/=lib/@openzeppelin/"]')
    .replace(/^allow_paths = .*$/m, '')
  writeFileSync(path.join(contracts, 'foundry.toml'), settings + more)
  return contracts
}
