/** Programs that reach for files, devices and mounts which are not theirs. */
import { denied, held, type Program } from './program.ts'

const reads = (name: string, path: string): Program =>
  held(name, `escaped("read ${path}") if defined slurp('${path}');`)
const writes = (name: string, path: string): Program =>
  held(name, `escaped("wrote ${path}") if spew('${path}', "x");`)

export const files: readonly Program[] = [
  held(
    'reads a file of the host that anybody may read',
    `escaped('read it') if (slurp($SECRET_FILE) // '') =~ /$SECRET/;`
  ),
  held(
    'reads it by way of /proc/1/root',
    `for my $p (glob('/proc/[0-9]*')) { escaped($p) if (slurp("$p/root$SECRET_FILE") // '') =~ /$SECRET/ }`
  ),
  held(
    'reads it by way of the working folders of others',
    `for my $p (glob('/proc/[0-9]*')) { my $up = '../' x 20; escaped($p) if (slurp("$p/cwd/$up$SECRET_FILE") // '') =~ /$SECRET/ }`
  ),
  held(
    'climbs out with ..',
    `my $up = '../' x 40; escaped('climbed') if (slurp("/$up$SECRET_FILE") // '') =~ /$SECRET/;`
  ),
  held(
    'looks for open folders it inherited',
    `opendir(my $d, '/proc/self/fd'); my @f = grep { /^\\d+$/ && $_ > 2 && $_ != fileno($d) } readdir $d; @f = grep { (readlink("/proc/self/fd/$_") // '') !~ m{^(/proc/|pipe:|anon_inode|/dev/null)|\\(deleted\\)} && -e "/proc/self/fd/$_" } @f; @f = grep { my $t = readlink("/proc/self/fd/$_") // ''; $t !~ m{\\Q$HERE\\E|^socket:} } @f; escaped("fd @f " . readlink("/proc/self/fd/$f[0]")) if @f;`
  ),
  reads('reads the host users', '/etc/passwd'),
  reads('reads the host passwords', '/etc/shadow'),
  reads('reads the keys of root', '/root/.ssh/id_rsa'),
  reads('reads the kernel memory', '/proc/kcore'),
  reads('reads the physical memory', '/dev/mem'),
  reads('reads the kernel log', '/dev/kmsg'),
  reads('reads a disk', '/dev/sda'),
  reads('reads the first disk of a virtual machine', '/dev/vda'),
  reads('reads the kernel tree', '/sys/kernel/vmcoreinfo'),
  held(
    'reads the environment of the first process',
    `for my $p (glob('/proc/[0-9]*/environ')) { my $e = slurp($p) // ''; $e =~ s/PWD=[^\\0]*\\0//g; escaped("$p: $e") if $p !~ m{/proc/$$/} && $e ne '' }`
  ),
  held(
    'finds paths of the host in command lines',
    `for my $p (glob('/proc/[0-9]*/cmdline')) { my $e = slurp($p) // ''; escaped("$p: $e") if $e =~ m{--ro-bind|/work/|/home/} }`
  ),
  held(
    'sees processes of the host',
    `my @p = grep { m{/\\d+$} } glob('/proc/[0-9]*'); escaped(scalar(@p) . ' processes') if @p > 4;`
  ),
  writes('writes into the root folder', '/canary'),
  writes('writes among the libraries', '/usr/lib/canary.so'),
  writes('writes among the devices', '/dev/canary'),
  writes('writes into our own code', '/shoal/src/canary.ts'),
  writes('names a program for core dumps', '/proc/sys/kernel/core_pattern'),
  held(
    'opens the place of that name for writing',
    `escaped('opened') if open(my $f, '+<', '/proc/sys/kernel/core_pattern');`
  ),
  writes('names a helper for modules', '/proc/sys/kernel/modprobe'),
  writes('pulls the system request key', '/proc/sysrq-trigger'),
  writes('maps itself to root', '/proc/self/uid_map'),
  writes('writes to the power state', '/sys/power/state'),
  held(
    'makes itself unkillable for lack of memory',
    `open(my $f, '>', '/proc/self/oom_score_adj') or do { print "held\\n"; exit 0 }; print $f "-1000"; escaped('oom_score_adj') if close $f;`
  ),
  held(
    'looses the bound folder of its input',
    `escaped('wrote') if open(my $f, '>', "$HERE/canary"); escaped('unlinked') if unlink("$HERE/main.pl");`
  ),
  held(
    'links a file of the host into its output',
    `escaped('hard link') if link($SECRET_FILE, '/out/stolen'); escaped('link of our code') if link('/shoal/node', '/out/node');`
  ),
  held(
    'puts a link to the host into its output and reads through it',
    `symlink($SECRET_FILE, '/out/link'); escaped('read') if (slurp('/out/link') // '') =~ /$SECRET/;`
  ),
  held('leaves by chroot', `mkdir '/out/jail'; escaped('chroot') if sc('chroot', '/out/jail') == 0;`),
  denied('mounts a file system in memory', 'mount', "'none'", "'/out'", "'tmpfs'"),
  denied('mounts /proc again', 'mount', "'proc'", "'/out'", "'proc'"),
  denied('binds the root folder', 'mount', "'/'", "'/out'", "''", 4096),
  denied('makes the root folder writable', 'mount', "'none'", "'/'", "''", 32),
  denied('unmounts /proc', 'umount2', "'/proc'", 2),
  denied('changes the root folder', 'pivot_root', "'/out'", "'/out'"),
  denied('opens a file system by the new calls', 'fsopen', "'tmpfs'"),
  denied('clones a mount', 'open_tree', -100, "'/'", 1),
  denied('moves a mount', 'move_mount', -1, "''", -100, "'/out'"),
  denied('changes what a mount allows', 'mount_setattr', -100, "'/'"),
  denied('opens a file by its handle', 'open_by_handle_at', -100, "'aaaaaaaaaaaaaaaaaaaaaaaa'"),
  denied('makes a block device', 'mknodat', -100, "'/out/sda'", 0o60660, 2048),
  denied('gives a file away', 'fchownat', -100, "'/out'", 0, 0),
  denied('watches all of a mount', 'fanotify_init'),
  denied('uses a file as swap', 'swapon', "'/out/swap'"),
  denied('sets quotas of a disk', 'quotactl', 0, "'/dev/sda'")
]
