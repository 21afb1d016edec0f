/** Runs a hostile image as a job that brings its image along, and looks at what became of the host. */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Verdict } from '../trial.ts'
import { MARKER, type HostileImage } from './image-kit.ts'
import { runContainer, troubleOf, type ContainerStage } from './trial.ts'

/** Wall time of a job with such an image, ms: what cannot be unpacked by then is ended. */
const WALL_MS = 20_000
/** How often the host's processes are looked at, ms. */
const LOOK_MS = 20

const WATCHED = [
  '/etc/passwd',
  '/etc/shadow',
  '/etc/hosts',
  '/etc/resolv.conf',
  '/etc/localtime',
  '/usr/bin/podman',
  '/usr/bin/conmon',
  '/usr/sbin/runc',
  '/usr/bin/runc'
]

/** What no job may change: programs and files of the host, the folder of the tests, the owner's images. */
function hostState({ folder }: ContainerStage): string {
  const stats = WATCHED.map(path => statSync(path, { throwIfNoEntry: false }))
  const images = spawnSync('podman', [
    'images',
    '--all',
    '--no-trunc',
    '--format',
    '{{.ID}} {{.Repository}}:{{.Tag}}'
  ])
  return JSON.stringify([
    stats.map(s => s && [s.ino, s.size, s.mtimeMs, s.mode, s.nlink]),
    readdirSync(folder, { recursive: true, withFileTypes: true }).map(entry => [
      join(entry.parentPath, entry.name),
      entry.isFile() ? readFileSync(join(entry.parentPath, entry.name), 'utf8') : 'a folder'
    ]),
    readFileSync('/proc/sys/kernel/core_pattern', 'utf8'),
    String(images.stdout)
  ])
}

const ownNamespace = readlinkSync('/proc/self/ns/pid')

/** Processes of the host that carry the marker. */
function carriers(): string[] {
  return readdirSync('/proc').filter(pid => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const here = readlinkSync(`/proc/${pid}/ns/pid`) === ownNamespace
      return here && readFileSync(`/proc/${pid}/environ`, 'latin1').includes(MARKER)
    } catch {
      return false // it ended meanwhile
    }
  })
}

function watch(): () => string[] {
  const seen = new Set<string>()
  const timer = setInterval(() => carriers().forEach(pid => seen.add(pid)), LOOK_MS)
  return () => {
    clearInterval(timer)
    return [...seen]
  }
}

export async function tryImage(stage: ContainerStage, image: HostileImage): Promise<Verdict> {
  const { name, script = 'true', want } = image
  const before = hostState(stage)
  const module = image.module({ folder: stage.folder, ...stage.outside })
  const carried = watch()
  const ended = await runContainer(stage, {
    ...{ module, args: image.args ?? ['/bin/sh', '-c', script] },
    limits: { wallMs: image.wallMs ?? WALL_MS, moduleBytes: module.length + 1024 }
  })
  const carrying = carried()
  const say = (ok: boolean, said: string): Verdict => ({ name, ok, said })
  const trouble = troubleOf(ended, stage.outside.secret)
  if (trouble !== undefined) return say(false, trouble)
  if (carrying.length > 0)
    return say(false, `a process of the host carries its variables: ${carrying.join(' ')}`)
  const after = hostState(stage)
  if (after !== before) return say(false, `the host is not as it was: ${after}`)
  const how = ended.how.replace(/^exit \d+$/, 'exit')
  const fits = (want === undefined || want.split('|').includes(how)) && ended.said.includes(image.says ?? '')
  return say(fits, `${ended.how} ${fits ? '' : ended.said.slice(-300)}`.trim())
}
