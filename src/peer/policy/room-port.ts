/** What this machine has left at this moment. Undefined where it cannot tell: that forbids nothing. */
export interface Free {
  /** Bytes that may still be written where the home lies. */
  readonly disk: number | undefined
  /** Bytes of memory without swapping: of the machine, or of a process group that we are in when that has less. */
  readonly memory: number | undefined
  /** Files and sockets that this process may still open. */
  readonly descriptors: number | undefined
  /** Bytes of memory that the processes of our tasks hold, which `memory` no longer has. */
  readonly tasks: number | undefined
}

export interface RoomPort {
  /** `tasks`: whether tasks run, so that their processes are to be looked at; else 0 is told. */
  look(tasks: boolean, signal: AbortSignal): Promise<Free>
}
