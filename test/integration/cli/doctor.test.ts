/** `shoal doctor` asks every address of the chain: real chains, a port where nobody is, and one that never answers. */
import { expect } from 'chai'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatNetwork } from '../../../src/settlement/index.ts'
import type { EmbeddedChain } from '../../../src/settlement/chain/embedded.ts'
import { cleanEnv, makeFolder, removeFolder, runHere } from '../../mistakes/in-process.ts'
import { folderFor, removeFolder as removeChain, startChain } from '../settlement/support.ts'

const NOBODY = 'http://127.0.0.1:1'

interface Finding {
  readonly name: string
  readonly state: string
  readonly said: string
  readonly next?: string
}

describe('doctor and the addresses of the chain', function () {
  this.timeout(60_000)
  const folders: string[] = []
  let chain: EmbeddedChain
  let other: EmbeddedChain
  let silent: Server

  before(async () => {
    for (let i = 0; i < 2; i++) folders.push(await folderFor())
    const [a = '', b = ''] = folders
    chain = await startChain(a)
    other = await startChain(b, { chainId: 31_338n })
    silent = createServer(() => undefined).listen(0, '127.0.0.1')
    await new Promise(resolve => silent.once('listening', resolve))
  })
  after(async () => {
    silent.closeAllConnections()
    silent.close()
    await chain.stop()
    await other.stop()
    await Promise.all(folders.map(removeChain))
  })

  async function examine(rpcUrl: string, fallbackUrls: string[]) {
    const config = `profile: light\nchain: ${JSON.stringify({ rpcUrl, fallbackUrls })}\n`
    const folder = await makeFolder({}, config)
    try {
      const home = join(folder, 'home')
      await writeFile(join(home, 'network.json'), formatNetwork(chain.network))
      const env = { ...cleanEnv(folder), SHOAL_HOME: home, SHOAL_PASSPHRASE: 'right' }
      const r = await runHere(['doctor', '--json'], folder, env)
      expect(r.stderr).to.equal('')
      const { findings } = JSON.parse(r.stdout) as { findings: Finding[] }
      const all = findings.filter(f => /chain|fallback|funds|clock/.test(f.name))
      return { code: r.code, states: all.map(f => `${f.name} ${f.state}`), all }
    } finally {
      await removeFolder(folder)
    }
  }

  it('one that is away is a note while another answers, each with its own line and its place in the file', async () => {
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
    const { states, all } = await examine(NOBODY, [chain.rpcUrl, url])
    expect(states).to.deep.equal(['chain note', 'fallback 1 ok', 'fallback 2 note', 'funds bad'])
    expect(all[0]?.next).to.match(/^Start it \(shoal chain\), or correct chain\.rpcUrl in \S+config\.yaml\.$/)
    expect(all[2]?.next).to.match(/^Correct or remove chain\.fallbackUrls\[1\] in \S+config\.yaml\.$/)
  })

  it('one of another network is wrong, also when the first is right', async () => {
    const { code, states, all } = await examine(chain.rpcUrl, [other.rpcUrl])
    expect(states).to.deep.equal(['chain ok', 'clock ok', 'fallback 1 bad', 'funds bad'])
    expect(all[2]?.said).to.contain('serves another network: this is chain 31338')
    expect(all[2]?.next).to.contain('chain.fallbackUrls[0]')
    expect(code).to.not.equal(0)
  })

  it('when none answers, all are wrong', async () => {
    const { code, states } = await examine(NOBODY, [NOBODY])
    expect(states).to.deep.equal(['chain bad', 'fallback 1 bad'])
    expect(code).to.equal(1)
  })
})
