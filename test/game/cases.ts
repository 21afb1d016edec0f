/** The games that are searched. */
import type { Config } from './model/config.ts'

const one = {
  tier: 'none',
  outages: 0,
  later: 0,
  ticks: 8
} as const

export const configs: readonly Config[] = [
  {
    ...one,
    name: 'honest requester, dishonest provider, silent arbiter',
    requester: 'honest',
    providers: ['adversary'],
    arbiter: 'silent'
  },
  {
    ...one,
    name: 'honest requester, provider and arbiter against it',
    requester: 'honest',
    providers: ['adversary'],
    arbiter: 'any'
  },
  {
    ...one,
    name: 'honest provider, dishonest requester, silent arbiter',
    requester: 'adversary',
    providers: ['honest'],
    arbiter: 'silent'
  },
  {
    ...one,
    name: 'honest provider, requester and arbiter against it',
    requester: 'adversary',
    providers: ['honest'],
    arbiter: 'any'
  },
  {
    ...one,
    name: 'both honest, the network against them',
    requester: 'honest',
    providers: ['honest'],
    arbiter: 'silent'
  },
  {
    ...one,
    name: 'both honest, outages, a strange arbiter',
    requester: 'honest',
    providers: ['honest'],
    arbiter: 'any',
    outages: 2
  },
  {
    ...one,
    name: 'honest requester with outages',
    requester: 'honest',
    providers: ['adversary'],
    arbiter: 'any',
    outages: 2
  },
  {
    ...one,
    name: 'honest provider with outages',
    requester: 'adversary',
    providers: ['honest'],
    arbiter: 'any',
    outages: 2
  },
  {
    ...one,
    name: 'hand-over between two dishonest providers',
    requester: 'honest',
    providers: ['adversary', 'adversary'],
    arbiter: 'silent',
    later: 1,
    ticks: 9
  },
  {
    ...one,
    name: 'replicas by two dishonest providers',
    requester: 'honest',
    providers: ['adversary', 'adversary'],
    arbiter: 'silent',
    tier: 'replicas'
  },
  {
    ...one,
    name: 'hand-over from an honest provider to a dishonest one',
    requester: 'honest',
    providers: ['honest', 'adversary'],
    arbiter: 'silent',
    later: 1,
    ticks: 9
  }
]
