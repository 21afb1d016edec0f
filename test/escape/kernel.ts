/** Programs that reach for the network, the kernel and other processes. */
import { bounded, denied, held, type Program } from './program.ts'

/** AF_* of linux/socket.h, up to one more than the newest we know. */
const FAMILIES = 47
const TYPES = [1, 2, 3, 5, 10]

const privileges: readonly Program[] = [
  held(
    'becomes root',
    `for my $c (['setuid', 0], ['setgid', 0], ['setresuid', 0, 0, 0], ['setresgid', 0, 0, 0], ['setreuid', 0, 0], ['setfsuid', 0]) { sc(@$c) } escaped("uid $<") if $< == 0 || $> == 0; escaped('gid') if $( =~ /^0/;`
  ),
  held(
    'takes capabilities',
    `my $h = pack('LL', 0x20080522, 0); my $d = pack('L6', (0xffffffff) x 6); escaped('capset') if sc('capset', $h, $d) == 0;`
  ),
  held(
    'allows itself new privileges',
    `escaped('prctl') if sc('prctl', 38, 0, 0, 0, 0) == 0 && sc('prctl', 39, 0, 0, 0, 0) == 0 && (slurp('/proc/self/status') =~ /NoNewPrivs:\\s+0/);`
  ),
  held(
    'takes its filter off',
    `sc('prctl', 22, 0, 0, 0, 0); sc('seccomp', 0, 1, 0); escaped('filter') if slurp('/proc/self/status') !~ /Seccomp:\\s+2/;`
  ),
  held(
    'allows itself more files, memory and processes',
    `my $old = "\\0" x 16; for my $r (7, 1) { my $new = pack('QQ', 1 << 40, 1 << 40); escaped("limit $r") if sc('prlimit64', 0, $r, $new, $old) == 0 }`
  ),
  held(
    'changes the limits of another process',
    `my $old = "\\0" x 16; escaped('prlimit') if sc('prlimit64', 1, 7, 0, $old) == 0;`
  ),
  held('takes more of the processor than others', `escaped('nice') if sc('setpriority', 0, 0, -20) == 0;`),
  held(
    'runs before all others',
    `my $p = pack('l', 50); escaped('fifo') if sc('sched_setscheduler', 0, 1, $p) == 0;`
  ),
  held('turns address randomisation off', `escaped('personality') if sc('personality', 0x0040000) == 0;`)
]

const others: readonly Program[] = [
  denied('traces the supervisor', 'ptrace', 16, 1),
  denied('has itself traced', 'ptrace', 0),
  denied('reads the memory of the supervisor', 'process_vm_readv', 1),
  denied('writes the memory of the supervisor', 'process_vm_writev', 1),
  denied('takes an open file of the supervisor', 'pidfd_getfd', 3, 0),
  denied('opens a handle on the supervisor', 'pidfd_open', 1),
  denied('compares itself with the supervisor', 'kcmp', 1, '$$'),
  // the first process is bubblewrap's own, in the same cage: who takes it over has won nothing
  held(
    'finds a process with more rights than its own',
    `for my $p (glob('/proc/[0-9]*/status')) { my $s = slurp($p) // next; escaped($p) if $s !~ /Seccomp:\\s+2/ || $s !~ /NoNewPrivs:\\s+1/ || $s =~ /Cap(Eff|Prm|Bnd):\\s+0*[1-9a-f]/ }`
  ),
  bounded(
    'writes garbage over the memory of the first process',
    `my $m = slurp('/proc/1/maps') // ''; open(my $f, '+<', '/proc/1/mem'); while ($m =~ /^([0-9a-f]+)-([0-9a-f]+) rw/mg) { sysseek($f, hex($1), 0); syswrite($f, "\\xff" x 4096) } sleep 60;`
  ),
  held(
    'enters the namespaces of others',
    `for my $n (qw(user mnt pid net ipc uts cgroup)) { for my $p (glob('/proc/[0-9]*')) { next unless open(my $f, '<', "$p/ns/$n"); escaped($n) if sc('setns', fileno($f), 0) == 0 } }`
  ),
  held(
    'kills the supervisor',
    `kill 'KILL', 1; kill 'TERM', 1; kill 'STOP', 1; select(undef, undef, undef, 0.05);`
  ),
  held(
    'kills everything in sight',
    `$SIG{TERM} = 'IGNORE'; kill 'TERM', -1; kill 'HUP', 1; select(undef, undef, undef, 0.05);`
  )
]

const namespaces: readonly Program[] = [
  ...[
    ['user', 0x10000000],
    ['mount', 0x00020000],
    ['network', 0x40000000],
    ['process', 0x20000000],
    ['time', 0x00000080]
  ].map(([name, flag]) => denied(`makes a ${name} namespace of its own`, 'unshare', String(flag))),
  held('clones into a user namespace', `escaped('clone') if sc('clone', 0x10000000 | 17, 0, 0, 0, 0) == 0;`),
  held(
    'clones by the new call, whose flags no filter sees',
    `my $a = pack('Q11', 0x10000000, (0) x 10); my $e = sc('clone3', $a, 88); escaped("errno $e") if $e != 38;`
  )
]

const network: readonly Program[] = [
  held(
    'opens a socket of every family and type',
    `for my $f (0..${FAMILIES}) { for my $t (${TYPES.join(', ')}) { my $e = sc('socket', $f, $t, 0); escaped("family $f type $t errno $e") if $e != 97 } }`
  ),
  held(
    'opens a pair of sockets of every family but the local one',
    `my $p = "\\0" x 8; for my $f (0, 2..${FAMILIES}) { my $e = sc('socketpair', $f, 1, 0, $p); escaped("family $f errno $e") if $e != 97 }`
  ),
  denied('connects with a socket it inherited', 'connect', 0, "'aaaaaaaaaaaaaaaa'", 16),
  denied('listens', 'listen', 0, 1),
  denied('binds', 'bind', 0, "'aaaaaaaaaaaaaaaa'", 16),
  denied('accepts', 'accept4', 0),
  denied(
    'makes a ring of asynchronous calls',
    'io_uring_setup',
    8,
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"
  ),
  denied('uses a ring of another', 'io_uring_enter', 3),
  denied('opens a message queue', 'mq_open', "'/q'", 64),
  held(
    'looks at the host by its interfaces',
    `my $n = slurp('/proc/net/dev') // ''; my @i = grep { /:/ } split /\\n/, $n; escaped("@i") if grep { !/^\\s*lo:/ } @i;`
  )
]

const kernel: readonly Program[] = [
  denied('loads a kernel module', 'init_module', "'aaaa'", 4, "''"),
  denied('loads a kernel module from a file', 'finit_module', 0, "''"),
  denied('removes a kernel module', 'delete_module', "'loop'"),
  denied('loads another kernel', 'kexec_load'),
  denied('restarts the machine', 'reboot', '0xfee1dead', 672274793, '0x1234567'),
  denied('runs a program in the kernel', 'bpf', 5, "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'", 48),
  denied('counts the events of the processor', 'perf_event_open', "'aaaaaaaaaaaaaaaaaaaaaaaa'", 0, -1, -1),
  denied('handles the page faults of the kernel', 'userfaultfd'),
  denied('reads the kernel log', 'syslog', 3, "'aaaaaaaaaaaaaaaa'", 16),
  denied('adds a key to the keyring', 'add_key', "'user'", "'k'", "'v'", 1, -3),
  denied('asks for a key', 'request_key', "'user'", "'k'"),
  denied('reads the keyring', 'keyctl', 0, -3),
  denied('sets the clock', 'settimeofday', "'aaaaaaaaaaaaaaaa'"),
  denied('sets another clock', 'clock_settime', 0, "'aaaaaaaaaaaaaaaa'"),
  denied('turns the clock', 'adjtimex', "'" + 'a'.repeat(208) + "'"),
  denied('names the machine', 'sethostname', "'owned'", 5),
  denied('keeps accounts of processes', 'acct', "'/out/acct'"),
  denied('writes pages of another', 'vmsplice', 1),
  denied('moves pages of others', 'move_pages', 1),
  denied('sets where memory comes from', 'mbind'),
  denied('makes secret memory', 'memfd_secret'),
  denied('remaps a file out of order', 'remap_file_pages'),
  denied('hangs up the terminal', 'vhangup'),
  held(
    'types into our terminal',
    `my $c = 'x'; my $e = sc('ioctl', 0, 0x5412, $c); escaped("errno $e") if $e != 1;`
  ),
  // the kernel looks at the low half of the number alone
  held(
    'types into our terminal by a number whose low half is that of the call',
    `my $c = 'x'; for my $n (0x5412, 0x541c) { for my $h (1, 0x80000000) { my $e = sc('ioctl', 0, ($h << 32) | $n, $c); escaped("errno $e") if $e != 1 } }`
  ),
  held(
    'clones into a user namespace with high bits beside',
    `escaped('clone') if sc('clone', (1 << 40) | 0x10000000 | 17, 0, 0, 0, 0) == 0;`
  ),
  held(
    'reaches the console',
    `my $c = 'x'; my $e = sc('ioctl', 0, 0x541c, $c); escaped("errno $e") if $e != 1;`
  )
]

/** Ways of x86-64 that arm64 does not have. */
export const x64: readonly Program[] = [
  denied('takes over input and output ports', 'iopl', 3),
  denied('takes over one port', 'ioperm', 0, 1, 1),
  denied('changes its descriptor table', 'modify_ldt', 1, "'aaaaaaaaaaaaaaaa'", 16),
  held(
    'calls by the x32 numbers',
    `for my $n (41, 57, 101, 321) { my $e = sc(0x40000000 + $n, 2, 1, 0); escaped("$n errno $e") if $e != 1 }`
  )
]

export const kernelPrograms: readonly Program[] = [
  ...privileges,
  ...others,
  ...namespaces,
  ...network,
  ...kernel
]
