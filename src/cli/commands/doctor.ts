import { connectToPeer } from '../../api/adapters/client.ts'
import type { DoctorFlags } from '../routes/tools.ts'
import { systemGpus } from '../../executor/gpu/adapters/probe.ts'
import { command, clean, EXIT } from '../command.ts'
import type { Cli } from '../context.ts'
import type { Finding } from '../doctor/check.ts'
import { checkEngines, engineStates } from '../doctor/engines.ts'
import { checkHomeFolder, checkKeys } from '../doctor/home.ts'
import { checkDisk, checkNode, checkVariables } from '../doctor/machine.ts'
import { checkGpus } from '../doctor/gpus.ts'
import { checkPeer, statusOf } from '../doctor/peer.ts'
import { homeFolder } from '../home.ts'
import type { OpenedHome } from '../../peer/home/home.ts'

/** What this machine does, by its own measure. */
async function measured(
  cli: Cli,
  root: string,
  home: OpenedHome | undefined,
  signal: AbortSignal
): Promise<Finding[]> {
  const { measureFindings } = await import('../doctor/measure.ts')
  return await measureFindings(cli, root, home, signal)
}

async function examine(cli: Cli, flags: DoctorFlags, signal: AbortSignal): Promise<Finding[]> {
  const root = await homeFolder(cli, flags)
  const { home, findings } = await checkHomeFolder(cli, root)
  const all = [
    checkNode(),
    checkVariables(cli.env),
    await checkDisk(root),
    ...(await checkGpus(systemGpus, signal)),
    ...findings
  ]
  if (flags.measure) all.push(...(await measured(cli, root, home, signal)))
  if (home === undefined) return all
  all.push(...checkEngines(await engineStates(cli.files, home.config, home.layout)))
  if (home.config.provider.engines.includes('container')) {
    const { checkContainers } = await import('../doctor/containers.ts')
    all.push(...(await checkContainers(home.config, cli.clock)))
  }
  all.push(await checkKeys(cli, flags, home))
  if (home.config.profile === 'full' && home.config.provider.enabled) {
    const { checkSandbox } = await import('../doctor/sandbox.ts')
    all.push(...(await checkSandbox(cli)))
  }
  const client = await connectToPeer(cli.files, home.layout.api, home.keys.peer)
  all.push(...checkPeer(client === undefined ? undefined : await statusOf(client, signal)))
  if (client === undefined) {
    const { checkJournal } = await import('../doctor/journal.ts')
    all.push(...(await checkJournal(cli, home)))
    const { checkBootstrap } = await import('../doctor/bootstrap.ts')
    all.push(...(await checkBootstrap(home.config.p2p.bootstrap)))
  }
  // a peer that serves its own chain answers for it
  if (client !== undefined && home.config.chain.rpcUrl === undefined) return all
  const { checkChain } = await import('../doctor/chain.ts')
  return [...all, ...(await checkChain(cli, home, signal, client === undefined))]
}

const MARK = { ok: 'ok  ', note: 'note', bad: 'BAD ' } as const

function lines(f: Finding): string {
  const first = `${MARK[f.state]}  ${f.name.padEnd(14)}  ${f.said}`
  return clean(f.next === undefined ? first : `${first}\n                      -> ${f.next}`)
}

/** Looks and changes nothing. */
export const doctor = command<DoctorFlags>(async (cli, flags, signal) => {
  const findings = await examine(cli, flags, signal)
  const wrong = findings.filter(f => f.state === 'bad')
  if (cli.json) cli.print(JSON.stringify({ ok: wrong.length === 0, findings }))
  else {
    for (const f of findings) cli.print(lines(f))
    const verdict = wrong.length === 0 ? 'Nothing is in the way.' : `${wrong.length} to mend first.`
    cli.print(`\n${verdict}`)
  }
  if (wrong.length > 0) cli.process.exitCode = wrong.some(f => f.funds === true) ? EXIT.funds : EXIT.failed
})
