/** Framed and sealed bytes: frames of peers and of the runner, bundles, sealed content, wrapped keys, UnixFS nodes, modules. */
import * as dagPb from '@ipld/dag-pb'
import { readFileSync } from 'node:fs'
import { CID } from 'multiformats/cid'
import * as rawCodec from 'multiformats/codecs/raw'
import { create as createDigest } from 'multiformats/hashes/digest'
import {
  decodeHeader,
  encodeFrame as encodeRunnerFrame,
  FROM_RUNNER,
  HEADER_BYTES
} from '../../../../src/executor/runner/frames.ts'
import { instrument } from '../../../../src/executor/wasm/gas/instrument.ts'
import { parseJson, refusal } from '../../../../src/executor/runner/link.ts'
import { encodeFrame, FrameDecoder } from '../../../../src/p2p/engine/frames.ts'
import { ByteSource, collectBytes } from '../../../../src/protocol/byte-source.ts'
import { bundleFromMap, bundleToMap, oneChunk } from '../../../../src/protocol/bundle.ts'
import { readFile } from '../../../../src/storage/dag.ts'
import { createRecipientKey, wrapKey } from '../../../../src/storage/hpke.ts'
import { openStream, sealStream } from '../../../../src/storage/seal.ts'
import { filled } from '../../../support/records.ts'
import { command, i32, exitWith } from '../../../support/wasm.ts'
import { bundles, runnerFrames, varintFrames } from '../formats/frames.ts'
import { raw } from '../formats/raw.ts'
import { wasm } from '../formats/wasm.ts'
import { slowOnLength, trustsLength } from '../plants.ts'
import type { Decode, Target } from '../target.ts'

const FRAME = 1_000

/** Frames come in any split: here in pieces whose size the bytes themselves decide (single bytes: decoders.test.ts). */
const frames: Decode = bytes => {
  const decoder = new FrameDecoder(FRAME)
  const step = 16 + ((bytes[bytes.length >> 1] ?? 0) % 61)
  let count = 0
  for (let at = 0; at < bytes.length; at += step) {
    decoder.push(bytes.subarray(at, at + step))
    for (let f = decoder.next(); f !== undefined; f = decoder.next()) count += f.length <= FRAME ? 1 : NaN
    if (decoder.buffered > FRAME + bytes.length) throw new Error('held more than a frame')
  }
  if (Number.isNaN(count)) throw new Error('gave a frame above its limit')
  return count
}

/** What the runner sends, as its link reads it. */
const runner: Decode = async bytes => {
  const source = new ByteSource(oneChunk(bytes))
  for (let first = await source.some(1); first !== undefined; first = await source.some(1)) {
    const header = new Uint8Array(HEADER_BYTES)
    header.set(first)
    header.set(await source.exactly(HEADER_BYTES - 1), 1)
    const { type, length } = decodeHeader(header)
    const payload = await collectBytes(take(source, length), length)
    parseJson({ type, payload }, 8)
    if (type === FROM_RUNNER.refused) refusal({ type, payload })
  }
}
async function* take(source: ByteSource, length: number): AsyncGenerator<Uint8Array> {
  for (let left = length; left > 0;) {
    const part = await source.some(left)
    if (part === undefined) return
    left -= part.length
    yield part
  }
}

const text = (s: string): Uint8Array => new TextEncoder().encode(s)
const bundle = bundleFromMap(
  new Map([
    ['a.txt', text('hello')],
    ['dir/b', filled(7, 40)],
    ['dir/é', new Uint8Array(0)]
  ])
)
const unbundle: Decode = async bytes => await bundleToMap(oneChunk(bytes), { maxFiles: 8, maxBytes: 4_096 })

const KEY = filled(3)
const CONTEXT = filled(4)
const unseal: Decode = async bytes => await collectBytes(openStream(oneChunk(bytes), KEY, CONTEXT), 1 << 20)

const digest = (n: number) => createDigest(0x12, filled(n))
const leaf = CID.createV1(rawCodec.code, digest(1))
const root = CID.createV1(dagPb.code, digest(2))
/** A node whose links all lead to itself as bytes, or to one small leaf. */
const readDag: Decode = async bytes => {
  const get = async (cid: CID) => (cid.code === rawCodec.code ? filled(9, 4) : bytes)
  return await collectBytes(readFile(root, get, { ahead: 4, max: 1_000 }), 1_000)
}
const node = (links: dagPb.PBLink[]): Uint8Array =>
  dagPb.encode(dagPb.prepare({ Data: Uint8Array.of(8, 2, 24, 8), Links: links }))

const example = (path: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../../examples/${path}`, import.meta.url)))
const tiny = command({ imports: ['proc_exit'], body: call => exitWith(call, ...i32(0)) })
/** What is taken must still be a module. */
const meter: Decode = bytes => {
  const { bytes: metered } = instrument(bytes, 64)
  if (!WebAssembly.validate(new Uint8Array(metered))) throw new Error('the metered module is no module')
}

export async function streamTargets(): Promise<Target[]> {
  const sealed = await collectBytes(
    sealStream(oneChunk(text('some content')), KEY, CONTEXT, { bytes: n => filled(5, n), fraction: () => 0 }),
    4_096
  )
  const recipient = await createRecipientKey(filled(6))
  const wrapped = await wrapKey(KEY, recipient.publicKey, CONTEXT)
  const unwrap: Decode = async bytes => await recipient.unwrap(bytes, CONTEXT)
  const corrupt = ['CONTENT_CORRUPT', 'CONTENT_TOO_LARGE', 'RECORD_INVALID'] as const
  const runnerSeeds = [
    encodeRunnerFrame(FROM_RUNNER.hello, new Uint8Array(0)),
    encodeRunnerFrame(
      FROM_RUNNER.refused,
      text(JSON.stringify({ code: 'LIMIT_GAS', message: 'no', next: 'x' }))
    ),
    encodeRunnerFrame(FROM_RUNNER.result, text('\0\0\0\0\0\0\0\x09{"status":"done"}'))
  ]
  return [
    {
      name: 'frames',
      format: varintFrames,
      seeds: [encodeFrame(text('hello'), FRAME), encodeFrame(filled(1, 300), FRAME)],
      decode: frames,
      codes: ['FRAME_TOO_LARGE', 'RECORD_INVALID'],
      wire: true,
      max: 8_192,
      plant: trustsLength(frames, 1)
    },
    {
      name: 'runner frames',
      format: runnerFrames,
      seeds: runnerSeeds,
      decode: runner,
      codes: ['FRAME_TOO_LARGE', 'RECORD_INVALID'],
      wire: false,
      max: 8_192,
      plant: trustsLength(runner, 4)
    },
    {
      name: 'bundle',
      format: bundles,
      seeds: [bundle],
      decode: unbundle,
      codes: corrupt,
      wire: false,
      max: 8_192,
      plant: slowOnLength(unbundle, 60)
    },
    {
      name: 'sealed content',
      format: raw,
      seeds: [sealed],
      decode: unseal,
      codes: corrupt,
      wire: false,
      max: 8_192,
      plant: trustsLength(unseal, 5)
    },
    {
      name: 'wrapped key',
      format: raw,
      seeds: [wrapped],
      decode: unwrap,
      codes: corrupt,
      wire: false,
      max: 1_024,
      plant: trustsLength(unwrap, 28)
    },
    {
      name: 'unixfs node',
      format: raw,
      seeds: [
        node([
          { Name: '', Hash: leaf, Tsize: 4 },
          { Name: '', Hash: leaf, Tsize: 4 }
        ])
      ],
      decode: readDag,
      codes: corrupt,
      wire: false,
      max: 4_096,
      plant: trustsLength(readDag, 40)
    },
    {
      name: 'wasm module',
      format: wasm,
      seeds: [tiny, example('wordcount/gather.wasm'), example('pathtrace/gather.wasm')],
      decode: meter,
      codes: ['MODULE_INVALID', 'LIMIT_MEMORY', 'MODULE_IMPORT'],
      wire: false,
      max: 64 * 1024,
      plant: trustsLength(meter, 60)
    }
  ]
}
