/** Runs hostile programs in real containers, through the engine as any task, and says whether they were kept in. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { containerProcesses } from '../../../src/executor/container/adapters/container-process.ts'
import { ContainerEngine } from '../../../src/executor/container/engine.ts'
import type { OpenLayers } from '../../../src/executor/container/run-command.ts'
import type { ProcessPort } from '../../../src/executor/runner/process-port.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import { bundleFromMap, bundleToMap, oneChunk } from '../../../src/protocol/bundle.ts'
import { isShoalError } from '../../../src/protocol/errors.ts'
import type { RunLimits, TaskCheckpoint, TaskRequest } from '../../../src/protocol/ports/engine.ts'
import { noLog, text } from '../../support/tasks.ts'
import { source, type Outside, type Program } from '../program.ts'
import type { Verdict } from '../trial.ts'
import { PERL, perlImage } from './image.ts'

const MiB = 1024 * 1024
/** How long a program that ends by force may run once it has begun, ms. */
const RUN_MS = 1_500
/** Until which nothing of it may be left, ms. */
const GONE_MS = 3_000
const BEGUN = 'begun'

/** With /tmp (64 MiB) and output, its group holds 256 MiB. */
export const LIMITS: RunLimits = {
  ...{ gas: 60_000_000_000n, memoryBytes: 96 * MiB, wallMs: 60_000, outputBytes: 32 * MiB },
  ...{ logBytes: 256 * 1024, moduleBytes: 64 * MiB, inputBytes: MiB }
}

export interface ContainerStage {
  readonly outside: Outside
  readonly folder: string
  /** The module that names the image with Perl in the owner's store. */
  readonly module: Uint8Array
  readonly policy: { readonly images: readonly string[]; readonly uploads: boolean }
  close(): Promise<void>
}

/** Why containers cannot be tried here; undefined when they can. */
export function missingForContainers(): string | undefined {
  const has = (program: string): boolean => spawnSync(program, ['--version']).status === 0
  if (process.getuid?.() !== 0 || process.arch !== 'x64' || process.platform !== 'linux')
    return 'containers run for root alone, on Linux and x86-64'
  if (!has('podman') || !has('runc'))
    return 'there is no podman or no runc: apt-get install --no-install-recommends podman runc'
  return existsSync(PERL) ? undefined : 'perl is not installed: apt-get install perl-base'
}

const podman = (...args: string[]): string => spawnSync('podman', args, { encoding: 'utf8' }).stdout.trim()

/** Puts the image into the owner's store, and a secret on the disk of the host. */
export async function openContainerStage(): Promise<ContainerStage> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-escape-'))
  const tar = join(folder, 'image.tar')
  await writeFile(tar, perlImage())
  const tag = `localhost/shoal-escape-${process.pid}:1`
  const id = /([0-9a-f]{64})/.exec(podman('load', '--quiet', '--input', tar))?.[1]
  if (id === undefined) throw new Error('podman cannot load the image of the tests')
  podman('tag', id, tag)
  await rm(tar)
  const name = podman('image', 'inspect', '--format', '{{index .RepoDigests 0}}', tag)
  const [secretFile, secret] = [join(folder, 'secret'), 'not-for-tasks-4711']
  await writeFile(secretFile, secret, { mode: 0o644 })
  return {
    ...{ folder, outside: { secretFile, secret, port: 9, here: '/in' } },
    module: text(JSON.stringify({ image: name })),
    policy: { images: [name], uploads: true },
    close: async () => {
      podman('rmi', '--force', tag)
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** Hears under which name a job runs: its folder, container and groups carry it. */
function listening(port: ProcessPort, heard: (name: string) => void): ProcessPort {
  return {
    async startRunner(launch) {
      const link = await port.startRunner(launch)
      const orders = /\{.*\}/.exec(readFileSync(`/proc/${link.pid}/cmdline`, 'utf8'))?.[0] ?? '{}'
      heard((JSON.parse(orders) as { readonly name: string }).name)
      return link
    }
  }
}

const maybe = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // it ended meanwhile
  }
}

/** What is left of a job on this machine: processes, mounts, its folder, its groups. */
function remains(name: string): string[] {
  const groups = '/sys/fs/cgroup'
  const about = (pid: string): boolean =>
    ['cgroup', 'cmdline'].some(file => maybe(`/proc/${pid}/${file}`).includes(name))
  return [
    ...readdirSync('/proc')
      .filter(pid => /^\d+$/.test(pid) && about(pid))
      .map(pid => `${pid} ${maybe(`/proc/${pid}/comm`).trim()}`),
    ...maybe('/proc/mounts')
      .split('\n')
      .filter(line => line.includes(name)),
    ...readdirSync(tmpdir()).filter(entry => entry === name),
    ...[groups, ...readdirSync(groups).map(g => join(groups, g))].map(g => join(g, name)).filter(existsSync)
  ]
}

async function nothingRemains(name: string): Promise<string[]> {
  for (let waited = 0; waited < GONE_MS && remains(name).length > 0; waited += 100) await setTimeout(100)
  return remains(name)
}

export interface Ended {
  /** `done`, a limit's name, `exit N`, `cancelled`, or the code of a refusal. */
  readonly how: string
  /** All that it logged, and what is said of its end. */
  readonly said: string
  readonly output: ReadonlyMap<string, Uint8Array>
  readonly checkpoints: readonly Uint8Array[]
  /** What it left behind; nothing, normally. */
  readonly left: readonly string[]
}

export interface Attempt {
  readonly module: Uint8Array
  readonly args: readonly string[]
  readonly files?: ReadonlyMap<string, Uint8Array>
  readonly limits?: Partial<RunLimits>
  readonly without?: OpenLayers
  /** Ms after its first word when it is broken off; never when absent. */
  readonly endAfter?: number
}

const taskOf = ({ module, args, files = new Map(), limits }: Attempt): TaskRequest => ({
  ...{ module, args, env: {}, shard: 0, shards: 1, seed: new Uint8Array(32) },
  limits: { ...LIMITS, ...limits },
  input: oneChunk(bundleFromMap(files))
})

/** Runs one task to its end, whatever that is, and looks at what it left. */
export async function runContainer(stage: ContainerStage, attempt: Attempt): Promise<Ended> {
  let name = 'shoal-container-'
  const port = listening(containerProcesses('x64', attempt.without), n => (name = n))
  const parts = { clock: systemClock, log: noLog, process: port, version: '0.0.0', policy: stage.policy }
  const stop = new AbortController()
  const lines: string[] = []
  const checkpoints: Uint8Array[] = []
  let [how, output]: [string, ReadonlyMap<string, Uint8Array>] = ['', new Map()]
  const onLog = (_: string, line: string): void => {
    lines.push(line)
    if (attempt.endAfter !== undefined && line === BEGUN)
      void setTimeout(attempt.endAfter).then(() => stop.abort())
  }
  const onCheckpoint = async ({ bundle }: TaskCheckpoint): Promise<void> => void checkpoints.push(bundle)
  try {
    const run = await new ContainerEngine(parts).prepare(taskOf(attempt), stop.signal)
    try {
      const hooks = { onLog, onProgress: () => undefined, onCheckpoint }
      const end = await run.run(hooks, stop.signal)
      how = end.status === 'limit' ? end.limit : end.status === 'failed' ? `exit ${end.exitCode}` : 'done'
      if (end.status === 'failed') lines.push(end.reason)
      if (how === 'done') output = await bundleToMap(run.collect(), { maxFiles: 65_536, maxBytes: 64 * MiB })
    } finally {
      await run.dispose()
    }
  } catch (e) {
    if (!isShoalError(e)) throw e
    how = e.code === 'CANCELLED' ? 'cancelled' : e.code
    lines.push(e.message)
  }
  return { how, said: lines.join('\n'), output, checkpoints, left: await nothingRemains(name) }
}

/** Hands a program to Perl in a container. */
export async function attemptContained(
  stage: ContainerStage,
  program: Program,
  without: OpenLayers = {}
): Promise<Verdict> {
  const code = `$| = 1; print "${BEGUN}\\n";\n${source(program, 'x64', stage.outside)}`
  const ended = await runContainer(stage, {
    // the file is nobody's: a root without rights may not read it
    args: without.user === true ? [PERL, '-e', code] : [PERL, '/in/main.pl'],
    ...{ module: stage.module, without },
    files: new Map([['main.pl', text(code)]]),
    ...(program.want === 'held' ? {} : { endAfter: RUN_MS })
  })
  return judge(program, ended, stage.outside.secret)
}

/** What every attempt is looked at for: nothing left, no secret of the host in what came out. */
export function troubleOf({ said, output, checkpoints, left }: Ended, secret: string): string | undefined {
  if (left.length > 0) return `left behind: ${left.slice(0, 3).join(', ')}`
  const has = (data: Uint8Array): boolean => Buffer.from(data).includes(secret)
  const stolen = [...output].find(([, data]) => has(data))
  if (stolen !== undefined) return `ESCAPED with the secret in ${stolen[0]}`
  if (checkpoints.some(has)) return 'ESCAPED with the secret in its checkpoint'
  return said.includes(secret)
    ? 'ESCAPED with the secret in its log'
    : /ESCAPED.*/.exec(said)?.[0].slice(0, 200)
}

function judge({ name, want }: Program, ended: Ended, secret: string): Verdict {
  const say = (ok: boolean, said: string): Verdict => ({ name, ok, said })
  const { how, said } = ended
  const trouble = troubleOf(ended, secret)
  if (trouble !== undefined) return say(false, trouble)
  if (!said.includes(BEGUN)) return say(false, `did not begin: ${how} ${said.slice(-200)}`)
  if (want === 'bounded') return say(true, `bounded, ${how}`)
  const byForce = ['memory', 'wall', 'log', 'gas', 'cancelled', 'exit 137'].includes(how)
  if (want === 'killed') return say(byForce, byForce ? `killed, ${how}` : `not killed: ${how}`)
  if (/^held$/m.test(said)) return say(true, 'held')
  return say(false, `did not say: ${how} ${said.slice(-200)}`)
}
