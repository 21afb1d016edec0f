/**
 * Compiles contracts/src with the wasm compiler of the npm package `solc` and writes contracts/artifacts/<Name>.json
 * ({ contract, abi, bytecode, code, input }). `code` is what the code on a chain is compared by: its sha-256 with the immutables set to
 * zero, and where those stand ([first byte, length]). The artifacts are committed: running a peer never compiles.
 * `--check` writes nothing and fails when the sources or settings no longer match `input`, without compiling.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const require = createRequire(import.meta.url)
const root = path.resolve(import.meta.dirname, '..')
const sourceFolder = path.join(root, 'contracts/src')
const target = path.join(root, 'contracts/artifacts')
const names = ['ShoalToken', 'Vault', 'Escrow', 'Registry']

interface Solc {
  version(): string
  compile(
    input: string,
    callbacks: { import: (p: string) => { contents: string } | { error: string } }
  ): string
}
interface CompiledContract {
  readonly abi: readonly unknown[]
  readonly evm: {
    readonly bytecode: { readonly object: string }
    readonly deployedBytecode: {
      readonly object: string
      readonly immutableReferences: Readonly<
        Record<string, readonly { readonly start: number; readonly length: number }[]>
      >
    }
  }
}
interface Output {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[]
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, CompiledContract>>>>
}

const versionOf = (name: string): string =>
  (
    JSON.parse(readFileSync(path.join(root, 'node_modules', name, 'package.json'), 'utf8')) as {
      version: string
    }
  ).version

const sourcesOf = (folder: string, prefix: string): [string, { content: string }][] =>
  readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(e => {
      if (e.isDirectory()) return sourcesOf(path.join(folder, e.name), `${prefix}${e.name}/`)
      if (!e.name.endsWith('.sol')) return []
      return [[`${prefix}${e.name}`, { content: readFileSync(path.join(folder, e.name), 'utf8') }]]
    })

const input = JSON.stringify({
  language: 'Solidity',
  sources: Object.fromEntries(sourcesOf(sourceFolder, 'src/')),
  settings: {
    optimizer: { enabled: true, runs: 1000 },
    evmVersion: 'cancun',
    metadata: { bytecodeHash: 'none' },
    outputSelection: {
      '*': {
        '*': [
          'abi',
          'evm.bytecode.object',
          'evm.deployedBytecode.object',
          'evm.deployedBytecode.immutableReferences'
        ]
      }
    }
  }
})
const fingerprint = createHash('sha256')
  .update(input)
  .update(`solc ${versionOf('solc')} openzeppelin ${versionOf('@openzeppelin/contracts')}`)
  .digest('hex')

function check(): void {
  for (const name of names) {
    let found: string | undefined
    try {
      found = (JSON.parse(readFileSync(path.join(target, `${name}.json`), 'utf8')) as { input?: string })
        .input
    } catch (e) {
      console.error(`${name}: ${String(e)}`)
    }
    if (found === fingerprint) continue
    console.error(`contracts/artifacts/${name}.json is stale. Run: npm run build:contracts`)
    process.exitCode = 1
  }
}

/** The compiler leaves the places of immutables zero. */
const codeOf = ({ evm }: CompiledContract) => ({
  sha256: createHash('sha256').update(Buffer.from(evm.deployedBytecode.object, 'hex')).digest('hex'),
  immutables: Object.values(evm.deployedBytecode.immutableReferences)
    .flat()
    .map(r => [r.start, r.length] as const)
    .sort((a, b) => a[0] - b[0])
})

function build(): void {
  const solc = require('solc') as Solc
  const load = (p: string): { contents: string } | { error: string } => {
    if (!p.startsWith('@openzeppelin/')) return { error: `not found: ${p}` }
    return { contents: readFileSync(path.join(root, 'node_modules', p), 'utf8') }
  }
  const output = JSON.parse(solc.compile(input, { import: load })) as Output
  const serious = (output.errors ?? []).filter(e => e.severity === 'error')
  if (serious.length > 0) throw new Error(serious.map(e => e.formattedMessage).join('\n'))
  mkdirSync(target, { recursive: true })
  for (const name of names) {
    const compiled = output.contracts?.[`src/${name}.sol`]?.[name]
    if (compiled === undefined) throw new Error(`no contract ${name} in the output`)
    const artifact = {
      contract: name,
      input: fingerprint,
      abi: compiled.abi,
      bytecode: `0x${compiled.evm.bytecode.object}`,
      code: codeOf(compiled)
    }
    writeFileSync(path.join(target, `${name}.json`), `${JSON.stringify(artifact)}\n`)
    console.log(`${name}: ${compiled.evm.deployedBytecode.object.length / 2} bytes`)
  }
}

if (process.argv.includes('--check')) check()
else build()
