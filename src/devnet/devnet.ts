/** A network to play with: an embedded chain and full peers as separate processes on loopback, and the funded home of a requester. */
import { join } from 'node:path'
import { stringify } from 'yaml'
import { ShoalError } from '../protocol/errors.ts'
import type { Address } from '../protocol/ids.ts'
import type { Clock, Files, NetworkParameters, Random } from '../protocol/ports/index.ts'
import { loadNetwork } from '../settlement/network.ts'
import { apiClient, connectToPeer, type ApiClient } from '../api/adapters/client.ts'
import type { ConfigInput } from '../peer/home/config.ts'
import { initHome, type HomeNames } from '../peer/home/home.ts'
import { layoutOf } from '../peer/home/layout.ts'
import { killProcess, startChild, type Child } from './adapters/child.ts'

/** Play keys need no second of key derivation each. */
const KDF_COST = 2 ** 12
const PASSPHRASE = 'devnet'
/** Tokens that each side starts with. */
const PROVIDER_TOKENS = '100'
const REQUESTER_TOKENS = '1000'
const SETTLE_MS = 30_000

export interface DevPeer extends HomeNames {
  readonly name: string
  readonly home: string
  readonly child: Child<{ addresses: string[]; api: string }>
  readonly client: ApiClient
}

/** The chain's process, and the anvil under it. */
export interface DevChain {
  readonly pid: number
  readonly anvilPid: number
  /** SIGKILL to both: what a power cut does. Peers go on and try again. */
  kill(): Promise<void>
  /** After `kill`: the same folder and port again. */
  restart(): Promise<void>
}

export interface Devnet {
  readonly folder: string
  readonly rpcUrl: string
  readonly network: NetworkParameters
  readonly chain: DevChain
  readonly deployer: Address
  readonly peers: readonly DevPeer[]
  /** Home of the requester: light, funded, not running. */
  readonly requester: HomeNames & { readonly home: string }
  /** The same for all requesters, the first among them. */
  readonly requesters: readonly (HomeNames & { readonly home: string })[]
  stop(): Promise<void>
}

export interface DevnetOptions {
  readonly folder: string
  readonly peers: number
  /** Executions at the same time for each peer. */
  readonly slots: number
  /** Funded homes that buy; default 1. */
  readonly requesters?: number
  /** Instead of `shoal up` for full peers: a program of Node's with these arguments before `--home DIR`, such as a bench's own peer. */
  readonly program?: { readonly path: string; readonly args: readonly string[] }
  readonly files: Files
  readonly random: Random
  readonly clock: Clock
  readonly signal?: AbortSignal
  readonly onStep?: (what: string) => void
  readonly config?: ConfigInput
  /** Given the chain's address: what peers are told instead, such as that of a proxy that makes trouble. */
  readonly through?: (rpcUrl: string) => Promise<string>
}

interface ChainReady {
  readonly rpcUrl: string
  readonly network: string
  readonly deployer: Address
  /** Of anvil. */
  readonly pid: number
}

const bytes = (s: string): Uint8Array => new TextEncoder().encode(s)

/** Homes first: the chain funds their addresses when it starts. */
async function makeHomes(o: DevnetOptions): Promise<{
  peers: (HomeNames & { name: string; home: string })[]
  requesters: (HomeNames & { home: string })[]
}> {
  const passphraseFile = join(o.folder, 'passphrase')
  await o.files.makeFolder(o.folder)
  await o.files.makeFolder(join(o.folder, 'logs'))
  await o.files.write(passphraseFile, bytes(PASSPHRASE + '\n'))
  const make = async (name: string): Promise<HomeNames & { name: string; home: string }> => {
    const home = join(o.folder, name)
    return {
      name,
      home,
      ...(await initHome(o.files, o.random, { root: home, passphrase: PASSPHRASE, kdfCost: KDF_COST }))
    }
  }
  const peers = await Promise.all(Array.from({ length: o.peers }, (_, i) => make(`peer-${i + 1}`)))
  const buyers = [
    'requester',
    ...Array.from({ length: (o.requesters ?? 1) - 1 }, (_, i) => `requester-${i + 2}`)
  ]
  return { peers, requesters: await Promise.all(buyers.map(make)) }
}

/** Written when the chain's address is known. */
async function configure(
  o: DevnetOptions,
  home: string,
  network: Uint8Array,
  config: ConfigInput
): Promise<void> {
  const layout = layoutOf(home)
  await o.files.write(
    layout.config,
    bytes(stringify({ ...config, passphraseFile: join(o.folder, 'passphrase') }))
  )
  await o.files.write(layout.network, network)
}

async function startPeer(o: DevnetOptions, p: HomeNames & { name: string; home: string }): Promise<DevPeer> {
  const child = await startChild<{ addresses: string[]; api: string }>(p.name, {
    ...(o.program === undefined ? {} : { program: o.program.path }),
    args: [...(o.program?.args ?? ['up']), '--home', p.home],
    env: {},
    log: join(o.folder, 'logs', `${p.name}.log`),
    signal: o.signal
  })
  const client = await connectToPeer(o.files, layoutOf(p.home).api)
  if (client === undefined) throw new ShoalError('API_UNREACHABLE', `${p.name} does not answer`)
  return { ...p, child, client }
}

const startChain = (o: DevnetOptions, fund: readonly string[], port?: string): Promise<Child<ChainReady>> =>
  startChild<ChainReady>('chain', {
    args: [
      'chain',
      '--folder',
      join(o.folder, 'chain'),
      ...(port === undefined ? [] : ['--port', port]),
      ...fund.flatMap(f => ['--fund', f])
    ],
    env: {},
    log: join(o.folder, 'logs', 'chain.log'),
    signal: o.signal
  })

/** `replaced` hears of the new process, so that it is stopped too. */
function devChain(
  o: DevnetOptions,
  first: Child<ChainReady>,
  replaced: (chain: Child<ChainReady>) => void
): DevChain {
  let chain = first
  return {
    get pid() {
      return chain.pid
    },
    get anvilPid() {
      return chain.ready.pid
    },
    kill: async () => {
      await chain.kill()
      killProcess(chain.ready.pid)
    },
    restart: async () => {
      chain = await startChain(o, [], new URL(first.ready.rpcUrl).port)
      replaced(chain)
    }
  }
}

/** Ready when every peer knows every provider. */
async function settle(o: DevnetOptions, peers: readonly DevPeer[]): Promise<void> {
  const until = o.clock.monotonic() + SETTLE_MS
  for (const p of peers) {
    while (
      (await p.client.call<{ providersKnown: number }>('GET', '/v1/status', undefined, o.signal))
        .providersKnown < peers.length
    ) {
      if (o.clock.monotonic() > until)
        throw new ShoalError('NO_PEERS', `${p.name} does not hear all adverts`, {
          next: `See ${join(o.folder, 'logs')}`
        })
      await o.clock.sleep(100, o.signal)
    }
  }
}

/** Ready in about ten seconds for five peers on two cores. Everything ends with `stop`, also what is half started. */
export async function startDevnet(o: DevnetOptions): Promise<Devnet> {
  const children: Child<unknown>[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(children.slice(1).map(c => c.stop()))
    await children[0]?.stop()
  }
  try {
    const homes = await makeHomes(o)
    const fund = [
      ...homes.peers.map(p => `${p.operator}=${PROVIDER_TOKENS}`),
      ...homes.requesters.map(r => `${r.operator}=${REQUESTER_TOKENS}`)
    ]
    o.onStep?.('starting the embedded chain')
    const chain = await startChain(o, fund)
    children.push(chain)
    const network = await o.files.read(chain.ready.network)
    const common: ConfigInput = {
      chain: { rpcUrl: (await o.through?.(chain.ready.rpcUrl)) ?? chain.ready.rpcUrl, poll: '250ms' },
      log: { level: 'info' },
      ...o.config
    }
    const full = (bootstrap: string[]): ConfigInput => ({
      ...common,
      profile: 'full',
      p2p: { bootstrap },
      provider: { slots: o.slots, ...o.config?.provider },
      wallet: { autoDeposit: '10' }
    })
    const peers: DevPeer[] = []
    const launch = async (p: (typeof homes.peers)[number], bootstrap: string[]): Promise<void> => {
      await configure(o, p.home, network, full(bootstrap))
      const started = await startPeer(o, p)
      children.push(started.child)
      peers.push(started)
      o.onStep?.(`${p.name} is up`)
    }
    const [first, ...rest] = homes.peers
    if (first === undefined) throw new ShoalError('USAGE', 'a devnet needs at least one peer')
    await launch(first, [])
    const results = await Promise.allSettled(rest.map(p => launch(p, peers[0]?.child.ready.addresses ?? [])))
    for (const r of results) if (r.status === 'rejected') throw r.reason
    peers.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    const buying: ConfigInput = {
      ...common,
      profile: 'light',
      p2p: { bootstrap: peers.flatMap(p => p.child.ready.addresses.slice(0, 1)) },
      wallet: { autoDeposit: '500' }
    }
    for (const r of homes.requesters) await configure(o, r.home, network, buying)
    const [requester] = homes.requesters
    if (requester === undefined) throw new ShoalError('USAGE', 'a devnet needs at least one requester')
    o.onStep?.('waiting until every peer knows the others')
    await settle(o, peers)
    return {
      folder: o.folder,
      rpcUrl: chain.ready.rpcUrl,
      network: loadNetwork(new TextDecoder().decode(network)),
      chain: devChain(o, chain, next => void (children[0] = next)),
      deployer: chain.ready.deployer,
      peers,
      requester,
      requesters: homes.requesters,
      stop
    }
  } catch (e) {
    await stop()
    throw e
  }
}

export { apiClient }
