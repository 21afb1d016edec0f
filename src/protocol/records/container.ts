/** Which containers a provider runs, in its advert, and which one a task needs, in its offer. */
import { z } from 'zod'
import { hex32, record } from '../fields.ts'

/** Images that one advert names: 68 bytes each. A provider allows no more. */
export const IMAGES_MAX = 16

export const containerOffer = record({
  /** sha-256 of their manifests: what the image is, whatever its name. */
  images: z.array(hex32).max(IMAGES_MAX),
  /** Also images that come with a job. */
  uploads: z.boolean()
})
export type ContainerOffer = z.output<typeof containerOffer>

/** The digest of the manifest, or `upload` for an image that comes with the job. */
export const imageNeed = z.union([hex32, z.literal('upload')])
export type ImageNeed = z.output<typeof imageNeed>
