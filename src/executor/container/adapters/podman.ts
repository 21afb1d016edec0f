/** Calls of podman: with an environment of ours, a bounded output and an end in time. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { ShoalError } from '../../../protocol/errors.ts'
import { globals, type Store } from '../run-command.ts'

const OUTPUT_MAX = 1024 * 1024
/** Most calls take a fraction of a second; a loaded machine takes longer. Milliseconds. */
const PATIENCE_MS = 60_000

/** An empty file stands for the owner's configuration: what it mounts or sets is not for strangers. Large files go into `folder`. */
export const podmanEnv = (folder: string): Record<string, string> => ({
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: folder,
  TMPDIR: folder,
  CONTAINERS_CONF: '/dev/null'
})

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Never rejects for what podman says: -1 is a call that did not end by itself. */
export function podman(args: readonly string[], folder = '/tmp', patience = PATIENCE_MS): Promise<Said> {
  const options = {
    env: podmanEnv(folder),
    cwd: '/',
    maxBuffer: OUTPUT_MAX,
    timeout: patience,
    killSignal: 'SIGKILL'
  }
  return new Promise(done =>
    execFile('podman', args, options as Parameters<typeof execFile>[2] & object, (e, out, err) => {
      const code = e === null ? 0 : typeof e.code === 'number' ? e.code : -1
      done({ code, out: String(out), err: String(err) || (e?.message ?? '') })
    })
  )
}

/** The output, or an error with podman's last line. */
export async function asked(
  store: Store,
  args: readonly string[],
  folder?: string,
  patience?: number
): Promise<string> {
  const { code, out, err } = await podman([...globals(store), ...args], folder, patience)
  if (code === 0) return out
  const last = err.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
  throw new ShoalError('ENGINE_BROKEN', `podman ${args[0]} failed: ${last}`)
}

/** The store of one job, below its folder. */
export const ownStore = (memory: string): Store => ({
  own: { root: join(memory, 'store'), run: join(memory, 'run') }
})

/** Undefined when there is none. */
export async function podmanVersion(): Promise<string | undefined> {
  const { code, out } = await podman(['version', '--format', '{{.Client.Version}}'])
  return code === 0 ? /^(\d+\.\d+\.\d+)/.exec(out.trim())?.[1] : undefined
}
