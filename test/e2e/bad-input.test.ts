/** What people get wrong before any money moves: one clear message, no stack trace, the right exit code, nothing changed. */
import { expect } from 'chai'
import { createServer } from 'node:net'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatNetwork } from '../../src/settlement/network.ts'
import type { Address } from '../../src/protocol/ids.ts'
import { example, shoal, type CliResult } from '../support/e2e/cli.ts'
import { NBODY } from '../support/e2e/jobs.ts'
import { removeFolder, temporaryFolder } from '../support/e2e/world.ts'

/** One message and one hint: no stack, no other lines than these and the caret's. */
function expectClear(r: CliResult, code: number, message: RegExp): void {
  expect(r.code, r.stderr).to.equal(code)
  expect(r.stderr).to.match(message)
  expect(r.stderr).to.match(/^error: /)
  expect(r.stderr, 'a stack trace').to.not.match(/\n\s+at .*:\d+:\d+/)
  expect(r.stderr.match(/^error: /gm), 'errors').to.have.lengthOf(1)
  expect(r.stdout).to.equal('')
}

const address = (n: number) => `0x${String(n).repeat(40)}` as Address
const NETWORK = formatNetwork({
  chainId: 31337n,
  token: address(1),
  vault: address(2),
  escrow: address(3),
  registry: address(4),
  arbiter: address(5),
  feeBps: 100,
  fromBlock: 0
})

/** A port of loopback on which nothing listens. */
const freePort = async (): Promise<number> =>
  await new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const at = server.address()
      server.close(() =>
        at !== null && typeof at === 'object' ? resolve(at.port) : reject(new Error('no port'))
      )
    })
  })

describe('bad input and faults at the command line', function () {
  this.timeout(60_000)
  let folder: string
  let home: string
  const cheap = { SHOAL_KDF_COST: '4096' }
  const spec = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, text)
    return path
  }

  before(async () => {
    folder = await temporaryFolder('input')
    home = join(folder, 'home')
    const network = join(folder, 'network.json')
    await writeFile(network, NETWORK)
    const rpc = `http://127.0.0.1:${await freePort()}`
    const made = await shoal(
      ['init', '--home', home, '--light', '--rpc-url', rpc, '--network', network, '--json'],
      {
        env: { ...cheap, SHOAL_PASSPHRASE: 'right' }
      }
    )
    expect(made.code, made.stderr).to.equal(0)
  })
  after(async () => await removeFolder(folder))

  it('a malformed spec: file, line, column, the line, a caret', async () => {
    const path = await spec('broken.yaml', 'name: broken\ntask:\n  module: [x.wasm\ncount: 2\n')
    const result = await shoal(['run', path, '-y'], { home })
    expectClear(result, 2, /broken\.yaml:\d+:\d+ .+\n {2}.+\n {2} *\^/)
  })

  it('an unknown key: the nearest known one is named', async () => {
    const path = await spec('typo.yaml', 'name: typo\ntask: { module: x.wasm }\ncuont: 2\n')
    const result = await shoal(['run', path, '-y'], { home })
    expectClear(result, 2, /typo\.yaml:3:1 .*cuont.*count/)
    expect(result.stderr).to.match(/\n {2}cuont: 2\n {2}\^/)
  })

  it('a value of the wrong kind, and a flag of the wrong kind', async () => {
    const path = await spec('kind.yaml', 'name: kind\ntask: { module: x.wasm }\nlimits: { wall: soon }\n')
    expectClear(await shoal(['run', path, '-y'], { home }), 2, /kind\.yaml:3:17 limits\.wall/)
    const flag = await shoal(['run', NBODY, '--set', 'limits.wall=soon', '-y'], { home })
    expectClear(flag, 2, /limits\.wall.*\n.*flag/)
    expectClear(await shoal(['run', NBODY, '--input', 'nothing', '-y'], { home }), 2, /write NAME=FILE/)
  })

  it('a spec that is not there', async () => {
    expectClear(
      await shoal(['run', join(folder, 'none.yaml'), '-y'], { home }),
      1,
      /no such file: .*none\.yaml/
    )
  })

  it('a home that was never made, and keys that exist', async () => {
    const empty = join(folder, 'empty')
    await mkdir(empty)
    expectClear(await shoal(['up'], { home: empty }), 4, /no Shoal home at .*empty\n {2}Run: shoal init/)
    expectClear(await shoal(['jobs'], { home: empty }), 4, /no Shoal home at/)
    expect(await readdir(empty)).to.deep.equal([])
    const keys = await readFile(join(home, 'keys.json'))
    const again = await shoal(['init', '--home', home], { env: { ...cheap, SHOAL_PASSPHRASE: 'other' } })
    expectClear(again, 1, /already holds a Shoal home/)
    expect(await readFile(join(home, 'keys.json'))).to.deep.equal(keys)
  })

  it('a wrong passphrase, a missing one without a terminal, and a passphrase file that is not there', async () => {
    const wrong = await shoal(['up'], { home, env: { SHOAL_PASSPHRASE: 'wrong' } })
    expectClear(wrong, 4, /the passphrase does not open the keys/)
    expectClear(await shoal(['up'], { home }), 4, /there is no terminal to ask at\n.*--passphrase-file/)
    const missing = await shoal(['up', '--passphrase-file', join(folder, 'nowhere')], { home })
    expectClear(missing, 1, /no such file: .*nowhere/)
  })

  it('a chain that cannot be reached', async () => {
    const result = await shoal(['run', NBODY, '-y', '--out', join(folder, 'out')], {
      home,
      env: { SHOAL_PASSPHRASE: 'right' }
    })
    expectClear(result, 1, /the chain does not answer.*\n {2}Check chain\.rpcUrl/)
    expect(await readdir(folder)).to.not.include('out')
  })

  it('the same as JSON on standard error, for programs', async () => {
    const result = await shoal(['run', join(folder, 'none.yaml'), '-y', '--json'], { home })
    expect(result.code).to.equal(1)
    const { error } = JSON.parse(result.stderr) as { error: { code: string; message: string } }
    expect(error.code).to.equal('FILE_NOT_FOUND')
  })

  it('a configuration with an unknown key', async () => {
    const other = join(folder, 'other')
    await shoal(['init', '--home', other, '--light'], { env: { ...cheap, SHOAL_PASSPHRASE: 'x' } })
    await writeFile(join(other, 'config.yaml'), 'profile: light\nlaese: 3s\n')
    expectClear(await shoal(['up'], { home: other }), 2, /config\.yaml.*laese.*lease/)
  })

  it('the examples are good specs', async () => {
    for (const name of ['nbody', 'pathtrace']) {
      const result = await shoal(['validate', example(`${name}/job.yaml`)])
      expect(result.code, result.stderr).to.equal(0)
    }
    // this one counts the words of a text that the person brings
    expectClear(
      await shoal(['validate', example('wordcount/job.yaml')]),
      1,
      /no such file: .*\n.*--input text\.txt=FILE/
    )
  })
})
