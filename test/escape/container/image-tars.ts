/** Images whose outer tar lies. */
import { file, MiB, shell, up, withMore, type HostileImage } from './image-kit.ts'
import { rawImage, rawTar, sha256 } from './raw-tar.ts'

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const manifests =
  (...wrong: readonly object[]) =>
  (fitting: object): unknown =>
    wrong.map(w => ({ ...fitting, ...w }))

/** One layer, two descriptions. */
function twoImages(): Buffer {
  const layer = rawTar(shell())
  const rootfs = { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] }
  const second = json({ architecture: 'amd64', os: 'linux', config: { Cmd: ['/bin/id'] }, rootfs })
  const more = [{ path: 'second.json', data: second }]
  return rawImage({ layers: [layer], more, manifest: manifests({}, { Config: 'second.json' }) })
}

export const tars: readonly HostileImage[] = [
  {
    name: 'is two images',
    want: 'MODULE_INVALID',
    module: twoImages
  },
  { name: 'is no image', want: 'MODULE_INVALID', module: () => withMore([], { manifest: () => [] }) },
  {
    name: 'names a layer outside of itself',
    want: 'MODULE_INVALID',
    module: ({ secretFile }) => withMore([], { manifest: manifests({ Layers: [up(secretFile)] }) })
  },
  {
    name: 'names a description outside of itself',
    want: 'MODULE_INVALID',
    module: ({ secretFile }) => withMore([], { manifest: manifests({ Config: secretFile }) })
  },
  {
    ...{ name: 'has a layer that is a link to the host', want: 'MODULE_INVALID' },
    module: ({ secretFile }) =>
      withMore([], {
        manifest: manifests({ Layers: ['layer'] }),
        more: [{ path: 'layer', link: secretFile }]
      })
  },
  {
    ...{ name: 'has a description that is a link to the host', want: 'MODULE_INVALID' },
    module: ({ secretFile }) =>
      withMore([], {
        manifest: manifests({ Config: 'config' }),
        more: [{ path: 'config', link: secretFile }]
      })
  },
  {
    name: 'says another digest than its layer has',
    want: 'MODULE_INVALID',
    module: () => withMore([], { diffs: [`sha256:${'ab'.repeat(32)}`] })
  },
  {
    name: 'has layers without number',
    want: 'MODULE_INVALID',
    module: () => withMore([], { diffs: Array.from({ length: 100_000 }, () => `sha256:${'ab'.repeat(32)}`) })
  },
  {
    name: 'has two manifests',
    script: 'true',
    module: () =>
      withMore([], { more: [{ path: 'manifest.json', data: json([{ Config: '/etc/passwd', Layers: [] }]) }] })
  },
  {
    name: 'has a manifest of 40 MB',
    script: 'true',
    module: () => withMore([], { manifest: manifests({ RepoTags: [`localhost/${'a'.repeat(40 * MiB)}:1`] }) })
  },
  {
    name: 'has a description that is nested without end',
    script: 'true',
    module: () =>
      withMore([], {
        manifest: manifests({ Config: 'deep' }),
        more: [{ path: 'deep', data: Buffer.from('['.repeat(4 * MiB)) }]
      })
  },
  {
    name: 'has a hundred thousand names',
    module: () =>
      withMore([], {
        manifest: manifests({ RepoTags: Array.from({ length: 100_000 }, (_, i) => `localhost/n:${i}`) })
      }),
    script: 'true'
  },
  {
    name: 'climbs out in the outer tar',
    script: 'true',
    module: ({ folder }) =>
      withMore([], { more: [file(up(`${folder}/canary`)), { path: 'l', link: folder }, file('l/canary')] })
  }
]
