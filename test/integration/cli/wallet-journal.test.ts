/** A journal that cannot be read is named, with what to do, and keeps nobody from the money. A real chain, the program's own commands. */
import { expect } from 'chai'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openLevelStore } from '../../../src/peer/adapters/level-store.ts'
import { parseAmount } from '../../../src/protocol/money.ts'
import { encode } from '../../../src/protocol/codec.ts'
import type { Address } from '../../../src/protocol/ids.ts'
import { formatNetwork } from '../../../src/settlement/index.ts'
import type { EmbeddedChain } from '../../../src/settlement/chain/embedded.ts'
import { cleanEnv, makeFolder, removeFolder, runHere } from '../../mistakes/in-process.ts'
import { folderFor, removeFolder as removeChain, startChain } from '../settlement/support.ts'

interface Wallet {
  readonly address: string
  readonly wallet: string
  readonly free: string
  readonly tx?: string
  readonly journal?: { readonly code: string; readonly message: string; readonly next: string }
}
interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly next: string }
}

const JOB = `job/0x${'ab'.repeat(32)}`

describe('a journal that cannot be read', function () {
  this.timeout(90_000)
  let chainFolder: string
  let chain: EmbeddedChain
  let folder: string
  let home: string

  before(async () => {
    chainFolder = await folderFor()
    chain = await startChain(chainFolder)
  })
  after(async () => {
    await chain.stop()
    await removeChain(chainFolder)
  })
  beforeEach(async () => {
    folder = await makeFolder({}, `profile: light\nchain: ${JSON.stringify({ rpcUrl: chain.rpcUrl })}\n`)
    home = join(folder, 'home')
    await writeFile(join(home, 'network.json'), formatNetwork(chain.network))
    const { operator } = JSON.parse(await readFile(join(home, 'keys.json'), 'utf8')) as { operator: Address }
    await chain.fund(operator, 10n ** 18n, parseAmount('20'), AbortSignal.timeout(20_000))
    expect((await wallet('deposit', '10')).free, 'before').to.equal('10')
  })
  afterEach(async () => await removeFolder(folder))

  const run = (...args: string[]) =>
    runHere([...args, '--json'], folder, { ...cleanEnv(folder), SHOAL_HOME: home, SHOAL_PASSPHRASE: 'right' })
  const wallet = async (...args: string[]): Promise<Wallet> => {
    const r = await run('wallet', ...args)
    expect(r.code, r.stderr).to.equal(0)
    return JSON.parse(r.stdout) as Wallet
  }
  const refused = async (...args: string[]): Promise<Failure['error']> => {
    const r = await run(...args)
    expect(r.code, r.stdout).to.equal(1)
    return (JSON.parse(r.stderr) as Failure).error
  }
  const journalled = async (key: string, value: Uint8Array): Promise<void> => {
    const store = await openLevelStore(join(home, 'journal'))
    await store.batch([{ put: key, value }])
    await store.close()
  }
  const finding = async () => {
    const { findings } = JSON.parse((await run('doctor')).stdout) as {
      findings: { name: string; state: string; said: string; next: string }[]
    }
    return findings.find(f => f.name === 'journal')
  }

  it('a good one is no word of the wallet', async () => {
    expect(await wallet()).to.not.have.property('journal')
    expect(await finding()).to.include({ state: 'ok' })
  })

  for (const [what, value, said, next] of [
    [
      'of a newer version',
      encode({ v: 3, id: 'x' }),
      'is of version 3, and this program reads up to version 2',
      'newer'
    ],
    ['of the first hours', encode({ v: 1, id: 'x' }), 'cannot be read', 'move it away'],
    ['broken', Uint8Array.of(1, 2, 3), 'cannot be read', 'move it away']
  ] as const)
    it(`an entry ${what} is named by whatever needs it and by doctor; the wallet works`, async () => {
      await journalled(JOB, value)
      for (const args of [['jobs'], ['history', '0xabababab']]) {
        const e = await refused(...args)
        expect(e.code).to.equal('JOURNAL_CORRUPT')
        expect(e.message).to.contain(JOB).and.to.contain(said)
        expect(e.next).to.contain(next).and.to.contain('shoal wallet')
      }
      expect(await finding()).to.include({ state: 'bad' })
      expect((await finding())?.said).to.contain(said)
      const shown = await wallet()
      expect(shown).to.include({ free: '10', wallet: '10' })
      expect(shown.journal?.message).to.contain(said)
      expect(await wallet('withdraw', '4')).to.include({ free: '6', wallet: '14' })
      expect(await wallet('deposit', '1')).to.include({ free: '7', wallet: '13' })
    })

  const lost = async (): Promise<void> => {
    expect((await wallet()).journal?.code).to.equal('JOURNAL_CORRUPT')
    expect(await wallet()).to.include({ free: '10', wallet: '10' })
    const e = await refused('wallet', 'withdraw', '4')
    expect(e.code).to.equal('JOURNAL_CORRUPT')
    expect(e.message).to.contain('not known whether an equal transfer is on its way')
    expect(e.next).to.contain('--again')
    expect(await wallet()).to.include({ free: '10', wallet: '10' })
    expect(await wallet('withdraw', '4', '--again')).to.include({ free: '6', wallet: '14' })
  }

  it('without the transactions in it nothing is sent until a person says so', async () => {
    await journalled(
      `tx/${chain.network.chainId}/${(await wallet()).address.toLowerCase()}/${'9'.padStart(16, '0')}`,
      Uint8Array.of(1)
    )
    await lost()
  })

  it('one whose database is damaged neither', async () => {
    const path = join(home, 'journal')
    for (const name of await readdir(path))
      if (name.startsWith('MANIFEST')) await truncate(join(path, name), 5)
    await lost()
    expect((await finding())?.next).to.contain('move it away')
    expect((await refused('jobs')).code).to.equal('JOURNAL_CORRUPT')
  })
})
