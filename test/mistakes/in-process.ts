/** The command line without a process of its own: the same code from the arguments to the exit code. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { makeContext, type Cli } from '../../src/cli/context.ts'
import { runCli } from '../../src/cli/main.ts'
import { nodeFiles } from '../../src/peer/adapters/node-files.ts'
import { systemRandom } from '../../src/peer/adapters/system-random.ts'
import { initHome } from '../../src/peer/home/home.ts'

export interface Said {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

/** No setting of the caller's own. */
export const cleanEnv = (folder: string): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: folder,
  XDG_CONFIG_HOME: join(folder, '.config'),
  XDG_DATA_HOME: join(folder, '.data')
})

export async function runHere(
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>>
): Promise<Said> {
  const [out, err]: [string[], string[]] = [[], []]
  const stream = (to: string[]) => ({ write: (text: string) => void to.push(text), isTTY: false })
  const seen = {
    exitCode: undefined,
    env,
    stdout: stream(out),
    stderr: stream(err),
    stdin: process.stdin,
    platform: process.platform
  }
  const cli: Cli = {
    ...makeContext(args),
    process: seen as unknown as NodeJS.Process,
    env,
    cwd,
    interactive: false,
    print: text => void out.push(text + '\n'),
    remark: text => void err.push(text + '\n')
  }
  const begun = performance.now()
  const code = await runCli(args, cli)
  return { code, stdout: out.join(''), stderr: err.join(''), ms: performance.now() - begun }
}

/** Cost of the key of these throwaway homes. */
const KDF_COST = 16

/** A folder with these files, and with a home `home` when there is a configuration. Removed by the caller. */
export async function makeFolder(
  files: Readonly<Record<string, string>> = {},
  config?: string
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-mistake-'))
  for (const [name, text] of Object.entries(files)) {
    if (name.endsWith('/')) await mkdir(join(folder, name), { recursive: true })
    else {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text)
    }
  }
  if (config !== undefined)
    await initHome(nodeFiles, systemRandom, {
      root: join(folder, 'home'),
      passphrase: 'right',
      config,
      kdfCost: KDF_COST
    })
  return folder
}

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })
