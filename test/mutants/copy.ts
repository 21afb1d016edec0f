/** A copy of the working tree in a folder of its own: what git knows or would take, and the installed packages by a link. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { planted, textOf, type Mutant } from './mutant.ts'

const FILES_MAX = 16 * 1024 * 1024

async function filesOf(root: string): Promise<string[]> {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout } = await promisify(execFile)('git', args, { cwd: root, maxBuffer: FILES_MAX })
  return [...new Set(stdout.split('\0'))].filter(f => f !== '' && f !== 'node_modules')
}

export class TreeCopy {
  readonly #origin: string
  readonly root: string

  private constructor(origin: string, root: string) {
    this.#origin = origin
    this.root = root
  }

  static async make(origin: string): Promise<TreeCopy> {
    const root = await mkdtemp(join(tmpdir(), 'shoal-mutants-'))
    for (const file of await filesOf(origin)) {
      await mkdir(dirname(join(root, file)), { recursive: true })
      // a file that git knows may have been removed from the tree
      await cp(join(origin, file), join(root, file)).catch((e: unknown) => {
        if ((e as { code?: string }).code !== 'ENOENT') throw e
      })
    }
    await symlink(await realpath(join(origin, 'node_modules')), join(root, 'node_modules'))
    return new TreeCopy(origin, root)
  }

  async plant(m: Mutant): Promise<void> {
    await writeFile(join(this.root, m.file), planted(m, textOf(this.#origin, m)))
  }

  async restore(m: Mutant): Promise<void> {
    await writeFile(join(this.root, m.file), textOf(this.#origin, m))
  }

  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true })
  }
}
