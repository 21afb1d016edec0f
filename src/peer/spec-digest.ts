/** The hash that offers and agreements carry for the task itself. */
import { digestOf, encode } from '../protocol/codec.ts'
import type { Hex32 } from '../protocol/ids.ts'
import type { JobCommon } from '../protocol/records/spec.ts'

export const specDigestOf = (common: JobCommon): Hex32 => digestOf(encode(common))
