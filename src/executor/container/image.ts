/** What the module of a container task is: the name of an image that the provider's owner keeps, or the image itself. */
import { z } from 'zod'
import { ShoalError } from '../../protocol/errors.ts'
import type { Hex32 } from '../../protocol/ids.ts'
import type { ContainerOffer, ImageNeed } from '../../protocol/records/container.ts'

/** A name with the digest of its manifest: what it stands for cannot change. No tags, which can. */
export const IMAGE_NAME = /^[a-z0-9][a-z0-9._/:-]{0,200}@sha256:[0-9a-f]{64}$/

/** Of the text that names an image. */
const NAME_BYTES_MAX = 4096
/** Where a tar says what it is (POSIX, ustar header). */
const MAGIC = { at: 257, text: 'ustar' }

const named = z.strictObject({ image: z.string().regex(IMAGE_NAME) })

export type ImageSource = { readonly kind: 'named'; readonly name: string } | { readonly kind: 'tar' }

const invalid = (message: string): ShoalError =>
  new ShoalError('MODULE_INVALID', message, {
    next: 'Give a tar of `podman save`, not compressed, or a file such as {"image": "name@sha256:<64 hex digits>"}.'
  })

function readName(bytes: Uint8Array): string {
  try {
    return named.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).image
  } catch (cause) {
    throw new ShoalError('MODULE_INVALID', 'The module names no image by its digest.', {
      cause,
      next: 'Write a file such as {"image": "name@sha256:<64 hex digits>"}; podman images --digests tells them.'
    })
  }
}

/** MODULE_INVALID for anything else. What is inside a tar is not looked at here: podman unpacks it, within limits. */
export function imageSource(bytes: Uint8Array): ImageSource {
  const magic = new TextDecoder('latin1').decode(bytes.subarray(MAGIC.at, MAGIC.at + MAGIC.text.length))
  if (magic === MAGIC.text) return { kind: 'tar' }
  if (bytes[0] !== 0x7b || bytes.length > NAME_BYTES_MAX)
    throw invalid('The module is neither the tar of an image nor a name of one.')
  return { kind: 'named', name: readName(bytes) }
}

/** What a provider's owner lets strangers run. */
export interface ImagePolicy {
  /** Names with digests, of images in the owner's own store. */
  readonly images: readonly string[]
  /** Also images that come with a job. */
  readonly uploads: boolean
}

/** Of the manifest: what the image is, whatever its name. */
export const digestOf = (name: string): Hex32 => `0x${name.slice(-64)}` as Hex32

/** What an offer says of a task's image. */
export const imageNeedOf = (source: ImageSource): ImageNeed =>
  source.kind === 'tar' ? 'upload' : digestOf(source.name)

/** What an advert says of the owner's word. */
export const containerOfferOf = ({ images, uploads }: ImagePolicy): ContainerOffer => ({
  images: [...new Set(images.map(digestOf))].sort(),
  uploads
})

/**
 * The image under the owner's own name: the digest decides. MODULE_INVALID when the owner does not run it. Nothing is ever pulled.
 */
export function allowed(source: ImageSource, { images, uploads }: ImagePolicy): ImageSource {
  if (source.kind === 'tar' && uploads) return source
  const name =
    source.kind === 'named' ? images.find(image => digestOf(image) === digestOf(source.name)) : undefined
  if (name !== undefined) return { kind: 'named', name }
  const what = source.kind === 'tar' ? 'images that come with a job' : source.name
  throw new ShoalError('MODULE_INVALID', `This provider does not run ${what}.`, {
    next: 'shoal offers --json tells which providers run which images.'
  })
}
