/** `start` and `stop` mirror each other; a second call of either is harmless. */
export interface Startable {
  start(signal?: AbortSignal): Promise<void>
  stop(): Promise<void>
}
