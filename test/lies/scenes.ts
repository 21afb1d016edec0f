/** What happens in a small world when nobody lies: the stories that each lie is told in. */
import type { Script } from '../support/world/engine.ts'
import type { Lie } from './tongue.ts'

export type Who = 'requester' | 'provider-1' | 'provider-2' | 'provider-3' | 'arbiter'

/** A provider that is no good in a scene, whoever else lies. */
export interface Wrong {
  readonly who: Who
  /** Its results are nonsense. */
  readonly nonsense?: true
  /** Its checkpoints are nonsense. */
  readonly forgets?: true
  /** What it says that is not true. */
  readonly lies?: readonly Lie[]
}

export interface Scene {
  readonly name: string
  readonly providers: number
  readonly script: Script
  readonly copies?: number
  /** Seconds that the job may take; a minute when absent. */
  readonly seconds?: number
  /** Only what is said there is lied about; everything when absent. */
  readonly about?: readonly string[]
  /** Work that the spec gives the task; twice what it takes when absent. */
  readonly gas?: number
  /** How the job ends when nobody lies: its state, and the code of its failure. */
  readonly ends: string
  /** Seconds that the spec gives the task. */
  readonly wall: number
  /** Something that happens at a moment of the story, seconds after the submit; the liar is never the one who leaves. */
  readonly events?: readonly { readonly at: number; readonly what: 'leave' | 'cancel'; readonly who: Who }[]
  readonly wrong?: Wrong
  /** Nobody reaches the requester: bids are found in the DHT. */
  readonly hidden?: true
  /** Whose lies are worth hearing here. */
  readonly liars: readonly Who[]
}

const four = [5e9, 5e9, 5e9, 5e9]
const two = [5e9, 5e9]
const field = (channel: string, path: readonly string[]): Lie => ({
  ...{ channel, path, manner: 'zero', example: undefined }
})

export const scenes: readonly Scene[] = [
  {
    name: 'a task with checkpoints',
    ends: 'settled',
    providers: 2,
    script: { pieces: four, end: 'done' },
    wall: 30,
    liars: ['requester', 'provider-2']
  },
  {
    name: 'a job that has time',
    ends: 'settled',
    providers: 2,
    script: { pieces: two, end: 'done' },
    wall: 240,
    seconds: 480,
    about: ['request:agree', 'chain:open', 'request:start'],
    liars: ['requester']
  },
  {
    name: 'a task that goes on elsewhere',
    ends: 'settled',
    providers: 2,
    script: { pieces: four, end: 'done' },
    wall: 30,
    events: [{ at: 14, what: 'leave', who: 'provider-2' }],
    liars: ['requester', 'provider-1']
  },
  {
    name: 'two copies',
    ends: 'settled',
    providers: 3,
    script: { pieces: two, end: 'done' },
    copies: 2,
    wall: 30,
    liars: ['requester', 'provider-1']
  },
  {
    name: 'a task that fails by its own fault',
    ends: 'failed ATTEMPTS_EXHAUSTED',
    providers: 2,
    script: { pieces: two, end: 'fail' },
    wall: 30,
    liars: ['requester', 'provider-1']
  },
  {
    name: 'a task that uses up its work',
    ends: 'failed ATTEMPTS_EXHAUSTED',
    providers: 2,
    script: { pieces: two, end: 'done' },
    gas: 7e9,
    wall: 30,
    liars: ['requester', 'provider-1']
  },
  {
    name: 'a job that is cancelled',
    ends: 'cancelled CANCELLED',
    providers: 2,
    script: { pieces: four, end: 'done' },
    wall: 30,
    events: [{ at: 14, what: 'cancel', who: 'requester' }],
    liars: ['requester', 'provider-2']
  },
  {
    name: 'a requester that leaves before it pays',
    ends: 'running',
    providers: 2,
    script: { pieces: two, end: 'done' },
    wall: 30,
    events: [{ at: 10, what: 'leave', who: 'requester' }],
    liars: ['provider-1', 'provider-2']
  },
  {
    name: 'a requester that nobody reaches',
    ends: 'settled',
    providers: 2,
    script: { pieces: two, end: 'done' },
    wall: 30,
    hidden: true,
    liars: ['requester', 'provider-1', 'provider-2']
  },
  {
    name: 'an arbiter that has gone',
    ends: 'settled',
    providers: 2,
    script: { pieces: [8e9], end: 'done' },
    wall: 30,
    events: [{ at: 0, what: 'leave', who: 'arbiter' }],
    liars: ['requester']
  },
  {
    name: 'a copy that is wrong, before the arbiter',
    ends: 'settled',
    providers: 3,
    script: { pieces: two, end: 'done' },
    copies: 2,
    wall: 60,
    seconds: 120,
    wrong: { who: 'provider-1', nonsense: true },
    liars: ['requester', 'arbiter']
  },
  {
    name: 'a result that its requester does not get',
    ends: 'settled',
    providers: 1,
    script: { pieces: two, end: 'done' },
    wall: 30,
    wrong: { who: 'provider-1', lies: [field('response:events', ['?kind=result', 'result', 'wrapped'])] },
    liars: ['requester', 'arbiter']
  },
  {
    name: 'a resumed task whose result its requester does not get',
    ends: 'settled',
    providers: 2,
    script: { pieces: four, end: 'done' },
    wall: 30,
    events: [{ at: 14, what: 'leave', who: 'provider-2' }],
    wrong: { who: 'provider-1', lies: [field('response:events', ['?kind=result', 'result', 'wrapped'])] },
    liars: ['requester']
  },
  {
    name: 'checkpoints that are nonsense',
    ends: 'settled',
    providers: 3,
    script: { pieces: four, end: 'done' },
    wall: 30,
    events: [{ at: 14, what: 'leave', who: 'provider-2' }],
    wrong: { who: 'provider-2', forgets: true },
    liars: ['requester', 'provider-1', 'arbiter']
  }
]
