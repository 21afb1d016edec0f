import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ShoalError } from '../../protocol/errors.ts'
import { startDevnet } from '../../devnet/devnet.ts'
import { lasting } from '../command.ts'
import type { DevnetFlags } from '../routes/network.ts'

const PEERS_MAX = 50

export const devnet = lasting<DevnetFlags>(async (cli, flags, signal) => {
  const count = flags.peers ?? 5
  if (count < 1 || count > PEERS_MAX)
    throw new ShoalError('USAGE', `--peers ${count}: 1 to ${PEERS_MAX}`, {
      next: 'Example: shoal devnet --peers 5'
    })
  const temporary = flags.folder === undefined
  const folder = temporary
    ? await cli.files.temporaryFolder(join(tmpdir(), 'shoal-devnet-'))
    : resolve(cli.cwd, flags.folder)
  const { files, random, clock } = cli
  try {
    const net = await startDevnet({
      folder,
      peers: count,
      slots: 2,
      files,
      random,
      clock,
      signal,
      onStep: what => void (cli.json || cli.remark(what))
    })
    try {
      if (cli.json) {
        const peers = net.peers.map(p => ({
          name: p.name,
          peer: p.peer,
          operator: p.operator,
          home: p.home,
          pid: p.child.pid,
          api: p.child.ready.api
        }))
        cli.print(
          JSON.stringify({
            ready: true,
            home: net.requester.home,
            rpcUrl: net.rpcUrl,
            chainPid: net.chain.pid,
            anvilPid: net.chain.anvilPid,
            deployer: net.deployer,
            peers
          })
        )
      } else {
        cli.print(
          `\n${count} peers and a chain at ${net.rpcUrl}. In another terminal:\n\n  export SHOAL_HOME=${net.requester.home}\n  shoal offers\n  shoal run examples/wordcount/job.yaml --input text.txt=README.md --out counts -y\n`
        )
        cli.remark('Ctrl-C ends everything.')
      }
      await new Promise<void>(done => signal.addEventListener('abort', () => done(), { once: true }))
    } finally {
      await net.stop()
    }
  } finally {
    if (temporary) await files.remove(folder)
  }
})
