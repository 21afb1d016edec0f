/** Child processes as the executor sees them. */

export interface ProcessExit {
  readonly code: number | null
  readonly signal: string | null
  /** The end of what the child wrote to its standard error; for the operator's log only. */
  readonly errors: string
}

export interface ChildLink {
  readonly pid: number | undefined
  /** Resolves when the child took the bytes; rejects with ENGINE_BROKEN when it is gone. */
  write(bytes: Uint8Array): Promise<void>
  /** What the child writes to its standard output; read once. Held back while nobody reads. */
  readonly output: AsyncIterable<Uint8Array>
  /** Never rejects. */
  readonly exited: Promise<ProcessExit>
  /** SIGKILL; harmless when the child is gone. */
  kill(): void
}

export interface ProcessPort {
  /** Starts our own runner script in a fresh Node with an empty environment. ENGINE_BROKEN when that is not possible. */
  startRunner(flags: readonly string[]): ChildLink
}
