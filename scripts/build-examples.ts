/**
 * Builds the modules of examples/ from their AssemblyScript sources. `--check` compares with the built ones and changes nothing.
 * The compiler is pinned in package.json and its output depends on the sources alone, so the bytes are the same everywhere.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const root = fileURLToPath(new URL('..', import.meta.url))
const examples = join(root, 'examples')

/** Files that are programs; the others are parts of them. */
const PROGRAMS = ['gather.ts']

/** `_start` instead of a start section; memory is never given back because a task ends soon. */
const OPTIONS = [
  ...['--runtime', 'stub', '--exportStart', '_start', '-O3', '--noAssert'],
  ...['--use', 'abort=examples/lib/wasi/onAbort'],
  ...['--enable', 'bulk-memory', '--enable', 'sign-extension', '--enable', 'nontrapping-f2i']
]

async function programs(): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(examples, { recursive: true })) {
    const folder = basename(join(examples, entry, '..'))
    if (PROGRAMS.includes(basename(entry)) || basename(entry) === `${folder}.ts`) found.push(entry)
  }
  return found.filter(f => !f.startsWith('lib')).sort()
}

async function compile(source: string): Promise<Uint8Array> {
  let module: Uint8Array | undefined
  const { error, stderr } = await asc.main(
    [join('examples', source), '--outFile', 'module.wasm', ...OPTIONS],
    {
      readFile: async (name, base) => {
        try {
          return await readFile(join(base, name), 'utf8')
        } catch {
          return null // the compiler tries several places for each import
        }
      },
      writeFile: (_name, contents) => {
        if (contents instanceof Uint8Array) module = contents
      },
      listFiles: () => []
    }
  )
  if (error !== null || module === undefined)
    throw new Error(`${source} does not compile:\n${stderr.toString()}`)
  return module
}

process.chdir(root)
const check = process.argv.includes('--check')
let stale = 0
for (const source of await programs()) {
  const target = join(examples, source.replace(/\.ts$/, '.wasm'))
  const module = await compile(source)
  const old = await readFile(target).catch(() => undefined)
  const same = old !== undefined && Buffer.compare(old, module) === 0
  if (!same && check) stale++
  if (!same && !check) await writeFile(target, module)
  const state = same ? 'as it was' : check ? 'is not what its source gives' : 'written'
  console.log(`${relative(root, target)}  ${module.length} bytes  ${state}`)
}
if (stale > 0) process.exitCode = 1
