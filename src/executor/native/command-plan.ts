/** What a supervisor runs for one task: commands one after another, each in folders of its own. */

/** Folders of a task as its commands see them. */
export interface TaskFolders {
  /** The module, as a file. */
  readonly module: string
  readonly input: string
  readonly output: string
  readonly checkpoint: string
  /** For temporary files; the commands begin here, and it is their HOME. */
  readonly work: string
}

/** What one line of a command's output means. */
export interface LineMeaning {
  readonly log?: string
  /** Of this command, 0 to 1. */
  readonly progress?: number
}

export interface CommandStep {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** For people: `frame 3`. */
  readonly title: string
  /** Pure. Lines come cut at 8 KiB. */
  line(stream: 'out' | 'err', text: string): LineMeaning
  /** A file that the command must leave in its work folder, and what becomes of it. Its steps need not be run again after a kill. */
  readonly makes?: {
    readonly file: string
    /** Under /out. */
    readonly path: string
    /** The result's bytes; throws when the file is not what it should be. */
    finish(bytes: Uint8Array): Uint8Array
  }
}

/** How far a task is: steps done, and the fraction of the one that runs. */
export const overall = (done: number, fraction: number, steps: number): number =>
  steps === 0 ? 1 : Math.min(1, (done + Math.min(1, Math.max(0, fraction))) / steps)
