/** The chain: configured, reachable, the right one, and is there money on it. */
import { isShoalError } from '../../protocol/errors.ts'
import { formatAmount, SYMBOL } from '../../protocol/money.ts'
import { oldGeneration } from '../../protocol/old-generation.ts'
import type { Account, NetworkParameters } from '../../protocol/ports/settlement.ts'
import { deadline } from '../../protocol/signals.ts'
import type { OpenedHome } from '../../peer/home/home.ts'
import { createLogger } from '../../peer/adapters/pino-logger.ts'
import { anvilBinary } from '../../settlement/chain/adapters/process.ts'
import { connectRpc, logLimit, verifyNetwork, type LogLimit } from '../../settlement/index.ts'
import { reads } from '../../settlement/reads.ts'
import { networkOf } from '../chain-session.ts'
import type { Cli } from '../context.ts'
import { bad, note, ok, type Finding } from './check.ts'
import { findingOf } from './home.ts'
import { checkClock } from './watch-clock.ts'

/** How long a chain may take to answer before it counts as away, ms. */
const PATIENCE_MS = 3_000
/** The same for all questions to one address together: one that takes connections and says nothing is away too. */
const ALL_MS = 6_000
/** What watching the chain's clock may take besides. */
const CLOCK_MS = 5_000

export function fundsOf(account: Account): Finding {
  const said = `${formatAmount(account.free)} ${SYMBOL} free in the vault, ${formatAmount(account.wallet)} in the wallet, gas ${formatAmount(account.gas)}`
  if (account.gas === 0n)
    return bad('funds', `${said}: no gas for any transaction`, `Send gas to ${account.address}.`, true)
  if (account.free > 0n) return ok('funds', said)
  return account.wallet > 0n
    ? note(
        'funds',
        `${said}: a job needs money in the vault`,
        `shoal wallet deposit ${formatAmount(account.wallet)}`
      )
    : note(
        'funds',
        `${said}: enough to sell, not to buy`,
        `Send ${SYMBOL} to ${account.address}, then: shoal wallet deposit AMOUNT`
      )
}

/** Nothing where events come as usual. */
function eventsOf(name: string, rpcUrl: string, { blocks, reason }: LogLimit): Finding[] {
  if (reason === undefined) return []
  const what = name === 'chain' ? 'events' : `events of ${name}`
  if (blocks > 0) return [note(what, `${rpcUrl} gives those of few blocks at once (${reason}): ${blocks} do`)]
  const said = `${rpcUrl} gives none (${reason}): jobs settle by looks at their escrows, later`
  return [note(what, said, 'Name another RPC in chain.fallbackUrls, or as chain.rpcUrl.')]
}

/** One of the chain's addresses, and what is wrong or right with it. */
interface Answer {
  readonly finding: Finding
  /** What else a person may want to know of it. */
  readonly more?: readonly Finding[]
  /** Nobody was there; the others may be enough. */
  readonly away?: boolean
  /** Present when it answered as it should. */
  readonly account?: Account
}

interface Question {
  /** The chain's clock is wanted too. */
  readonly timed: boolean
  readonly cli: Cli
  readonly home: OpenedHome
  readonly network: NetworkParameters
  readonly signal: AbortSignal
}

/** `place`: where to mend it. */
function failed(e: unknown, name: string, rpcUrl: string, place: string): Answer {
  if (isShoalError(e, 'CHAIN_UNREACHABLE')) {
    const first = name === 'chain' ? 'Start it (shoal chain), or correct' : 'Correct or remove'
    return { finding: bad(name, `${rpcUrl} does not answer`, `${first} ${place}.`), away: true }
  }
  if (!isShoalError(e, 'CHAIN_WRONG_NETWORK')) return { finding: findingOf(name, e) }
  const next = `Correct ${place}, or put the network.json of that chain beside it.`
  return { finding: bad(name, `${rpcUrl} serves another network: ${e.message}`, next) }
}

/** `key`: where the address stands in the configuration. */
async function ask(q: Question, name: string, key: string, rpcUrl: string): Promise<Answer> {
  const { cli, home, network } = q
  const log = createLogger({ level: 'silent', file: home.layout.log })
  const rpc = connectRpc({ rpcUrl, clock: cli.clock, random: cli.random, log, patienceMs: PATIENCE_MS })
  const patience = ALL_MS + (q.timed ? CLOCK_MS : 0)
  const scope = deadline(cli.clock, patience, 'CHAIN_UNREACHABLE', 'no answer', q.signal)
  const { signal } = scope
  try {
    const generation = await verifyNetwork(rpc, network, { signal })
    const account = await reads(rpc, network).account(home.keys.operator as Account['address'], { signal })
    const finding =
      generation === 1
        ? findingOf(name, oldGeneration())
        : ok(name, `${rpcUrl}, chain ${network.chainId}, contracts in place`)
    const more = eventsOf(name, rpcUrl, await logLimit(rpc, network, { signal }))
    // a peer that runs has watched the chain for longer
    if (q.timed) more.push(...(await checkClock(cli.clock, rpc, signal)))
    return { finding, more, account }
  } catch (e) {
    return failed(e, name, rpcUrl, `${key} in ${home.layout.config}`)
  } finally {
    scope[Symbol.dispose]()
    await rpc.close()
  }
}

/** All addresses at the same time, in their order. One that is away is no obstacle while another one answers. */
async function askAll(q: Question, rpcUrl: string): Promise<Finding[]> {
  const { fallbackUrls } = q.home.config.chain
  const answers = await Promise.all([
    ask(q, 'chain', 'chain.rpcUrl', rpcUrl),
    ...fallbackUrls.map((url, i) =>
      ask({ ...q, timed: false }, `fallback ${i + 1}`, `chain.fallbackUrls[${i}]`, url)
    )
  ])
  const account = answers.find(a => a.account !== undefined)?.account
  const findings = answers.flatMap(({ finding, more = [], away }): Finding[] =>
    away === true && account !== undefined
      ? [note(finding.name, `${finding.said}; another address does`, finding.next)]
      : [finding, ...more]
  )
  return account === undefined ? findings : [...findings, fundsOf(account)]
}

/** `timed`: whether this machine's clock is held against the chain's, which takes some seconds. */
export async function checkChain(
  cli: Cli,
  home: OpenedHome,
  signal: AbortSignal,
  timed = true
): Promise<Finding[]> {
  const { rpcUrl } = home.config.chain
  try {
    if (rpcUrl !== undefined)
      return await askAll({ cli, home, network: await networkOf(cli, home), signal, timed }, rpcUrl)
    if (home.config.profile === 'full') {
      anvilBinary()
      return [ok('chain', 'an embedded chain of its own starts with: shoal up')]
    }
    const next = `shoal up on a home that has one, or set chain.rpcUrl in ${home.layout.config}; to play: shoal devnet`
    return [bad('chain', 'a light peer needs a chain, and none is configured', next)]
  } catch (e) {
    return [findingOf('chain', e)]
  }
}
