/** Does the sandbox of this machine hold? Asked before anything is advertised, by a program inside that tries to get out. */

/** The only writable folder of the test, and its size in bytes. */
export const SCRATCH = { inside: '/out', bytes: 65_536 }

/** What the canary found inside; each is how it should be when true. */
export const CHECKS = {
  user: 'the task is nobody, without capabilities and without ways to gain any',
  filter: 'the kernel filters its calls: no sockets',
  processes: 'it sees no processes but its own, and may start none',
  environment: 'it sees nothing of our environment',
  files: 'it sees no files but those it was given',
  readOnly: 'it can write nowhere but where it may',
  quota: 'where it may write there is an end',
  kernel: 'it cannot write to the kernel: /proc/sys, /sys'
} as const
export type Check = keyof typeof CHECKS

export type Canary = Readonly<Record<Check, boolean>>

export interface SelfTest {
  readonly passed: boolean
  /** What does not hold; empty when it passed. */
  readonly failed: readonly string[]
}

/** The canary's words, checked: what it leaves out counts as failed. `uid` is the task's user as the kernel of the host counts. */
export function judge(words: unknown, uid: number | undefined): SelfTest {
  const said = typeof words === 'object' && words !== null ? words : {}
  const failed: string[] = (Object.keys(CHECKS) as Check[])
    .filter(check => Reflect.get(said, check) !== true)
    .map(check => `not true: ${CHECKS[check]}`)
  if (uid === undefined || uid === 0)
    failed.push('not true: the task runs as another user than root, as the host counts')
  return { passed: failed.length === 0, failed }
}
