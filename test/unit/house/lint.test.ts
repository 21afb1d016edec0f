import { expect } from 'chai'
import { ESLint, type Linter } from 'eslint'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')

/**
 * The house's own rules on a snippet that stands, as far as they can tell, at a path. Typed rules need a file that is part of a
 * project: such a snippet takes the place of an existing file's text, which is never written.
 */
/** With a project of one file: the whole of ours takes long to load. */
const typed = new ESLint({
  cwd: ROOT,
  overrideConfig: {
    files: ['src/**/*.ts'],
    languageOptions: {
      parserOptions: {
        projectService: false,
        project: 'test/fixtures/lint/tsconfig.json',
        // under CI=true the parser would take the text on disk for that of the snippet
        disallowAutomaticSingleRunInference: true
      }
    }
  }
})
const untyped = new ESLint({
  cwd: ROOT,
  overrideConfig: {
    files: ['src/**/*.ts'],
    languageOptions: { parserOptions: { projectService: false } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'off',
      '@typescript-eslint/no-misused-promises': 'off',
      '@typescript-eslint/no-unnecessary-type-assertion': 'off'
    }
  }
})

async function lint(path: string, code: string, eslint = untyped): Promise<Linter.LintMessage[]> {
  const [result] = await eslint.lintText(code, { filePath: join(ROOT, path) })
  return result?.messages ?? []
}
const rules = (messages: readonly Linter.LintMessage[]): (string | null)[] => messages.map(m => m.ruleId)

describe('the house rules', function () {
  // typed rules load the compiler
  this.timeout(60_000)

  const wrong: readonly (readonly [string, string, string, string])[] = [
    [
      'a domain imports a sibling',
      'src/market/x.ts',
      "import { a } from '../settlement/index.ts'\nexport const b = a",
      'no-restricted-imports'
    ],
    [
      'a domain imports a sibling from a deeper folder',
      'src/market/rules/x.ts',
      "import { a } from '../../p2p/host.ts'\nexport const b = a",
      'no-restricted-imports'
    ],
    [
      'a domain imports the peer above it',
      'src/storage/x.ts',
      "import { a } from '../peer/compose.ts'\nexport const b = a",
      'no-restricted-imports'
    ],
    [
      'the ground floor imports the peer',
      'src/protocol/x.ts',
      "import { a } from '../peer/compose.ts'\nexport const b = a",
      'no-restricted-imports'
    ],
    [
      'the ground floor imports a domain',
      'src/protocol/records/x.ts',
      "import { a } from '../../market/award.ts'\nexport const b = a",
      'no-restricted-imports'
    ],
    [
      'the peer imports a command',
      'src/peer/x.ts',
      "import { a } from '../cli/command.ts'\nexport const b = a",
      'no-restricted-imports'
    ],
    [
      'the API imports a command',
      'src/api/x.ts',
      "import { a } from '../cli/command.ts'\nexport const b = a",
      'no-restricted-imports'
    ],
    [
      'an adapter imports a sibling',
      'src/executor/adapters/x.ts',
      "import { a } from '../../settlement/index.ts'\nexport const b = a",
      'no-restricted-imports'
    ],
    [
      'a timer outside adapters',
      'src/executor/x.ts',
      'export const a = () => setTimeout(() => undefined, 5)',
      'no-restricted-globals'
    ],
    [
      'the network outside adapters',
      'src/p2p/x.ts',
      "export const a = () => fetch('http://127.0.0.1')",
      'no-restricted-globals'
    ],
    [
      'the wall clock outside adapters',
      'src/executor/x.ts',
      'export const a = () => Date.now()',
      'no-restricted-properties'
    ],
    [
      'the wall clock by construction',
      'src/executor/x.ts',
      'export const a = () => new Date()',
      'no-restricted-syntax'
    ],
    [
      'the monotonic clock outside adapters',
      'src/peer/x.ts',
      'export const a = () => performance.now()',
      'no-restricted-properties'
    ],
    [
      'chance outside adapters',
      'src/market/x.ts',
      'export const a = () => Math.random()',
      'no-restricted-properties'
    ],
    [
      'a hidden timer',
      'src/p2p/x.ts',
      'export const a = () => AbortSignal.timeout(5)',
      'no-restricted-properties'
    ],
    [
      'files outside adapters',
      'src/peer/x.ts',
      "import { readFileSync } from 'node:fs'\nexport const a = readFileSync",
      'no-restricted-imports'
    ],
    [
      'files outside adapters, without the prefix',
      'src/peer/x.ts',
      "import { readFile } from 'fs/promises'\nexport const a = readFile",
      'no-restricted-imports'
    ],
    [
      'processes outside adapters',
      'src/executor/x.ts',
      "import { spawn } from 'node:child_process'\nexport const a = spawn",
      'no-restricted-imports'
    ],
    ['an any', 'src/market/x.ts', 'export const a = (b: any) => b', '@typescript-eslint/no-explicit-any'],
    [
      'an empty catch',
      'src/market/x.ts',
      'export const a = () => {\n  try {\n    return 1\n  } catch {}\n  return 2\n}',
      'no-empty'
    ],
    ['a loose comparison', 'src/market/x.ts', 'export const a = (b: number) => b == 1', 'eqeqeq'],
    [
      'a function of 91 lines',
      'src/market/x.ts',
      `export function a(b: number): number {\n${'  b += 1\n'.repeat(89)}  return b\n}`,
      'max-lines-per-function'
    ],
    [
      'a file of 351 lines',
      'src/market/x.ts',
      Array.from({ length: 351 }, (_, i) => `export const a${i} = ${i}`).join('\n'),
      'max-lines'
    ]
  ]
  for (const [what, path, code, rule] of wrong) {
    it(`${what}: reported as ${rule}`, async () => {
      expect(rules(await lint(path, code))).to.include(rule)
    })
  }

  it('a promise that nobody waits for is reported', async () => {
    const code = 'const work = async (): Promise<number> => 1\nexport const a = (): void => {\n  work()\n}\n'
    expect(rules(await lint('src/market/selection.ts', code, typed))).to.deep.equal([
      '@typescript-eslint/no-floating-promises'
    ])
  })

  it('clean code is not reported, with the typed rules too', async () => {
    const code =
      "import type { Clock } from '../protocol/ports/clock.ts'\n\nexport const later = async (clock: Clock): Promise<number> => {\n  await clock.sleep(5)\n  return clock.now()\n}\n"
    expect(await lint('src/market/selection.ts', code, typed)).to.deep.equal([])
  })

  it('an adapter may touch the machine, and the peer may import the domains', async () => {
    const adapter =
      "import { readFileSync } from 'node:fs'\nexport const a = () => [Date.now(), setTimeout(() => undefined, 5), Math.random(), readFileSync]"
    expect(await lint('src/executor/adapters/x.ts', adapter)).to.deep.equal([])
    expect(
      await lint('src/peer/x.ts', "import { a } from '../market/award.ts'\nexport const b = a")
    ).to.deep.equal([])
  })
})

describe('docs/architecture.md', () => {
  it('names every room of src', function () {
    const path = join(ROOT, 'docs/architecture.md')
    if (!existsSync(path)) return this.skip()
    const text = readFileSync(path, 'utf8')
    for (const entry of readdirSync(join(ROOT, 'src'), { withFileTypes: true }))
      if (entry.isDirectory()) expect(text, entry.name).to.contain(`src/${entry.name}`)
  })
})
