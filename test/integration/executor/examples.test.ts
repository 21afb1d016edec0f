import { expect } from 'chai'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { inflateSync } from 'node:zlib'
import type { Recorder } from '../../support/tasks.ts'
import { createWasmEngine } from '../../../src/executor/wasm/engine.ts'
import { systemClock } from '../../../src/peer/adapters/system-clock.ts'
import { childrenOf } from '../../support/processes.ts'
import { noLog, outputOf, recorder, request } from '../../support/tasks.ts'

const engine = createWasmEngine({ clock: systemClock, log: noLog })
const never = new AbortController().signal
const root = fileURLToPath(new URL('../../../', import.meta.url))
const example = (path: string): Promise<Buffer> => readFile(`${root}examples/${path}`)

interface Options {
  readonly args?: string[]
  readonly files?: Record<string, string>
  readonly checkpoint?: Uint8Array
  readonly shard?: number
  readonly shards?: number
}

interface Ran {
  readonly output: Map<string, Uint8Array>
  readonly heard: Recorder
  readonly gas: bigint
}

async function run(module: string, options: Options): Promise<Ran> {
  const limits = { gas: 10n ** 11n, memoryBytes: 64 << 20, outputBytes: 1 << 20 }
  const prepared = await engine.prepare(request({ ...options, module: await example(module), limits }), never)
  try {
    const heard = recorder()
    const outcome = await prepared.run(heard, never)
    expect(
      outcome.status,
      JSON.stringify({ ...outcome, gas: String(outcome.gas), lines: heard.lines })
    ).to.equal('done')
    return { output: await outputOf(prepared.collect()), heard, gas: outcome.gas }
  } finally {
    await prepared.dispose()
  }
}

const textOf = (ran: Ran, path: string): string => new TextDecoder().decode(ran.output.get(path))

/** What `tr -cs '[:alpha:]' '\n' | tr '[:upper:]' '[:lower:]' | sort | uniq -c` gives, highest count first. */
function reference(text: string): string {
  const counts = new Map<string, number>()
  const lines = text
    .replace(/[^A-Za-z]+/g, '\n')
    .replace(/\n$/, '')
    .toLowerCase()
    .split('\n')
  for (const word of text === '' ? [] : lines) counts.set(word, (counts.get(word) ?? 0) + 1)
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
  return sorted.map(([word, n]) => `${n}\t${word}\n`).join('')
}

const BOOK =
  '"It was the best of times,\nit was the WORST of times; caf\u00e9 2x2\n\nit-was the_age -- of wisdom\n'.repeat(
    50
  )

describe('the examples', function () {
  after(() => {
    expect(childrenOf(process.pid)).to.deep.equal([])
  })

  it('are built from their sources, byte for byte', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['scripts/build-examples.ts', '--check'], {
      cwd: root
    })
    expect(stdout.trim().split('\n')).to.have.length(7)
  })

  it('wordcount counts what tr, sort and uniq count', async () => {
    const counted = await run('wordcount/wordcount.wasm', { files: { 'text.txt': BOOK } })
    expect(textOf(counted, 'counts.tsv')).to.equal(reference(BOOK))
    for (const text of ['', '   ', 'one', 'a B a\n']) {
      expect(
        textOf(await run('wordcount/wordcount.wasm', { files: { 'text.txt': text } }), 'counts.tsv')
      ).to.equal(reference(text))
    }
  })

  it('wordcount gives the same over shards, and cuts to --top only in the end', async () => {
    const lines = BOOK.split(/(?<=\n)/)
    const files: Record<string, string> = {}
    for (const shard of [0, 1, 2]) {
      const part = lines.filter((_, i) => Math.floor((i * 3) / lines.length) === shard).join('')
      const ran = await run('wordcount/wordcount.wasm', {
        files: { 'text.txt': part },
        shard,
        shards: 3,
        args: ['--top', '1']
      })
      files[`${shard}/counts.tsv`] = textOf(ran, 'counts.tsv')
    }
    expect(textOf(await run('wordcount/gather.wasm', { files }), 'counts.tsv')).to.equal(reference(BOOK))
    const top = await run('wordcount/gather.wasm', { files, args: ['--top', '2'] })
    expect(textOf(top, 'counts.tsv')).to.equal(
      reference(BOOK)
        .split(/(?<=\n)/)
        .slice(0, 2)
        .join('')
    )
  })

  it('wordcount counts n-grams', async () => {
    const ran = await run('wordcount/wordcount.wasm', {
      files: { 'text.txt': 'a b, A\nb c' },
      args: ['--ngram', '2']
    })
    expect(textOf(ran, 'counts.tsv')).to.equal('2\ta b\n1\tb a\n1\tb c\n')
  })

  it('nbody goes on from any checkpoint to the same bytes, and keeps its energy', async () => {
    const args = ['--bodies', '6', '--steps', '4000', '--every', '1000']
    const whole = await run('nbody/nbody.wasm', { args })
    expect(whole.heard.checkpoints.length > 0).to.equal(true)
    expect(whole.heard.progress.at(-1)?.[0]).to.equal(1)
    for (const { bundle } of whole.heard.checkpoints) {
      const resumed = await run('nbody/nbody.wasm', { args, checkpoint: bundle })
      expect(resumed.output).to.deep.equal(whole.output)
      expect(resumed.heard.lines[0]).to.contain('resumed at step')
      expect(resumed.gas < whole.gas).to.equal(true)
    }
    const [, before = 0, after = 1] =
      /energy before (\S+)\nenergy after (\S+)/.exec(textOf(whole, 'final.txt'))?.map(Number) ?? []
    expect(Math.abs(before - after) < Math.abs(before) * 1e-6).to.equal(true)
  })

  it('pathtrace renders the same picture in one shard or three, resumed or not', async () => {
    const scene = (await example('pathtrace/scene.txt')).toString()
    const picture = async (shards: number, resume: boolean): Promise<Uint8Array> => {
      const files: Record<string, Uint8Array> = {}
      for (let shard = 0; shard < shards; shard++) {
        const options = {
          files: { 'scene.txt': scene },
          args: ['--width', '32', '--height', '18', '--samples', '2'],
          shard,
          shards
        }
        let ran = await run('pathtrace/pathtrace.wasm', options)
        const [checkpoint] = ran.heard.checkpoints
        if (resume && checkpoint !== undefined)
          ran = await run('pathtrace/pathtrace.wasm', { ...options, checkpoint: checkpoint.bundle })
        for (const [path, bytes] of ran.output) files[`${shard}/${path}`] = bytes
      }
      return (await gather(files)).output.get('picture.png') ?? new Uint8Array(0)
    }
    const one = await picture(1, false)
    expect(await picture(3, true)).to.deep.equal(one)
    checkPng(Buffer.from(one), 32, 18)
  })
})

/** As `run`, for inputs that are not text. */
async function gather(files: Record<string, Uint8Array>): Promise<Ran> {
  const { bundleFromMap, oneChunk } = await import('../../../src/protocol/bundle.ts')
  const base = request({ module: await example('pathtrace/gather.wasm'), limits: { memoryBytes: 64 << 20 } })
  const prepared = await engine.prepare(
    { ...base, input: oneChunk(bundleFromMap(new Map(Object.entries(files)))) },
    never
  )
  try {
    const heard = recorder()
    const outcome = await prepared.run(heard, never)
    expect(outcome.status, heard.lines.join()).to.equal('done')
    return { output: await outputOf(prepared.collect()), heard, gas: outcome.gas }
  } finally {
    await prepared.dispose()
  }
}

/** Signature, size, and pixel data of the right length that inflate (which checks Adler-32). */
function checkPng(png: Buffer, width: number, height: number): void {
  expect(png.subarray(0, 8).toString('hex')).to.equal('89504e470d0a1a0a')
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).to.deep.equal([width, height])
  const length = png.readUInt32BE(33)
  expect(png.subarray(37, 41).toString()).to.equal('IDAT')
  const rows = inflateSync(png.subarray(41, 41 + length))
  expect(rows).to.have.length((width * 3 + 1) * height)
  expect(new Set(rows).size > 50, 'a picture has many shades').to.equal(true)
}
