/** Jobs that the end-to-end tests submit. */
import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { ApiClient } from '../../../src/api/adapters/client.ts'
import type { FullJobView } from '../../../src/devnet/job-type.ts'
import { example } from './cli.ts'

const WORDS =
  `the of and to a in that it is was for on with as at by this from they but not what all were when your said there
each which their time will way about many then them would write like so these her long make thing see him two has look more day could
go come did number sound most people my over know water than call first who may down side been now find head stand own page should
country found answer school grow study still learn plant cover food sun four between state keep eye never last let thought city tree
don't Élan naïve café X-ray 42 3rd l'été Straße 北京 shoal's SHOAL Market MARKET compute`.split(/\s+/)
const MARKS = ['', '', '', '', ',', '.', ';', ' --', '!', '?"', ')', ' (']

/** Text as people write it, of about `bytes` bytes: cases, marks, digits, other scripts, long and empty lines. The same each time. */
export function makeText(bytes: number): string {
  let state = 12345
  const next = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
    return Math.floor(state / 65536) % n
  }
  const lines: string[] = []
  for (let size = 0; size < bytes;) {
    const words = Array.from({ length: next(24) }, () => {
      const word = WORDS[Math.min(next(WORDS.length), next(WORDS.length))] ?? ''
      const cased = next(9) === 0 ? word.charAt(0).toUpperCase() + word.slice(1) : word
      return cased + (MARKS[next(MARKS.length)] ?? '')
    })
    const line = words.join(' ')
    size += Buffer.byteLength(line) + 1
    lines.push(line)
  }
  return lines.join('\n') + '\n'
}

/** The counts that the tools of the system find, as `count<TAB>word` lines in byte order. */
export async function countWithTools(file: string): Promise<string[]> {
  const pipe = `tr -cs '[:alpha:]' '\\n' < "$1" | tr '[:upper:]' '[:lower:]' | sort | uniq -c`
  const { stdout } = await promisify(execFile)('sh', ['-c', pipe, 'sh', file], {
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
    maxBuffer: 64 * 1024 * 1024
  })
  return stdout
    .split('\n')
    .filter(l => l !== '')
    .map(l => l.replace(/^\s*(\d+) (.*)$/, '$1\t$2'))
    .sort()
}

export const sortedLines = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .filter(l => l !== '')
    .sort()

export interface SubmitOptions {
  readonly out: string
  readonly overrides?: Readonly<Record<string, unknown>>
  readonly deliverMargin?: number
  readonly challengeSeconds?: number
}

/** Submits a job file to a running peer as `shoal run` does. */
export async function submit(client: ApiClient, path: string, o: SubmitOptions): Promise<FullJobView> {
  return await client.call<FullJobView>('POST', '/v1/jobs', {
    file: await readFile(path, 'utf8'),
    path,
    folder: dirname(path),
    overrides: { 'match.window': '1s', ...o.overrides },
    out: o.out,
    deliverMargin: o.deliverMargin,
    challengeSeconds: o.challengeSeconds
  })
}

export const NBODY = example('nbody/job.yaml')
export const WORDCOUNT = example('wordcount/job.yaml')

/** nbody over 8 shards; 100,000 steps take about a second of one core and 6.4e9 gas. */
export const nbody = (
  steps: number,
  more: Readonly<Record<string, unknown>> = {}
): Record<string, unknown> => ({
  'task.args': ['--bodies', '24', '--steps', String(steps), '--every', String(Math.floor(steps / 12))],
  count: 8,
  ...more
})

/** A job file around a module of the test's own. */
export async function writeJob(
  folder: string,
  name: string,
  module: Uint8Array,
  lines: readonly string[] = []
): Promise<string> {
  const path = `${folder}/${name}.yaml`
  await writeFile(`${folder}/${name}.wasm`, module)
  await writeFile(path, [`name: ${name}`, `task: { module: ${name}.wasm }`, ...lines, ''].join('\n'))
  return path
}
