/** What the runner and its workers tell each other. */
import type { Outcome } from './scenario.ts'
import type { Point } from './points.ts'

export type ToWorker = { readonly point: Point } | 'end'
export type FromWorker = 'ready' | { readonly point: Point; readonly outcome: Outcome }

/** Longest time from a start until the peer is ready, ms. */
export const READY_MAX_MS = 5_000
