/** Rows of the request protocol with which peers challenge one another's capacity. */
import { z } from 'zod'
import { bytes, hex32, record, text, uint } from './fields.ts'
import {
  BLOCK,
  HOARD_MAX,
  KiB,
  MATRIX_MAX,
  PATH_MAX,
  PIECE,
  ROWS_MAX,
  SAMPLES,
  SOURCES,
  STEPS_MAX
} from './limits.ts'
import { method } from './method.ts'
import { attestation, capacityKind } from './records/attestation.ts'

const refusal = text.optional()
/** A session has at most five kinds of challenges. */
const CHALLENGED = { count: 12, windowMs: 600_000 }

export const capacityMethods = {
  /**
   * Show what you can do. `cpu`, `gpu`: the product of two seeded matrices, or of several in a row; `memory`, `disk`: a seeded data set
   * that is slow to make. The answer is a Merkle root and comes when all of it is there. `network`: the answer says only that the
   * subject is ready for `flow` and `pour`. `reason`: not now. Version 2: kinds beside `cpu` and `gpu`.
   */
  challenge: method({
    name: 'challenge',
    version: 2,
    kind: 'unary',
    request: record({
      id: hex32,
      kind: capacityKind,
      seed: bytes(32),
      /** Rows of a matrix, or MiB. */
      size: uint(HOARD_MAX),
      /** Products in a row; one when absent. */
      steps: uint(STEPS_MAX).optional()
    }),
    response: record({ root: hex32.optional(), lanes: uint(4096).optional(), reason: refusal }),
    requestMax: KiB,
    responseMax: KiB,
    firstByteMs: 60_000,
    frameMs: 5_000,
    quota: CHALLENGED,
    concurrent: 1
  }),
  /** After the root: the product times the vectors, and the rows, that follow from a seed which is only told now. */
  reveal: method({
    name: 'reveal',
    version: 1,
    kind: 'unary',
    request: record({ id: hex32, seed: bytes(32) }),
    response: record({
      /** For each vector, n little-endian float64 that hold whole numbers. */
      products: bytes(8, 256 * KiB),
      rows: z
        .array(
          record({
            /** n little-endian int32. */
            row: bytes(4, 4 * MATRIX_MAX),
            proof: z.array(record({ side: z.enum(['left', 'right']), hash: hex32 })).max(12)
          })
        )
        .max(ROWS_MAX)
    }),
    requestMax: KiB,
    responseMax: 640 * KiB,
    firstByteMs: 10_000,
    frameMs: 5_000,
    quota: CHALLENGED,
    concurrent: 1
  }),
  /** Of a data set on the disk: write all of it again under a mask from a seed that is told now, and flush it; the root of what was read back. */
  rewrite: method({
    name: 'rewrite',
    version: 1,
    kind: 'unary',
    request: record({ id: hex32, seed: bytes(32) }),
    response: record({ root: hex32 }),
    requestMax: KiB,
    responseMax: KiB,
    firstByteMs: 30_000,
    frameMs: 5_000,
    quota: CHALLENGED,
    concurrent: 1
  }),
  /** Of a data set: the blocks that follow from a seed that is told now, each with those that it is made of, and their paths to the root. */
  show: method({
    name: 'show',
    version: 1,
    kind: 'unary',
    request: record({ id: hex32, seed: bytes(32) }),
    response: record({
      blocks: z.array(record({ block: bytes(BLOCK), path: bytes(0, PATH_MAX) })).max((1 + SOURCES) * SAMPLES),
      /** Paths of the asked blocks alone to the root of `rewrite`. */
      again: z.array(bytes(0, PATH_MAX)).max(SAMPLES)
    }),
    requestMax: KiB,
    responseMax: 512 * KiB,
    firstByteMs: 10_000,
    frameMs: 5_000,
    quota: CHALLENGED,
    concurrent: 1
  }),
  /** Of a network challenge that was accepted, once: the seeded stream, as fast as it goes. */
  flow: method({
    name: 'flow',
    version: 1,
    kind: 'stream',
    request: record({ id: hex32 }),
    response: record({ data: bytes(1, PIECE) }),
    requestMax: KiB,
    responseMax: PIECE + KiB,
    firstByteMs: 10_000,
    frameMs: 5_000,
    quota: CHALLENGED,
    concurrent: 1
  }),
  /** Of the same: a piece for the subject, which shows by its digest that it came. No more than was announced is taken. */
  pour: method({
    name: 'pour',
    version: 1,
    kind: 'unary',
    request: record({ id: hex32, data: bytes(1, PIECE) }),
    response: record({ digest: hex32 }),
    requestMax: PIECE + KiB,
    responseMax: KiB,
    firstByteMs: 10_000,
    frameMs: 5_000,
    quota: { count: 256, windowMs: 600_000 },
    concurrent: 8
  }),
  /** What the challenger has seen, for the subject to show. Version 2: kinds beside `cpu` and `gpu`. */
  attest: method({
    name: 'attest',
    version: 2,
    kind: 'unary',
    request: record({ id: hex32, attestation }),
    response: record({}),
    requestMax: 2 * KiB,
    responseMax: KiB,
    firstByteMs: 5_000,
    frameMs: 5_000,
    quota: CHALLENGED,
    concurrent: 1
  })
} as const
