/** The seven faults by which honest peers were robbed or held, one at a time in the program of today. */

export interface Plant {
  readonly id: string
  /** What it lets a liar do. */
  readonly means: string
  /** Texts that are replaced; each stands exactly once in its file. */
  readonly edits: readonly { readonly file: string; readonly find: string; readonly replace: string }[]
}

export const plants: readonly Plant[] = []
