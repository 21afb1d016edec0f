/** The network, and networks to play with. */
import { buildCommand, buildRouteMap } from '@stricli/core'
import type { Cli } from '../context.ts'
import { docs } from './docs.ts'
import { arg, flag, homeFlags, jsonFlag, list, text, whole } from './flags.ts'
import type { CommonFlags } from './jobs.ts'

const common = { ...homeFlags, ...jsonFlag }
const peerList = buildCommand<CommonFlags, [], Cli>({
  loader: async () => (await import('../commands/network-commands.ts')).peers,
  parameters: { flags: common },
  docs: docs(
    'Connected peers, and bans both ways',
    [
      'With direction, round trip, our own score of each, and its address. Below them whom this peer bans and who bans this peer, each with',
      'what was seen and for how long. Only what an attacker sends is a reason for a ban; being busy, slow or gone is none.'
    ],
    ['shoal peers', "shoal peers --json | jq '.peers | length'", "shoal peers --json | jq '.bans, .bannedBy'"]
  )
})
const forgive = buildCommand<CommonFlags, [string], Cli>({
  loader: async () => (await import('../commands/network-commands.ts')).forgive,
  parameters: {
    flags: common,
    positional: { kind: 'tuple', parameters: [arg('Id of the banned peer, as shoal peers shows it', 'PEER')] }
  },
  docs: docs(
    'End a ban that this peer has made',
    [
      'It may come back at once, and what was held against it is forgotten. A ban that another peer has made only its owner can end.'
    ],
    [
      'shoal peers forgive 12D3KooWGRUVPHxVpxZxVSSpZLuCXbHvJBJzxSVvBjuQpuY5ZTUX',
      'shoal peers forgive 12D3KooWGRUVPHxVpxZxVSSpZLuCXbHvJBJzxSVvBjuQpuY5ZTUX --json'
    ]
  )
})
const peers = buildRouteMap({
  routes: { list: peerList, forgive },
  defaultCommand: 'list',
  docs: docs(
    'Connected peers, and bans both ways',
    ['Without a word after it: lists them.'],
    ['shoal peers', 'shoal peers forgive 12D3KooWGRUVPHxVpxZxVSSpZLuCXbHvJBJzxSVvBjuQpuY5ZTUX']
  )
})

export interface OfferFlags extends CommonFlags {
  readonly groupBy?: string
}
const offers = buildCommand<OfferFlags, [filter?: string], Cli>({
  loader: async () => (await import('../commands/offers.ts')).offers,
  parameters: {
    flags: { ...common, groupBy: text('Sum up by region, class, energy, engine, operator or gpu', 'KEY') },
    positional: {
      kind: 'tuple',
      parameters: [{ ...arg("Only these, such as 'price<0.5 region=eu'", 'FILTER'), optional: true }]
    }
  },
  docs: docs(
    'Capacity on offer and its price, cheapest first',
    [
      'Shows what providers advertise; nothing is bought. A filter is terms with spaces between, all of which must hold:',
      '',
      '  KEY=VALUE  KEY!=VALUE             region, class, energy, engine, isolation, image, operator, peer (a,b: either)',
      '  KEY<VALUE  <=  >  >=  =  !=       price (ask per 10^9 gas), memory, disk, gpu, slots (free), speed (Mgas/s)',
      '  KEY:FROM..TO  KEY:FROM..  KEY:..TO'
    ],
    [
      'shoal offers',
      "shoal offers 'memory:1GiB.. price<0.5 region=eu'",
      "shoal offers 'gpu:24GB..80GB price<0.5' --group-by region",
      "shoal offers 'energy=renewable slots>=4' --json",
      "shoal offers 'image=upload'"
    ]
  )
})

export interface TopFlags extends CommonFlags {
  readonly once: boolean
}
const top = buildCommand<TopFlags, [], Cli>({
  loader: async () => (await import('../commands/top.ts')).top,
  parameters: { flags: { ...common, once: flag('Print it once and end (so does a pipe)') } },
  docs: docs(
    'Who does what, live',
    [
      'Your jobs with each execution, its provider and progress; work done here for others; the providers that are known.',
      'Redrawn every second until Ctrl-C.'
    ],
    ['shoal top', 'shoal top --once', 'shoal top --json | jq .wallet']
  )
})

export interface ChainFlags {
  readonly folder?: string
  readonly port?: number
  readonly fund?: readonly string[]
  readonly arbiter: boolean
  readonly json: boolean
}
const chain = buildCommand<ChainFlags, [], Cli>({
  loader: async () => (await import('../commands/chain.ts')).chain,
  parameters: {
    flags: {
      ...jsonFlag,
      folder: text('Where the chain is kept (default: ./shoal-chain)', 'DIR'),
      port: whole('Port of the RPC proxy (0 picks a free one)', 'PORT'),
      fund: list('Give this address gas and tokens at the start (repeatable)', '0x...[=TOKENS]'),
      arbiter: {
        kind: 'boolean',
        default: true,
        brief: 'Decide disputes: run tasks again that two peers disagree about, and rule'
      }
    }
  },
  docs: docs(
    'Serve the embedded chain until Ctrl-C',
    [
      'A private EVM chain for peers on this machine, behind an allow-listing proxy. Whoever runs it is trusted with it.',
      'Its RPC address and network.json are what peers need to join. --fund gives once for each address and folder.',
      'An arbiter runs beside it; peers of the network begin with its address. What it does: shoal disputes --home DIR/arbiter'
    ],
    [
      'shoal chain --fund 0x00112233445566778899aabbccddeeff00112233',
      'shoal chain --folder ./chain --port 8545 --json'
    ]
  )
})

export interface DevnetFlags {
  readonly peers?: number
  readonly folder?: string
  readonly json: boolean
}
const devnet = buildCommand<DevnetFlags, [], Cli>({
  loader: async () => (await import('../commands/devnet.ts')).devnet,
  parameters: {
    flags: {
      ...jsonFlag,
      peers: whole('Full peers (default 5)', 'N'),
      folder: text('Keep everything here (default: a temporary folder, removed at the end)', 'DIR')
    }
  },
  docs: docs(
    'A chain and full peers on loopback, to play with',
    [
      'Separate processes with play money, and the funded home of a requester, whose folder it prints. Ctrl-C ends all of it.'
    ],
    [
      'shoal devnet --peers 5',
      'export SHOAL_HOME=...   # in another terminal, as it says',
      'shoal devnet --folder ./net --json'
    ]
  )
})

export interface DemoFlags {
  readonly out?: string
  readonly keep: boolean
  readonly json: boolean
}
const demo = buildCommand<DemoFlags, [], Cli>({
  loader: async () => (await import('../commands/demo.ts')).demo,
  parameters: {
    flags: {
      ...jsonFlag,
      out: text('Where the picture goes (default: ./shoal-demo)', 'DIR'),
      keep: flag('Keep homes and logs')
    }
  },
  docs: docs(
    'A paid job across several peers, one of which is killed',
    [
      'Renders a picture in tiles over five providers, kills one, and reconciles every account with the chain. About a minute.'
    ],
    ['shoal demo', 'shoal demo --out pictures --json | tail -1 | jq .conserved']
  )
})

export const networkRoutes = {
  peers,
  offers,
  top,
  chain,
  devnet,
  demo
}
