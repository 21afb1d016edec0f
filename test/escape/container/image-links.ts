/** Images whose files are links to places of the host, or stand where the container's own folders go. */
import { file, shell, up, withMore, type HostileImage } from './image-kit.ts'
import { rawImage, rawTar } from './raw-tar.ts'

const MOUNTED = ['in', 'out', 'ckpt', 'tmp', 'dev', 'proc', 'sys', 'run', 'etc']
const KNOWN = ['passwd', 'group', 'hosts', 'hostname', 'resolv.conf', 'mtab', 'localtime']

export const links: readonly HostileImage[] = [
  {
    ...{ name: 'has files that climb out', script: 'true' },
    module: ({ folder }) =>
      withMore([file(up(`${folder}/canary`)), file(`a/${up(`${folder}/canary`)}`), file('../canary')])
  },
  {
    ...{ name: 'has files with whole paths', script: 'true' },
    module: ({ folder }) => withMore([file(`${folder}/canary`), file(`//${folder}/canary2`)])
  },
  {
    ...{ name: 'writes through a link to the host', script: 'true' },
    module: ({ folder }) =>
      withMore([
        { path: 'evil', link: folder },
        file('evil/canary'),
        { path: 'evil2', link: up(folder) },
        file('evil2/canary')
      ])
  },
  {
    ...{ name: 'writes through a link of an earlier layer', script: 'true' },
    module: ({ folder }) =>
      rawImage({
        layers: [rawTar([...shell(), { path: 'evil', link: up(folder) }]), rawTar([file('evil/canary')])]
      })
  },
  {
    ...{ name: 'holds a hard link to a file of the host', script: 'cat /stolen* 2>/dev/null; true' },
    module: ({ secretFile }) =>
      withMore([
        { path: 'stolen', type: '1', link: secretFile },
        { path: 'stolen2', type: '1', link: up(secretFile) }
      ])
  },
  {
    ...{ name: 'holds a hard link through a link', script: 'cat /stolen 2>/dev/null; true' },
    module: ({ folder }) =>
      withMore([
        { path: 'd', link: up(folder) },
        { path: 'stolen', type: '1', link: 'd/secret' }
      ])
  },
  ...MOUNTED.map((name): HostileImage => ({
    ...{
      name: `has a link to the host in place of /${name}`,
      script: `ls /${name}/ 2>/dev/null; cat /${name}/secret; touch /${name}/canary; true`
    },
    module: ({ folder }) => withMore([{ path: name, link: up(folder) }])
  })),
  {
    ...{ name: 'has links to the host below /dev, /proc and /sys', script: 'true', want: 'done' },
    module: ({ folder }) =>
      withMore(
        [
          'dev/null',
          'dev/fd',
          'dev/shm',
          'dev/pts',
          'dev/mqueue',
          'dev/console',
          'proc/sys',
          'proc/acpi',
          'sys/fs'
        ].map(path => ({ path, link: up(folder) }))
      )
  },
  {
    ...{ name: 'has links to itself in place of our folders', script: 'touch /out/x /in/x; true' },
    module: () =>
      withMore([
        { path: 'in', link: '/proc/self/root' },
        { path: 'out', link: '/proc/self/fd' },
        { path: 'ckpt', link: '/dev' }
      ])
  },
  {
    name: 'has files in place of our folders',
    script: 'true',
    module: () => withMore(['in', 'out', 'ckpt', 'tmp', 'proc'].map(name => file(name)))
  },
  {
    ...{
      name: 'has links to the host where its users stand',
      script: KNOWN.map(n => `cat /etc/${n}`).join(';') + '; true'
    },
    module: ({ secretFile }) => withMore(KNOWN.map(name => ({ path: `etc/${name}`, link: up(secretFile) })))
  },
  {
    ...{
      name: 'has links to the host where podman puts files',
      script: 'cat /run/.containerenv /run/secrets/*; true'
    },
    module: ({ folder, secretFile }) =>
      withMore([
        { path: 'run/.containerenv', link: up(secretFile) },
        { path: 'run/secrets', link: up(folder) },
        { path: 'run/lock', link: up(folder) }
      ])
  },
  {
    name: 'has pipes where its users stand',
    wallMs: 5_000,
    script: 'true',
    module: () => withMore(['passwd', 'group'].map(name => ({ path: `etc/${name}`, type: '6', mode: 0o666 })))
  },
  {
    name: 'has more users than fit',
    script: 'true',
    module: () => withMore([file('etc/passwd', 'a:x:1:1::/:/bin/sh\n'.repeat(800_000))])
  }
]
