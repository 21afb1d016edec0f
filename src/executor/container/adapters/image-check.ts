/** What an image must not bring along: annotations that runtimes obey, and links where runtimes write. */
import { lstatSync } from 'node:fs'
import { join } from 'node:path'
import type { Store } from '../run-command.ts'
import { asked } from './podman.ts'

/** Annotations that only people read; others are read by runtimes, and some of those reach out of the container. */
const HARMLESS = /^org\.opencontainers\.image\./

/**
 * Folders in which podman and runc mount, make files and links before the container is closed. Where one is a link, runc 1.1 follows it
 * from the host's root folder: an image with /dev -> ../../x had ptmx replaced by a link, and others made, in any folder of the host.
 */
export const PLACES = ['dev', 'proc', 'sys', 'etc', 'run', 'tmp', 'in', 'out', 'ckpt'] as const

async function strangeAnnotation(store: Store, image: string, folder?: string): Promise<string | undefined> {
  const said = await asked(store, ['image', 'inspect', '--format', '{{json .Annotations}}', image], folder)
  const found = Object.keys((JSON.parse(said) as Record<string, string> | null) ?? {})
  const strange = found.find(name => !HARMLESS.test(name))
  return strange === undefined ? undefined : `the annotation ${strange.slice(0, 100)}`
}

/** The first of those folders that is something else. */
export const strangePlace = (root: string): string | undefined =>
  PLACES.find(place => lstatSync(join(root, place), { throwIfNoEntry: false })?.isDirectory() === false)

async function strangeFolder(store: Store, image: string, folder?: string): Promise<string | undefined> {
  const root = (await asked(store, ['image', 'mount', image], folder)).trim()
  try {
    const place = strangePlace(root)
    return place === undefined ? undefined : `something that is no folder in place of /${place}`
  } finally {
    await asked(store, ['image', 'unmount', image], folder)
  }
}

/** What an image has that is not let in; undefined when it has nothing of it. ENGINE_BROKEN when podman does not say. */
export const strangeIn = async (store: Store, image: string, folder?: string): Promise<string | undefined> =>
  (await strangeAnnotation(store, image, folder)) ?? (await strangeFolder(store, image, folder))
