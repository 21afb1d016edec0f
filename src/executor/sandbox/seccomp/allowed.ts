/**
 * What a task may ask of the kernel. A list of what is allowed and not of what is denied: a call that the kernel learns tomorrow stays
 * closed. Found with Node, ONNX Runtime, Blender, Python and Perl at work; compared with the profiles of container engines, from which
 * it leaves out sockets, System V and POSIX queues, extended attributes' writing, asynchronous I/O and memory policies.
 */
const GROUPS = {
  files: `
    read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat openat2 creat close close_range
    lseek stat lstat fstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getdents
    getdents64 getcwd chdir fchdir mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink
    symlinkat chmod fchmod fchmodat umask truncate ftruncate fallocate fsync fdatasync sync_file_range fadvise64 readahead
    flock utime utimes utimensat futimesat copy_file_range sendfile splice tee dup dup2 dup3 fcntl ioctl pipe pipe2
    inotify_init inotify_init1 inotify_add_watch inotify_rm_watch getxattr lgetxattr fgetxattr listxattr llistxattr
    flistxattr memfd_create`,
  waiting: `
    poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 eventfd eventfd2
    signalfd signalfd4 timerfd_create timerfd_settime timerfd_gettime socketpair recvmsg sendmsg recvfrom sendto shutdown
    getsockopt getsockname getpeername setsockopt`,
  memory: `
    brk mmap munmap mprotect mremap madvise msync mincore mlock mlock2 munlock membarrier pkey_alloc pkey_free
    pkey_mprotect shmget shmat shmdt shmctl get_mempolicy`,
  threads: `
    clone fork vfork execve execveat exit exit_group wait4 waitid futex futex_waitv set_tid_address set_robust_list
    get_robust_list set_thread_area get_thread_area arch_prctl rseq gettid sched_yield sched_getaffinity sched_setaffinity
    sched_getparam sched_setparam sched_getscheduler sched_setscheduler sched_getattr sched_get_priority_max
    sched_get_priority_min sched_rr_get_interval getpriority setpriority getcpu restart_syscall`,
  signals: `
    rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigtimedwait rt_sigsuspend rt_sigqueueinfo rt_tgsigqueueinfo
    sigaltstack kill tkill tgkill pause alarm getitimer setitimer`,
  time: `
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times timer_create timer_settime timer_gettime
    timer_getoverrun timer_delete`,
  self: `
    getpid getppid getpgid getpgrp getsid setpgid setsid getuid geteuid getgid getegid getresuid getresgid getgroups
    setuid setgid setresuid setresgid setreuid setregid setgroups setfsuid setfsgid capget capset getrlimit setrlimit
    prlimit64 getrusage uname sysinfo prctl getrandom seccomp landlock_create_ruleset landlock_add_rule
    landlock_restrict_self`
} as const

/** Names of the calls that pass whatever their arguments are, but for those that `rules.ts` looks at. */
export const allowed: ReadonlySet<string> = new Set(
  Object.values(GROUPS).flatMap(text => text.trim().split(/\s+/))
)
