/** Files and blocks on the real disk, dying and failing at their points. */
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { nodeFiles } from '../../src/peer/adapters/node-files.ts'
import { collectBytes } from '../../src/protocol/bundle.ts'
import type { Files } from '../../src/protocol/ports/files.ts'
import { NodeBlockFiles } from '../../src/storage/adapters/block-files.ts'
import type { BlockFiles } from '../../src/storage/blocks.ts'
import type { Busy } from '../support/sim/busy.ts'
import { diskError, readFailures, writeFailures } from './disk-error.ts'
import type { Life } from './life.ts'
import type { Mode } from './points.ts'

const WRITE_MAX = 64 * 1024 * 1024
const changes: readonly Mode[] = ['before', 'after', ...writeFailures]
const reads: readonly Mode[] = ['before', ...readFailures]

const half = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, Math.floor(bytes.byteLength / 2))

/** What a write that was cut off leaves: half of the temporary file, as the real adapter names it. */
async function tearFile(path: string, data: Uint8Array): Promise<void> {
  await writeFile(`${path}.${process.pid}.999999.tmp`, half(data))
}

export function faultyFiles(life: Life, busy: Busy): Files {
  const call = <T>(what: string, path: string, modes: readonly Mode[], run: () => Promise<T>) =>
    life.call({
      ...{ port: 'files' as const, modes },
      what: `${what} ${basename(path)}`.replace(/[0-9a-f]{8,}/g, '*'),
      run: () => busy.track(run),
      error: mode => diskError(mode, path)
    })
  return {
    read: (path, o) => call('read', path, reads, () => nodeFiles.read(path, o)),
    async *stream(path, o) {
      const parts: Uint8Array[] = []
      await call('stream', path, reads, async () => {
        for await (const part of nodeFiles.stream(path, o)) parts.push(part)
      })
      yield* parts
    },
    write: async (path, data, o) => {
      const bytes = data instanceof Uint8Array ? data : await collectBytes(data, WRITE_MAX)
      await life.call({
        port: 'files',
        what: `write ${basename(path)}`.replace(/[0-9a-f]{8,}/g, '*'),
        modes: [...changes, 'torn'],
        run: () => busy.track(() => nodeFiles.write(path, bytes, o)),
        tear: () => busy.track(() => tearFile(path, bytes)),
        error: mode => diskError(mode, path)
      })
    },
    stat: path => call('stat', path, reads, () => nodeFiles.stat(path)),
    list: path => call('list', path, reads, () => nodeFiles.list(path)),
    makeFolder: (path, o) => call('makeFolder', path, changes, () => nodeFiles.makeFolder(path, o)),
    remove: path => call('remove', path, changes, () => nodeFiles.remove(path)),
    rename: (from, to) => call('rename', to, changes, () => nodeFiles.rename(from, to)),
    temporaryFolder: prefix =>
      call('temporaryFolder', prefix, changes, () => nodeFiles.temporaryFolder(prefix))
  }
}

/** A cut block is left under its own name: without a sync before the rename a power cut may do that. */
async function tearBlock(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, name.slice(-2), `${name}.block`)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, half(bytes))
}

export function faultyBlocks(folder: string, life: Life, busy: Busy): BlockFiles {
  let nonce = 0
  const real = new NodeBlockFiles(folder, () => String((nonce += 1)))
  const call = <T>(what: string, modes: readonly Mode[], run: () => Promise<T>, tear?: () => Promise<void>) =>
    life.call({
      ...{ port: 'blocks' as const, what, modes },
      run: () => busy.track(run),
      tear: tear === undefined ? undefined : () => busy.track(tear),
      error: mode => diskError(mode, `block: ${what}`)
    })
  return {
    open: () => call('open', reads, () => real.open()),
    get: name => call('get', reads, () => real.get(name)),
    has: name => call('has', reads, () => real.has(name)),
    put: (name, bytes) =>
      call(
        'put',
        [...changes, 'torn'],
        () => real.put(name, bytes),
        () => tearBlock(folder, name, bytes)
      ),
    sync: names => call('sync', changes, () => real.sync(names)),
    delete: name => call('delete', changes, () => real.delete(name)),
    async *names() {
      const all: string[] = []
      await call('names', reads, async () => {
        for await (const name of real.names()) all.push(name)
      })
      yield* all
    }
  }
}
