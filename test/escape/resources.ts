/** Programs that take more than their share, or try to outlive their end. */
import { bounded, held, killed, type Program } from './program.ts'

export const resources: readonly Program[] = [
  bounded(
    'fork bomb',
    `for (1..5000) { my $p = fork(); last unless defined $p; if ($p == 0) { sleep 60; exit } }`
  ),
  bounded('fork bomb that doubles', `for (1..24) { fork() } sleep 60;`),
  bounded(
    'leaves children behind that ignore every signal',
    `$SIG{$_} = 'IGNORE' for qw(HUP INT TERM QUIT USR1); for (1..5) { next if fork(); sc('setsid'); sleep 600 while 1; }`
  ),
  bounded(
    'leaves a daemon behind',
    `exit 0 if fork(); sc('setsid'); exit 0 if fork(); close STDOUT; close STDERR; sleep 600 while 1;`
  ),
  held(
    'has more processes than it may',
    `my $n = 0; for (1..100) { my $p = fork(); last unless defined $p; if ($p == 0) { sleep 60; exit } $n++ } escaped("$n") if $n >= 100;`
  ),
  killed(
    'takes twice the memory it may have',
    `my @m; for (1..64) { my $b = chr($_) x (8 << 20); push @m, $b }`
  ),
  killed('memory bomb', `my @m; push @m, 'x' x (8 << 20) for 1..4096;`),
  bounded(
    'memory bomb of many children',
    `for (1..16) { next if fork(); my @m; push @m, 'x' x (8 << 20) for 1..4096; exit }`
  ),
  held(
    'fills its output folder',
    `open(my $f, '>', '/out/big') or die; my $n = 0; while (print $f 'x' x 65536) { $n += 65536; last if $n > 192 << 20 } escaped("$n bytes") if -s '/out/big' > 65 << 20;`
  ),
  held(
    'fills the shared memory',
    `my $n = 0; if (open(my $f, '>', '/dev/shm/big')) { while (print $f 'x' x 65536) { $n += 65536; last if $n > 1 << 30 } escaped("$n bytes") if -s '/dev/shm/big' > 65 << 20 }`
  ),
  bounded(
    'fills it with files without bytes',
    `for my $i (1..3000000) { open(my $f, '>', "/out/f$i") or last }`
  ),
  bounded(
    'makes a folder as deep as it can',
    `my $p = '/out'; for (1..5000) { $p .= '/d'; mkdir $p or last }`
  ),
  held(
    'makes a file larger than any disk',
    `open(my $f, '>', '/out/sparse') or die; $SIG{XFSZ} = 'IGNORE'; truncate($f, 1 << 50) and escaped('truncate');`
  ),
  held(
    'opens files without end',
    `my @f; while (@f < 100000) { open(my $f, '<', '/proc/self/status') or last; push @f, $f } escaped(scalar(@f) . ' files') if @f >= 100000;`
  ),
  bounded(
    'hoards pipes and what they hold',
    `my @p; while (@p < 100000) { pipe(my $r, my $w) or last; syswrite($w, 'x' x 4096); push @p, $r, $w }`
  ),
  bounded(
    'hoards memory that has no file',
    `my @m; for (1..4096) { my $fd = syscall($N{memfd_create}, "m", 0); last if $fd < 0; my $b = 'x' x (1 << 20); for (1..8) { syscall($N{write}, $fd, $b, length $b) } }`
  ),
  bounded(
    'hoards shared memory segments',
    `for (1..4096) { my $e = sc('shmget', 0, 8 << 20, 01600); last if $e }`
  ),
  killed('runs for ever', `while (1) { }`),
  killed(
    'sleeps for ever and ignores every signal',
    `$SIG{$_} = 'IGNORE' for qw(HUP INT TERM QUIT USR1 USR2 ALRM); sleep 600 while 1;`
  ),
  killed('floods its log', `print 'x' x 8192 while 1;`),
  killed('floods its log with an endless line to standard error', `print STDERR 'x' x 8192 while 1;`),
  bounded('closes its streams and goes on', `close STDIN; close STDOUT; close STDERR; while (1) { }`),
  bounded('dumps its core', `$ENV{X} = 'x' x 100000; kill 'SEGV', $$; sleep 5;`),
  bounded(
    'storms itself with timers and signals',
    `$SIG{ALRM} = sub { }; my $t = pack('QQQQ', 0, 1, 0, 1); sc('setitimer', 0, $t, 0); my $n = 0; kill 'USR1', $$ while $n++ < 0; for (1..200000) { $n++ }`
  ),
  bounded('writes control characters into its log', `print "\\e]0;owned\\a\\e[2J\\0\\xff\\xfe" for 1..100;`)
]
