/** Hostile programs in Perl, whose `syscall` reaches every call of the kernel; each says for itself whether it got out. */
import { syscallsOf, type Arch } from '../../src/executor/sandbox/seccomp/syscalls.ts'

/**
 * How a program must end: `held` when it prints so, `killed` when the kernel or the wall time ends it, `bounded` when it may end in any
 * way, as long as nothing of it is left.
 */
export type Want = 'held' | 'killed' | 'bounded'

export interface Program {
  readonly name: string
  readonly want: Want
  readonly code: string
}

/** What is handed to programs about the outside. */
export interface Outside {
  /** A file that every user of this machine may read, with a secret in it. */
  readonly secretFile: string
  readonly secret: string
  /** A port of this machine's loopback on which somebody listens. */
  readonly port: number
  /** Folder of the program as it sees it; that of the sandbox when absent. */
  readonly here?: string
}

export const held = (name: string, code: string): Program => ({ name, want: 'held', code })
export const killed = (name: string, code: string): Program => ({ name, want: 'killed', code })
export const bounded = (name: string, code: string): Program => ({ name, want: 'bounded', code })

/** A program that makes one call; it must fail, with one of these errors when any is named. */
export const denied = (name: string, call: string, ...args: readonly (number | string)[]): Program =>
  held(
    name,
    `my $e = sc('${call}', ${[...args, 0, 0, 0, 0, 0, 0].slice(0, 6).join(', ')}); escaped("errno $e") unless $e == 1 || $e == 38 || $e == 97;`
  )

/** Helpers for all: `sc` makes a call by name and gives its errno, 0 for success. */
export function source(program: Program, arch: Arch, outside: Outside): string {
  const numbers = [...syscallsOf(arch)].map(([name, nr]) => `${name}=>${nr}`).join(',')
  return `$| = 1; our %N = (${numbers});
our ($SECRET_FILE, $SECRET, $PORT, $HERE) = ('${outside.secretFile}', '${outside.secret}', ${outside.port}, '${outside.here ?? '/shoal/program'}');
sub sc { my ($n, @a) = @_; my $nr = $n =~ /^\\d+$/ ? $n : $N{$n}; $! = 0; my $r = syscall($nr, @a); return $r < 0 ? $! + 0 : 0 }
sub escaped { print "ESCAPED @_\\n"; exit 0 }
sub slurp { my ($p) = @_; open(my $f, '<', $p) or return undef; local $/; my $t = <$f>; close $f; return $t }
sub spew { my ($p, $t) = @_; open(my $f, '>', $p) or return 0; my $ok = print $f $t; return close($f) && $ok }
${program.code}
print "held\\n";
`
}
