/** Randomness comes from here: cryptographic in a peer, seeded in a simulation. */
export interface Random {
  /** `n` fresh bytes. */
  bytes(n: number): Uint8Array
  /** A number in [0, 1): for jitter and choice, never for keys. */
  fraction(): number
}
