/** Help texts: what it does, then examples that can be pasted. */
export interface Docs {
  readonly brief: string
  readonly fullDescription: string
}

export const docs = (brief: string, about: readonly string[], examples: readonly string[]): Docs => ({
  brief,
  fullDescription: [...about, '', 'Examples:', ...examples.map(e => `  ${e}`)].join('\n')
})
