/** Keys, the peer itself, money. */
import { buildCommand, buildRouteMap } from '@stricli/core'
import type { Cli } from '../context.ts'
import { docs } from './docs.ts'
import { arg, duration, flag, homeFlags, jsonFlag, list, text, whole, yesFlag } from './flags.ts'
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
  docs: docs(
    'Make keys and a home folder',
    [
      'Asks twice for a passphrase; unattended it comes from --passphrase-file, SHOAL_PASSPHRASE_FILE or SHOAL_PASSPHRASE.',
      'Keys that exist are never overwritten. Secrets are never given as flags.'
    ],
    [
      'shoal init',
      'shoal init --light --rpc-url http://127.0.0.1:8545 --network network.json',
      'shoal init --profile test --passphrase-file ~/.shoal-pass'
    ]
  )
})

export interface UpFlags extends CommonFlags {
  readonly rpcUrl?: string
  readonly bootstrap?: readonly string[]
  readonly light: boolean
  readonly slots?: number
  readonly ask?: string
  readonly apiPort?: number
  readonly untilIdle?: number
  readonly set?: readonly string[]
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
      apiPort: whole('Port of the local API (0 picks a free one)', 'PORT'),
      untilIdle: duration('End by itself when no job was under way for this long'),
      set: list('Any key of config.yaml (repeatable), such as provider.policy.power=ac', 'KEY=VALUE')
    }
  },
  docs: docs(
    'Run the peer until Ctrl-C',
    [
      'Runs the peer of this home. Without chain.rpcUrl a full peer starts an embedded chain of its own.',
      'Prints its addresses, which other peers take as --bootstrap. Jobs go on when it runs again after a stop or a crash.',
      'Each key of config.yaml has a variable too: provider.policy.power is SHOAL_PROVIDER_POLICY_POWER. Flags win over both.'
    ],
    [
      'shoal up',
      'shoal up --light --until-idle 10m',
      "shoal up --set 'provider.policy.hours=[22:00-06:00, sat-sun 09:00-20:00]' --set provider.policy.idle.load=0.5",
      'shoal up --slots 4 --ask 0.0001 --bootstrap /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW...'
    ]
  )
})

const walletShow = buildCommand<CommonFlags, [], Cli>({
  loader: async () => (await import('../commands/wallet.ts')).show,
  parameters: { flags: common },
  docs: docs(
    'Address and balances',
    [
      'What is free in the vault buys; what is locked belongs to agreements under way.',
      'Shows also what was sent and is not known to be on the chain, and what it waits for.'
    ],
    ['shoal wallet', 'shoal wallet --json | jq -r .address']
  )
})
export interface DepositFlags extends CommonFlags {
  readonly again: boolean
}
const again = flag('Another one although an equal one is on its way')
/** What a repeat does. */
const REPEAT =
  'Nothing is sent twice: the same command again waits for one that is on its way, or tells how it ended when nobody has heard.'
const deposit = buildCommand<DepositFlags, [string], Cli>({
  loader: async () => (await import('../commands/wallet.ts')).deposit,
  parameters: {
    flags: { ...common, again },
    positional: { kind: 'tuple', parameters: [arg('How much', 'AMOUNT')] }
  },
  docs: docs(
    'Move tokens from the wallet into the vault',
    ['Only what is in the vault can be locked in escrows. A decimal number of whole tokens.', REPEAT],
    ['shoal wallet deposit 25', 'shoal wallet deposit 0.5 --json']
  )
})
export interface WithdrawFlags extends DepositFlags {
  readonly to?: string
}
const withdraw = buildCommand<WithdrawFlags, [string], Cli>({
  loader: async () => (await import('../commands/wallet.ts')).withdraw,
  parameters: {
    flags: { ...common, again, to: text('Another address', '0x...') },
    positional: { kind: 'tuple', parameters: [arg('How much', 'AMOUNT')] }
  },
  docs: docs(
    'Move free balance out of the vault',
    [
      'To your own wallet, or with --to to another address. What is locked stays.',
      'A guard (shoal wallet protect) limits what goes elsewhere than to its beneficiary in one day.',
      REPEAT
    ],
    ['shoal wallet withdraw 10', 'shoal wallet withdraw 10 --to 0x00112233445566778899aabbccddeeff00112233']
  )
})
export interface ProtectFlags extends CommonFlags {
  readonly beneficiary?: string
  readonly limit?: string
  readonly owner?: string
  readonly yes: boolean
}
const protect = buildCommand<ProtectFlags, [], Cli>({
  loader: async () => (await import('../commands/wallet.ts')).protect,
  parameters: {
    flags: {
      ...common,
      ...yesFlag,
      beneficiary: text('Where withdrawals have no limit, and who alone can change this later', '0x...'),
      limit: text('What may go elsewhere in one day (UTC)', 'AMOUNT'),
      owner: text('Whose guard to change, on the home of its beneficiary', '0x...')
    },
    aliases: { y: 'yes' }
  },
  docs: docs(
    'Limit what a leaked key can carry away',
    [
      'The operator key of a peer lies on its machine. With a guard it can withdraw no more than --limit a day to others than --beneficiary,',
      'an address whose key lies elsewhere; only that key can change the guard (--owner) or lift it (--beneficiary none).',
      'It does not limit what the key spends on jobs and bonds, so keep no more in the vault than they need.',
      'The day is that of UTC: around midnight twice the limit can go.'
    ],
    [
      'shoal wallet protect --beneficiary 0x00112233445566778899aabbccddeeff00112233 --limit 50',
      'shoal wallet protect --owner 0xffeeddccbbaa99887766554433221100ffeeddcc --beneficiary none'
    ]
  )
})
const wallet = buildRouteMap({
  routes: { show: walletShow, balance: walletShow, deposit, withdraw, protect },
  defaultCommand: 'show',
  docs: docs(
    'Address, balance, deposit, withdraw, protect',
    ['Without a word after it: shows the balances.'],
    ['shoal wallet', 'shoal wallet deposit 25']
  )
})

const status = buildCommand<CommonFlags, [], Cli>({
  loader: async () => (await import('../commands/network-commands.ts')).status,
  parameters: { flags: common },
  docs: docs(
    'The peer that runs on this home',
    [
      'Names, addresses, connections, the chain, live jobs and slots, as JSON. Of a provider also its classes and what others have proven:',
      'cpu and gpu in million multiply-adds a second, memory in MiB, disk and network in KiB a second.'
    ],
    ['shoal status', 'shoal status --json | jq .connections', 'shoal status --json | jq .provider.proven']
  )
})

const down = buildCommand<CommonFlags, [], Cli>({
  loader: async () => (await import('../commands/down.ts')).down,
  parameters: { flags: common },
  docs: docs(
    'Stop the peer of this home',
    ['Also one that `run --detach` started in the background. Jobs under way go on when a peer runs again.'],
    ['shoal down']
  )
})

export interface PauseFlags extends CommonFlags {
  readonly for?: number
}
const pause = buildCommand<PauseFlags, [], Cli>({
  loader: async () => (await import('../commands/pause.ts')).pause,
  parameters: { flags: { ...common, for: duration('Go on by itself after this long') } },
  docs: docs(
    'Take on no new work',
    [
      'The running peer of this home bids on nothing and advertises no free slot; what runs is finished. A restart does not end it.',
      'When to work in general stands in provider.policy of config.yaml, which is read again while the peer runs.'
    ],
    ['shoal pause', 'shoal pause --for 2h']
  )
})
const resume = buildCommand<CommonFlags, [], Cli>({
  loader: async () => (await import('../commands/pause.ts')).resume,
  parameters: { flags: common },
  docs: docs(
    'End a pause',
    ['The policy of config.yaml still counts.'],
    ['shoal resume', 'shoal resume --json']
  )
})

export const peerRoutes = { init, up, down, pause, resume, status, wallet }
