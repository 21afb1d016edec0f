/** Builds the programs: natively with gcc and clang, and as WASI commands with and without SIMD. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('programs', import.meta.url))

export interface Built {
  readonly name: string
  readonly native: Readonly<Record<string, string>>
  readonly wasm: string
  readonly simd: string
}

/** Why nothing can be built, and what helps. */
export function missingTools(): string | undefined {
  for (const [tool, command] of [
    ['gcc', 'apt-get install gcc'],
    ['clang', 'apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32']
  ] as const) {
    try {
      execFileSync(tool, ['--version'], { stdio: 'ignore' })
    } catch {
      return `${tool} is not installed: ${command}`
    }
  }
  return existsSync('/usr/include/wasm32-wasi')
    ? undefined
    : 'wasi-libc is not installed: apt-get install wasi-libc libclang-rt-14-dev-wasm32 lld'
}

export function buildAll(target: string): Built[] {
  return readdirSync(FOLDER)
    .filter(file => file.endsWith('.c'))
    .map(file => {
      const name = file.slice(0, -2)
      const to = (ending: string): string => join(target, `${name}.${ending}`)
      const compile = (tool: string, ending: string, ...flags: string[]): string => {
        execFileSync(tool, [...flags, '-O2', join(FOLDER, file), '-o', to(ending), '-lm'], {
          stdio: ['ignore', 'ignore', 'inherit']
        })
        return to(ending)
      }
      return {
        name,
        native: { gcc: compile('gcc', 'gcc'), clang: compile('clang', 'clang') },
        wasm: compile('clang', 'wasm', '--target=wasm32-wasi'),
        simd: compile('clang', 'simd.wasm', '--target=wasm32-wasi', '-msimd128')
      }
    })
}
