/** What others have proven of the running peer: the scores that count, with the classes that follow. */
import type { Proven } from '../../market/classes.ts'
import { HOARD_MAX, KiB, MiB } from '../../protocol/limits.ts'
import type { CapacityKind } from '../../protocol/records/attestation.ts'
import { formatSize } from '../../protocol/units.ts'
import { note, ok, type Finding } from './check.ts'

const rate = (n: number): string => `${formatSize(n * KiB)} a second`
const products = (n: number): string => `${n} million multiply-adds a second`

/** A score in words, in the units of its kind. */
export const scoreText: Readonly<Record<CapacityKind, (score: number) => string>> = {
  cpu: products,
  gpu: products,
  memory: n => (n >= HOARD_MAX ? `${formatSize(n * MiB)} or more` : formatSize(n * MiB)),
  disk: rate,
  network: rate
}

export interface OfferStatus {
  readonly policy?: { readonly open: boolean; readonly reason?: string }
  readonly room?: { readonly reasons: readonly string[] }
}

/** Why a seller has less on offer than it is configured to, or nothing; no word when it has all. */
export function checkOffer({ policy, room }: OfferStatus): Finding[] {
  const closed = policy?.open === false ? (policy.reason ?? 'its policy') : undefined
  return [
    ...(closed === undefined ? [] : [note('on offer', `nothing: ${closed}`)]),
    ...(room?.reasons ?? []).filter(reason => reason !== closed).map(reason => note('on offer', reason))
  ]
}

export interface ProvenStatus {
  readonly classes: readonly string[]
  readonly proven: Proven
  readonly attestations: readonly { readonly kind: CapacityKind }[]
}

export function checkProven({ classes, proven, attestations }: ProvenStatus): Finding[] {
  const kinds = Object.keys(scoreText) as CapacityKind[]
  const shown = kinds.filter(k => proven[k] > 0)
  if (shown.length === 0)
    return [
      note(
        'proven',
        attestations.length === 0
          ? 'nothing yet: other providers challenge this one now and again, and two operators must agree'
          : `nothing yet: ${attestations.length} attestations, but no kind has those of two other operators`
      )
    ]
  return [
    ok('classes', classes.length === 0 ? 'none is proven' : classes.join(', ')),
    ...shown.map(k => ok(`proven ${k}`, scoreText[k](proven[k])))
  ]
}
