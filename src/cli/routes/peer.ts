/** Keys, the peer itself, money. */
import { buildCommand, buildRouteMap } from '@stricli/core'
import type { Cli } from '../context.ts'
import { arg, duration, flag, homeFlags, jsonFlag, list, text, whole } from './flags.ts'
import type { CommonFlags } from './jobs.ts'

const common = { ...homeFlags, ...jsonFlag }

export interface InitFlags extends CommonFlags {
  readonly network?: string
  readonly rpcUrl?: string
  readonly bootstrap?: readonly string[]
  readonly light: boolean
}
const init = buildCommand<InitFlags, [], Cli>({
  loader: async () => (await import('../commands/init.ts')).init,
  parameters: {
    flags: {
      ...common,
      network: text('network.json of the network to join', 'FILE'),
      rpcUrl: text('JSON-RPC address of the chain', 'URL'),
      bootstrap: list('Address of a peer to begin with (repeatable)', 'MULTIADDR'),
      light: flag('A peer that only buys and listens on nothing')
    }
  },
  docs: { brief: 'Make keys and a home folder' }
})

export interface UpFlags extends CommonFlags {
  readonly rpcUrl?: string
  readonly bootstrap?: readonly string[]
  readonly light: boolean
  readonly slots?: number
  readonly ask?: string
  readonly apiPort?: number
  readonly untilIdle?: number
}
const up = buildCommand<UpFlags, [], Cli>({
  loader: async () => (await import('../commands/up.ts')).up,
  parameters: {
    flags: {
      ...common,
      rpcUrl: text('JSON-RPC address of the chain', 'URL'),
      bootstrap: list('Address of a peer to begin with (repeatable)', 'MULTIADDR'),
      light: flag('Buy only, listen on nothing'),
      slots: whole('Executions at the same time', 'N'),
      ask: text('Ask per 10^9 gas', 'AMOUNT'),
      apiPort: whole('Port of the local API (0: any)', 'PORT'),
      untilIdle: duration('End by itself when no job was under way for this long')
    }
  },
  docs: {
    brief: 'Run the peer until Ctrl-C',
    fullDescription:
      'Runs the peer of this home. Without chain.rpcUrl a full peer starts an embedded chain of its own.'
  }
})

const walletShow = buildCommand<CommonFlags, [], Cli>({
  loader: async () => (await import('../commands/wallet.ts')).show,
  parameters: { flags: common },
  docs: { brief: 'Address and balances' }
})
const deposit = buildCommand<CommonFlags, [string], Cli>({
  loader: async () => (await import('../commands/wallet.ts')).deposit,
  parameters: { flags: common, positional: { kind: 'tuple', parameters: [arg('How much', 'AMOUNT')] } },
  docs: { brief: 'Move tokens from the wallet into the vault' }
})
export interface WithdrawFlags extends CommonFlags {
  readonly to?: string
}
const withdraw = buildCommand<WithdrawFlags, [string], Cli>({
  loader: async () => (await import('../commands/wallet.ts')).withdraw,
  parameters: {
    flags: { ...common, to: text('Another address', '0x...') },
    positional: { kind: 'tuple', parameters: [arg('How much', 'AMOUNT')] }
  },
  docs: { brief: 'Move free balance out of the vault' }
})
const wallet = buildRouteMap({
  routes: { show: walletShow, balance: walletShow, deposit, withdraw },
  defaultCommand: 'show',
  docs: { brief: 'Address, balance, deposit, withdraw' }
})

const status = buildCommand<CommonFlags, [], Cli>({
  loader: async () => (await import('../commands/network-commands.ts')).status,
  parameters: { flags: common },
  docs: { brief: 'The peer that runs on this home' }
})

const down = buildCommand<CommonFlags, [], Cli>({
  loader: async () => (await import('../commands/down.ts')).down,
  parameters: { flags: common },
  docs: {
    brief: 'Stop the peer of this home',
    fullDescription: [
      'Also one that `run --detach` started in the background. Jobs under way go on when a peer runs again.',
      '',
      'Example: shoal down'
    ].join('\n')
  }
})

export const peerRoutes = { init, up, down, status, wallet }
