/** Makes every system call there is, inside the sandbox, and compares what the kernel answers with what the filter says. */
import { allowed } from '../../src/executor/sandbox/seccomp/allowed.ts'
import { syscallsOf } from '../../src/executor/sandbox/seccomp/syscalls.ts'
import { held, type Program } from './program.ts'
import type { Arch } from '../../src/executor/sandbox/seccomp/syscalls.ts'

/** Calls that end or hold the one who makes them; the filter's answer to them is read off its program alone. */
const NOT_MADE = new Set(
  'exit exit_group pause rt_sigreturn rt_sigsuspend rt_sigtimedwait fork vfork clone execve execveat kill tkill tgkill restart_syscall'.split(
    ' '
  )
)
/** Allowed calls that the kernel itself answers with EPERM here: for lack of rights, which is as it should be. */
const REFUSED_ANYWAY = new Set(
  'setuid setgid setresuid setresgid setreuid setregid setgroups capset setpriority sched_setscheduler sched_setparam setrlimit prlimit64 rt_sigqueueinfo rt_tgsigqueueinfo setpgid setsid mlock mlock2'.split(
    ' '
  )
)

/** uretprobe and uprobe of x86-64: no filter sees them (kernel/seccomp.c); the kernel refuses whoever is not probed. */
const NOT_FILTERED = [335, 336]

export const EVERY_CALL = 'makes every system call there is'

export interface Asked {
  /** Highest number that is tried. */
  readonly upTo: number
  /** What the filter may answer to a number that it does not know. */
  readonly unknown: readonly number[]
}

/** One number a child, so that nothing which one call does is seen by the next. */
export function everyCall(arch: Arch, { upTo, unknown }: Asked = { upTo: 520, unknown: [38] }): Program {
  const numbers = [...syscallsOf(arch)].filter(([name]) => !NOT_MADE.has(name))
  const special = new Set(['socket', 'socketpair', 'clone3', 'ioctl'])
  const refused = numbers.filter(([name]) => !allowed.has(name) && !special.has(name)).map(([, nr]) => nr)
  const passed = numbers
    .filter(([name]) => allowed.has(name) && !special.has(name) && !REFUSED_ANYWAY.has(name))
    .map(([, nr]) => nr)
  const known = new Set([...syscallsOf(arch).values(), ...(arch === 'x64' ? NOT_FILTERED : [])])
  const strangers = Array.from({ length: upTo + 1 }, (_, nr) => nr).filter(nr => !known.has(nr))
  return held(
    EVERY_CALL,
    `sub answer { my ($nr) = @_; pipe(my $r, my $w); my $p = fork();
if ($p == 0) { close $r; alarm 1; $SIG{ALRM} = sub { exit 0 }; close STDIN; open(STDIN, '<', '/dev/null'); my $fd = fileno($w); $! = 0; my $e = syscall($nr, -1, -1, -1, -1, -1, -1) < 0 ? $! + 0 : 0; syswrite($w, "$e\\n"); syscall($N{exit_group}, 0) }
close $w; my $e = <$r>; waitpid $p, 0; return $e =~ /^(\\d+)/ ? $1 : -1 }
my @wrong; for my $nr (${refused.join(',')}) { my $e = answer($nr); push @wrong, "$nr passed ($e)" unless $e == 1${unknown.includes(1) ? ' || $e == 38 && $nr > 334' : ''} }
for my $nr (${passed.join(',')}) { my $e = answer($nr); push @wrong, "$nr refused" if $e == 1 }
my %unknown = map { $_ => 1 } (${unknown.join(',')});
for my $nr (${strangers.join(',')}) { my $e = answer($nr); push @wrong, "$nr unknown but $e" unless $unknown{$e} }
escaped("@wrong") if @wrong;`
  )
}
