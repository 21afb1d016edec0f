/** What happens in a small world when nobody lies: the stories that each lie is told in. */
import type { Script } from '../support/world/engine.ts'

export type Who = 'requester' | 'provider-1' | 'provider-2' | 'provider-3' | 'arbiter'

export interface Scene {
  readonly name: string
  readonly providers: number
  readonly script: Script
  readonly copies?: number
  /** Seconds that the spec gives the task. */
  readonly wall: number
  /** Something that happens at a moment of the story, seconds after the submit; the liar is never the one who leaves. */
  readonly events?: readonly { readonly at: number; readonly what: 'leave' | 'cancel'; readonly who: Who }[]
  /** A provider whose results are wrong, whatever else it says. */
  readonly wrong?: Who
  /** How the job ends when nobody lies. */
  readonly ends: 'done' | 'failed' | 'cancelled'
  /** Whose lies are worth hearing here. */
  readonly liars: readonly Who[]
}

export const scenes: readonly Scene[] = [
  {
    name: 'a task with checkpoints',
    providers: 2,
    script: { pieces: [5e9, 5e9, 5e9, 5e9], end: 'done' },
    wall: 60,
    ends: 'done',
    liars: ['requester', 'provider-2']
  },
  {
    name: 'a task that goes on elsewhere',
    providers: 2,
    script: { pieces: [5e9, 5e9, 5e9, 5e9], end: 'done' },
    wall: 60,
    events: [{ at: 14, what: 'leave', who: 'provider-2' }],
    ends: 'done',
    liars: ['requester', 'provider-1']
  },
  {
    name: 'two copies',
    providers: 3,
    script: { pieces: [5e9, 5e9], end: 'done' },
    copies: 2,
    wall: 60,
    ends: 'done',
    liars: ['requester', 'provider-1']
  },
  {
    name: 'a task that fails by its own fault',
    providers: 2,
    script: { pieces: [5e9, 5e9], end: 'fail' },
    wall: 60,
    ends: 'failed',
    liars: ['requester', 'provider-1']
  },
  {
    name: 'a job that is cancelled',
    providers: 2,
    script: { pieces: [5e9, 5e9, 5e9, 5e9], end: 'done' },
    wall: 60,
    events: [{ at: 14, what: 'cancel', who: 'requester' }],
    ends: 'cancelled',
    liars: ['requester', 'provider-2']
  },
  {
    name: 'a copy that is wrong, before the arbiter',
    providers: 3,
    script: { pieces: [5e9, 5e9], end: 'done' },
    copies: 2,
    wall: 60,
    wrong: 'provider-1',
    ends: 'done',
    liars: ['requester', 'arbiter']
  }
]
