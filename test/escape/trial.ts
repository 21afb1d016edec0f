/** Runs one hostile program in one engine's box, and says whether it was kept in. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startBoxed } from '../../src/executor/adapters/box-process.ts'
import { findSandbox, isMissing } from '../../src/executor/adapters/find-sandbox.ts'
import type { Box, WithoutLayers } from '../../src/executor/sandbox/box.ts'
import type { SandboxHost } from '../../src/executor/sandbox/host.ts'
import { sandboxMissing } from '../support/sandbox.ts'
import { source, type Outside, type Program } from './program.ts'

const PERL = '/usr/bin/perl'
const MiB = 1024 * 1024
/** Wall time of a program, ms: those that never end are ended then. */
const WALL_MS = 2_000
/** Of those that must say something: they end by themselves, on a busy machine late. */
const PATIENCE_MS = 30_000
/** What a program may say. */
const LOG_BYTES = 256 * 1024
/** How soon after its end nothing of it may be left, ms. */
const GONE_MS = 3_000
const JOB_UIDS = { from: 262_144, to: 262_144 + 4_096 }

export interface Verdict {
  readonly name: string
  readonly ok: boolean
  /** How it ended, for the table. */
  readonly said: string
}

export interface Stage {
  readonly host: SandboxHost
  readonly outside: Outside
  readonly folder: string
  close(): Promise<void>
}

/** Why hostile programs cannot be run here; undefined when they can. */
export async function missingForTrials(): Promise<string | undefined> {
  const missing = await sandboxMissing()
  if (missing !== undefined) return missing
  return existsSync(PERL) ? undefined : 'perl is not installed: apt-get install perl-base'
}

export async function openStage(): Promise<Stage> {
  const host = await findSandbox()
  if (isMissing(host)) throw new Error(host.what)
  const folder = await mkdtemp(join(tmpdir(), 'shoal-escape-'))
  await promisify(execFile)('chmod', ['755', folder])
  const secretFile = join(folder, 'secret')
  const secret = 'not-for-tasks-4711'
  await writeFile(secretFile, secret, { mode: 0o644 })
  const server = await listen()
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    host,
    outside: { secretFile, secret, port },
    folder,
    close: async () => {
      await new Promise(done => server.close(done))
      await rm(folder, { recursive: true, force: true })
    }
  }
}

const listen = (): Promise<Server> =>
  new Promise(done => {
    const server = createServer(socket => socket.destroy())
    server.listen(0, '127.0.0.1', () => done(server))
  })

/** The engine's own box, with Perl and a folder for what the program makes. */
const boxFor = (box: Box, program: string): Box => ({
  ...box,
  memoryBytes: 256 * MiB,
  memoryLater: false,
  maxTasks: Math.min(box.maxTasks, 64),
  fileBytes: 128 * MiB,
  reads: [
    ...box.reads.filter(r => r.inside !== PERL),
    { host: PERL, inside: PERL },
    { host: program, inside: '/shoal/program' }
  ],
  scratch: [{ inside: '/out', bytes: 64 * MiB }]
})

/** A process that runs as the user of some task; undefined for all others. */
function jobProcess(
  pid: string
): { readonly pid: number; readonly parent: number; readonly name: string } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? ''
    const uid = Number(field('Uid'))
    if (uid < JOB_UIDS.from || uid >= JOB_UIDS.to || field('State') === 'Z') return undefined
    return { pid: Number(pid), parent: Number(field('PPid')), name: field('Name') }
  } catch {
    return undefined // it ended meanwhile
  }
}

/**
 * Processes of tasks that this process started, or that nobody owns any more. A task of another program on this machine has that
 * program as its parent: it is not ours to wait for.
 */
export function leftovers(): string[] {
  const found = readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? (jobProcess(name) ?? []) : []))
  const byPid = new Map(found.map(p => [p.pid, p]))
  const rootOf = (p: (typeof found)[number]): number => {
    const above = byPid.get(p.parent)
    return above === undefined ? p.parent : rootOf(above)
  }
  return found.filter(p => [process.pid, 0, 1].includes(rootOf(p))).map(p => `${p.pid} ${p.name}`)
}

/** What is left of any task after a while; nothing, normally. */
export async function nothingLeft(): Promise<string[]> {
  for (let waited = 0; waited < GONE_MS; waited += 50) {
    if (leftovers().length === 0) return []
    await setTimeout(50)
  }
  return leftovers()
}

/** What it said, cut off where an engine cuts it off. */
async function listenTo(output: AsyncIterable<Uint8Array>, tooMuch: () => void): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of output) {
    size += part.length
    if (size > LOG_BYTES) {
      tooMuch()
      break
    }
    parts.push(part)
  }
  return Buffer.concat(parts).toString('latin1')
}

export async function attempt(
  stage: Stage,
  box: Box,
  program: Program,
  without: WithoutLayers = {}
): Promise<Verdict> {
  const folder = await mkdtemp(join(stage.folder, 'program-'))
  const inner = join(folder, 'program')
  await mkdir(inner)
  await writeFile(join(inner, 'main.pl'), source(program, stage.host.arch, stage.outside))
  await promisify(execFile)('chmod', ['-R', 'a+rX', folder])
  const child = await startBoxed(stage.host, boxFor(box, inner), [PERL, '/shoal/program/main.pl'], without)
  const stop = new AbortController()
  const wall = setTimeout(program.want === 'held' ? PATIENCE_MS : WALL_MS, undefined, {
    signal: stop.signal
  }).then(
    () => child.kill(),
    () => undefined
  )
  const text = await listenTo(child.output, () => child.kill())
  const exit = await child.exited
  stop.abort()
  await wall
  await rm(folder, { recursive: true, force: true })
  // without groups the kernel refuses memory and kills nobody: Perl ends by itself
  const refused = stage.host.groups.kind === 'none' && /^Out of memory/m.test(exit.errors)
  return judge(program, text, refused ? { ...exit, signal: 'SIGKILL' } : exit, await nothingLeft())
}

function judge(
  program: Program,
  text: string,
  exit: { readonly code: number | null; readonly signal: string | null; readonly errors: string },
  left: readonly string[]
): Verdict {
  const { name, want } = program
  const say = (ok: boolean, said: string): Verdict => ({ name, ok, said })
  if (left.length > 0) return say(false, `left behind: ${left.slice(0, 3).join(', ')}`)
  const escaped = /ESCAPED.*/.exec(text)
  if (escaped !== null) return say(false, escaped[0].slice(0, 200))
  const ended = exit.signal ?? `code ${exit.code}`
  if (want === 'bounded') return say(true, `bounded, ${ended}`)
  // 137 is what bubblewrap answers for a task that the kernel killed
  const byForce = exit.signal === 'SIGKILL' || exit.code === 137
  if (want === 'killed') return say(byForce, byForce ? 'killed' : `not killed: ${ended}`)
  if (/^held$/m.test(text)) return say(true, 'held')
  return say(false, `did not say: ${ended} ${exit.errors.slice(0, 200)}${text.slice(-100)}`)
}
