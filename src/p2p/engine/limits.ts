/** Waits and bounds of the request engine that no single method decides. Times in milliseconds. */
export const engineLimits = {
  /** Longest wait for a connection: a dial over three addresses and a TLS handshake on a slow line. */
  dialMs: 10_000,
  /** Longest wait for the other side to open a stream for a method (one round trip and its queue). */
  openMs: 5_000,
  /** Longest wait for a request to be taken, and for one frame of a slow reader to be taken. */
  writeMs: 10_000,
  /** Longest wait for a request that was announced by opening a stream; all of ours are one packet or a few. */
  requestMs: 7_000,
  /** How long a refused asker may take to finish its request: a reset at once would overtake the refusal. */
  refusedMs: 2_000,
  /** A reader of a stream may leave one frame untaken this long: longer than any step that a requester does between frames. */
  stallMs: 120_000,
  /** Our own requests that may wait for a free place at one peer. */
  waitingMax: 4_096,
  /** Inbound streams above a method's `concurrent` that still get a named refusal; more are reset by libp2p. */
  refusals: 16
} as const

export type EngineLimits = { readonly [K in keyof typeof engineLimits]: number }
