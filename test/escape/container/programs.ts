/** The hostile programs of the other boxes, some of them fitted to a container, and those that only a container knows. */
import { readFileSync } from 'node:fs'
import { everyCall, EVERY_CALL } from '../every-call.ts'
import { programsFor } from '../list.ts'
import { bounded, held, type Program } from '../program.ts'
import { OPEN_FOLDER, ROOTS_FILE, SETUID } from './image.ts'

const hex = (path: string): string => readFileSync(path).toString('hex')

/** Programs that mean something else in a container: what they look for there, and why it differs. */
const fitted: readonly Program[] = [
  // podman writes a file of that name for the container
  held(
    'reads the host users',
    `escaped('they are the same') if unpack('H*', slurp('/etc/passwd') // '') eq '${hex('/etc/passwd')}';`
  ),
  // the first process is the program itself; whoever started it must have handed on nothing
  held(
    'reads the environment of the first process',
    `my @e = grep { !/^(PATH|HOME|HOSTNAME|TERM|container|SHOAL_SHARDS?|_|PWD|SHLVL)=/ } split /\\0/, slurp('/proc/1/environ') // ''; escaped("@e") if @e;`
  ),
  // a container has no code of ours, but a program and libraries of its own
  held(
    'links a file of the host into its output',
    `escaped('hard link') if link($SECRET_FILE, '/out/stolen'); escaped('link of the image') if link('${SETUID}', '/out/setuid');`
  ),
  held('writes into our own code', `escaped('wrote') if spew('/usr/bin/perl', 'x');`),
  // runc ends who calls by the x32 numbers
  held(
    'calls by the x32 numbers',
    `for my $n (41, 57, 101, 321) { my $p = fork(); if ($p == 0) { my $e = sc(0x40000000 + $n, 2, 1, 0); exit($e == 1 ? 0 : 1) } waitpid $p, 0; escaped("$n status $?") unless $? == 0 || ($? & 127) == 31 }`
  ),
  // a container may have 256
  held(
    'has more processes than it may',
    `my $n = 0; for (1..400) { my $p = fork(); last unless defined $p; if ($p == 0) { sleep 60; exit } $n++ } escaped("$n") if $n >= 300;`
  ),
  // a single file is bounded before the folder is
  held(
    'fills its output folder',
    `$SIG{XFSZ} = 'IGNORE'; my $n = 0; for my $i (1..16) { open(my $f, '>', "/out/big$i") or last; for (1..512) { syswrite($f, 'x' x 65536) or last } close $f; $n += -s "/out/big$i"; last if $n > 160 << 20 } unlink glob('/out/big*'); escaped("$n bytes") if $n > 160 << 20;`
  ),
  everyCall('x64', { upTo: 1023, unknown: [1, 38] })
]

/** Writes a file into each folder that lets it, but for the ones named. */
const TRIES_ALL = `my @todo = ('/'); my $n = 0; while (my $p = shift @todo) { last if $n++ > 50000; opendir(my $d, $p) or next; my @e = readdir $d; my $file = "$p/canary"; if ($p !~ m{^/*(tmp|out|ckpt|dev/shm|dev/mqueue)$} && open(my $f, '>', $file)) { escaped("wrote into $p") } push @todo, map { "$p/$_" } grep { !/^(\\.\\.?|proc|sys)$/ && -d "$p/$_" && !-l "$p/$_" } @e }`

/** Opens all files below a folder for writing. */
const opensAll = (folder: string): string =>
  `my @todo = ('${folder}'); my $n = 0; while (my $p = shift @todo) { last if $n++ > 30000; if (-d $p) { opendir(my $d, $p) or next; push @todo, map { "$p/$_" } grep { !/^\\.\\.?$/ && !-l "$p/$_" } readdir $d } elsif (sysopen(my $f, $p, 1)) { escaped("opened $p") } }`

/** socket(AF_INET, SOCK_STREAM) through int 0x80, exit with 1 when it is there: an ELF file of 32 bits. */
const OLD_CALLS =
  '7f454c4601010100000000000000000002000300010000005480040834000000000000000000000034002000010000000000' +
  '00000100000000000000008004080080040875000000750000000500000000100000b867010000bb02000000b90100000031d2cd8031db85c0780143b801000000cd80'

const groups: readonly Program[] = [
  held(
    'names a program that the kernel runs when its group is empty',
    `for my $p (glob('/sys/fs/cgroup/*/release_agent /sys/fs/cgroup/release_agent /sys/fs/cgroup/*/notify_on_release')) { escaped($p) if open(my $f, '>', $p) }`
  ),
  held(
    'makes a group of its own',
    `for my $p (glob('/sys/fs/cgroup/* /sys/fs/cgroup')) { escaped($p) if mkdir "$p/canary" }`
  ),
  held(
    'raises the limits of its group',
    `for my $p (glob('/sys/fs/cgroup/*/memory.limit_in_bytes /sys/fs/cgroup/*/pids.max /sys/fs/cgroup/memory.max /sys/fs/cgroup/*/devices.allow')) { escaped($p) if open(my $f, '>', $p) }`
  ),
  held(
    'leaves its group',
    `for my $p (glob('/sys/fs/cgroup/*/cgroup.procs /sys/fs/cgroup/*/tasks /sys/fs/cgroup/cgroup.procs')) { escaped($p) if open(my $f, '>', $p) }`
  )
]

const places: readonly Program[] = [
  held(
    'writes into a folder of the image that is open to all',
    `escaped('wrote') if spew('${OPEN_FOLDER}/x', 'x');`
  ),
  held('writes into every folder that there is', TRIES_ALL),
  held('reads what the image keeps for root', `escaped('read') if defined slurp('${ROOTS_FILE}');`),
  held(
    'becomes root by a program of the image',
    `open(my $f, '-|', '${SETUID}', '-e', 'print "$> "; print -r "${ROOTS_FILE}" ? 1 : 0') or do { print "held\\n"; exit 0 }; my $t = <$f> // ''; escaped($t) if $t =~ /^0 /;`
  ),
  held('opens all of /sys for writing', opensAll('/sys')),
  held('opens all of /proc/sys for writing', opensAll('/proc/sys')),
  ...['bus', 'fs', 'irq', 'acpi', 'scsi'].map(name =>
    held(`opens all of /proc/${name} for writing`, opensAll(`/proc/${name}`))
  ),
  held(
    'opens the devices of the host',
    `for my $p (qw(fuse kvm vsock vhost-vsock vhost-net net/tun loop-control loop0 mem port kmsg vda sda nvme0n1 mapper/control btrfs-control userfaultfd cpu_dma_latency dri/card0 input/event0 snd/seq)) { escaped($p) if open(my $f, '<', "/dev/$p") }`
  ),
  held(
    'finds devices that no container needs',
    `opendir(my $d, '/dev'); my @strange = grep { !/^(\\.\\.?|null|zero|full|random|urandom|tty|ptmx|pts|shm|mqueue|fd|stdin|stdout|stderr|core|console)$/ } readdir $d; escaped("@strange") if @strange;`
  ),
  held(
    'inherits a folder of the host by a number',
    `for my $n (3..64) { my $up = '../' x 20; for my $p ("/proc/self/fd/$n", "/dev/fd/$n") { escaped("$p") if (slurp("$p/$up$SECRET_FILE") // '') =~ /$SECRET/ } }`
  )
]

const runtime: readonly Program[] = [
  held(
    'writes over the program that started it',
    `for my $p (glob('/proc/self/exe /proc/[0-9]*/exe')) { escaped($p) if open(my $f, '+<', $p) }`
  ),
  held(
    'waits for the runtime to come by and writes over it',
    `for (1..2000) { for my $p (glob('/proc/[0-9]*/exe')) { escaped($p) if open(my $f, '+<', $p) } }`
  ),
  held(
    'makes a socket by the calls of 32 bits',
    `open(my $f, '>', '/tmp/old') or die; print $f pack('H*', '${OLD_CALLS}'); close $f; chmod 0755, '/tmp/old'; my $p = fork(); if ($p == 0) { exec '/tmp/old'; exit 0 } waitpid $p, 0; escaped("status $?") if ($? >> 8) == 1;`
  ),
  held(
    'finds memory that others share',
    `my @l = split /\\n/, slurp('/proc/sysvipc/shm') // ''; escaped(scalar(@l)) if @l > 1; opendir(my $d, '/dev/shm'); my @e = grep { !/^\\.\\.?$/ } readdir $d; escaped("@e") if @e;`
  ),
  bounded(
    'makes message queues as files',
    `for my $i (1..100000) { open(my $f, '>', "/dev/mqueue/q$i") or last }`
  ),
  held(
    'fills the folder of temporary files',
    `$SIG{XFSZ} = 'IGNORE'; my $n = 0; for my $i (1..8) { open(my $f, '>', "/tmp/big$i") or last; for (1..512) { syswrite($f, 'x' x 65536) or last } close $f; $n += -s "/tmp/big$i"; last if $n > 65 << 20 } escaped("$n bytes") if $n > 65 << 20;`
  )
]

const handedOut: readonly Program[] = [
  held(
    'hands out links to everything',
    `for my $t ($SECRET_FILE, '/etc/shadow', '/', '..', '/proc/1/root', '/proc/self/environ') { (my $n = $t) =~ s{/}{_}g; symlink($t, "/out/$n"); symlink($t, "/ckpt/$n") } mkdir '/out/d'; symlink('../../../../../../../..', '/out/d/up'); select(undef, undef, undef, 2.6);`
  ),
  held(
    'exchanges a folder for a link while its checkpoint is read',
    `(my $dir = $SECRET_FILE) =~ s{/[^/]*$}{}; my $end = time + 6; while (time < $end) { mkdir '/ckpt/d'; spew('/ckpt/d/secret', $$ . time); rename '/ckpt/d', '/ckpt/e'; symlink($dir, '/ckpt/d'); unlink '/ckpt/d'; rename '/ckpt/e', '/ckpt/d' }`
  )
]

/** All for a container. */
export function containerPrograms(): readonly Program[] {
  const others = new Map(fitted.map(p => [p.name, p]))
  const known = programsFor('x64').map(p => others.get(p.name) ?? p)
  return [...known, ...groups, ...places, ...runtime, ...handedOut]
}

/** A few of each kind, for every run of the tests. */
export const SAMPLE: ReadonlySet<string> = new Set([
  EVERY_CALL,
  ...[
    'reads a file of the host that anybody may read',
    'reads the kernel tree',
    'becomes root',
    'memory bomb'
  ],
  ...['opens a socket of every family and type', 'writes into every folder that there is', 'fork bomb'],
  ...[
    'types into our terminal by a number whose low half is that of the call',
    'opens the devices of the host'
  ],
  ...['hands out links to everything', 'becomes root by a program of the image'],
  ...[
    'leaves a daemon behind',
    'writes over the program that started it',
    'makes a socket by the calls of 32 bits'
  ]
])
