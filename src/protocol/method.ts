/** What a row of the request protocol says (methods.ts). */
import type { Schema } from './codec.ts'

/** `unary`: one request, one response. `stream`: one request, any number of response frames until the responder half-closes. */
export type MethodKind = 'unary' | 'stream'

export interface Method<Req, Res> {
  readonly name: string
  readonly version: number
  readonly kind: MethodKind
  readonly request: Schema<Req>
  /** Of one frame. */
  readonly response: Schema<Res>
  readonly requestMax: number
  /** Of one frame, in bytes. */
  readonly responseMax: number
  /** Longest wait for the (first) response frame, ms. */
  readonly firstByteMs: number
  /** Longest silence between two frames of a stream, ms. */
  readonly frameMs: number
  /** Requests that one peer may make in a window; more are refused with QUOTA_EXCEEDED. */
  readonly quota: { readonly count: number; readonly windowMs: number }
  /** Requests of one peer that may be open at the same time. */
  readonly concurrent: number
}

export const method = <Req, Res>(m: Method<Req, Res>): Method<Req, Res> => m
