/** Images whose descriptions ask for more than a container is given. */
import { readFileSync } from 'node:fs'
import { BUSYBOX, configured, file, MARKER, shell, up, withMore, type HostileImage } from './image-kit.ts'
import { ociImage, rawTar } from './raw-tar.ts'

const NOT_ROOT = 'id; [ "$(id -u)" = 0 ] && echo ESCAPED as root; true'
const NO_RIGHTS =
  'grep -E "^(Cap|NoNew|Seccomp:)" /proc/self/status; grep -qE "^Cap(Eff|Prm|Bnd|Amb):.*[1-9a-f]" /proc/self/status && echo ESCAPED with rights; grep -q "NoNewPrivs:.*1" /proc/self/status || echo ESCAPED without a bar; true'

export const descriptions: readonly HostileImage[] = [
  { name: 'wants to be root', module: configured({ User: '0:0' }), script: NOT_ROOT, want: 'done' },
  {
    ...{ name: 'wants to be a user whom it calls root', script: NOT_ROOT, want: 'done' },
    module: configured({ User: 'nobody' }, [
      file('etc/passwd', 'nobody:x:0:0::/:/bin/sh\nmany:x:65534:0::/:/bin/sh\n'),
      file('etc/group', 'root:x:0:nobody,many\n')
    ])
  },
  {
    ...{ name: 'has an entry point of its own', args: [], want: 'done' },
    module: configured({ Entrypoint: ['/bin/sh', '-c', NOT_ROOT] })
  },
  {
    ...{ name: 'asks for rights by labels', script: NO_RIGHTS, want: 'done' },
    module: configured({
      Labels: {
        ...{
          'io.containers.capabilities': 'CAP_SYS_ADMIN,CAP_NET_ADMIN',
          'io.podman.annotations.privileged': 'TRUE'
        },
        ...{ 'io.podman.annotations.seccomp': 'unconfined', 'run.oci.keep_original_groups': '1' },
        ...{ run: 'podman run --privileged IMAGE' }
      }
    })
  },
  {
    ...{ name: 'asks to be renewed from a registry', script: 'true', want: 'exit' },
    module: configured({ Labels: { 'io.containers.autoupdate': 'registry' } })
  },
  {
    ...{ name: 'asks for rights by fields of old', script: NO_RIGHTS, want: 'done' },
    module: configured({
      Privileged: true,
      CapAdd: ['ALL'],
      SecurityOpt: ['seccomp=unconfined'],
      NetworkMode: 'host'
    })
  },
  {
    ...{ name: 'asks for hooks by annotations', want: 'MODULE_INVALID' },
    module: () =>
      ociImage(rawTar(shell()), { 'run.oci.hooks.stdout': '/tmp/x', 'org.opencontainers.image.title': 'x' })
  },
  {
    ...{ name: 'preloads a library into whoever starts it', script: 'sleep 0.5', want: 'done' },
    module: configured({ Env: [MARKER, 'LD_AUDIT=/evil-4711.so'] })
  },
  {
    ...{ name: 'wants to begin in an open file of the runtime', want: 'done' },
    module: configured({ WorkingDir: '/proc/self/fd/7' }),
    script: '[ "$(pwd)" = /tmp ] || echo ESCAPED into $(pwd)'
  },
  {
    ...{ name: 'wants to begin in a folder of the host', want: 'done' },
    module: ({ folder }) =>
      withMore([{ path: 'begin', link: up(folder) }], { config: { WorkingDir: '/begin' } }),
    script: '[ "$(pwd)" = /tmp ] || echo ESCAPED into $(pwd)'
  },
  {
    ...{ name: 'sets variables that the runtime reads', script: NO_RIGHTS },
    module: configured({
      Env: [
        ...[
          '_LIBCONTAINER_INITPIPE=0',
          '_LIBCONTAINER_STATEDIR=/',
          '_CONTAINERS_USERNS_CONFIGURED=done',
          'LISTEN_FDS=9'
        ],
        ...[
          'LISTEN_PID=1',
          'NOTIFY_SOCKET=/run/x',
          'CONTAINERS_CONF=/evil',
          'XDG_RUNTIME_DIR=/',
          'GODEBUG=x',
          'PATH=/bin'
        ]
      ]
    })
  },
  {
    name: 'sets variables without sense',
    module: configured({ Env: ['', '=', 'A', '=B', 'C=1\nD=2', 'PATH=/bin'] }),
    script: 'true'
  },
  {
    ...{ name: 'wants volumes where our folders lie', script: 'echo x > /etc/x && echo ESCAPED; true' },
    module: configured({ Volumes: { '/in': {}, '/out': {}, '/etc': {}, '/': {}, '/../x': {} } })
  },
  {
    ...{ name: 'has itself looked after', want: 'done' },
    module: configured({
      Healthcheck: { Test: ['CMD-SHELL', 'touch /out/looked'], Interval: 200_000_000, StartInterval: 1 }
    }),
    script: 'sleep 1; [ -e /out/looked ] && echo ESCAPED; true'
  },
  {
    name: 'chooses its own last signal',
    module: configured({ StopSignal: 'SIGCONT' }),
    script: 'true',
    want: 'done'
  },
  { name: 'names no signal', module: configured({ StopSignal: '0x1ffff; touch /x' }), script: 'true' },
  {
    name: 'is for another processor',
    module: () => withMore([], { about: { architecture: 's390x' } }),
    script: 'true'
  },
  { name: 'is for another system', module: () => withMore([], { about: { os: 'windows' } }), script: 'true' },
  {
    ...{ name: 'starts the runtime again', args: ['init'], want: 'exit' },
    module: configured({ Entrypoint: ['/proc/self/exe'] })
  },
  {
    ...{ name: 'starts the runtime by a script', args: ['init'], want: 'exit' },
    module: configured({ Entrypoint: ['/evil'], Env: ['LD_LIBRARY_PATH=/', 'LD_PRELOAD=/evil.so'] }, [
      { path: 'evil', data: Buffer.from('#!/proc/self/exe\n') },
      { path: 'libseccomp.so.2', data: readFileSync(BUSYBOX) }
    ])
  },
  { name: 'starts a folder', args: [], want: 'exit', module: configured({ Entrypoint: ['/bin'] }) },
  { name: 'starts nothing', args: [], module: configured({ Cmd: null, Entrypoint: [] }) }
]
