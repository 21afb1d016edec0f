/** `shoal engine` and what doctor says of engines. */
import { needContainers } from '../../support/container.ts'
import { expect } from 'chai'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onnxPack } from '../../../src/executor/packs/onnx-pack.ts'
import { cleanEnv, makeFolder, removeFolder, runHere, type Said } from '../../mistakes/in-process.ts'
import { shoal } from '../../support/e2e/cli.ts'
import { enginesFolder, needOnnx } from '../../support/engines.ts'

describe('shoal engine', function () {
  this.timeout(90_000)
  let folder: string
  const run = (...args: string[]): Promise<Said> =>
    runHere([...args, '--home', 'home'], folder, cleanEnv(folder))
  afterEach(async () => await removeFolder(folder))

  it('lists what is here and how to bring what is not', async () => {
    folder = await makeFolder({}, '{}\n')
    const said = JSON.parse((await run('engine', 'list', '--json')).stdout) as {
      engines: { id: string; sold: boolean; next?: string }[]
    }
    expect(said.engines.map(e => [e.id, e.sold])).to.deep.equal([
      ['wasm', true],
      ['onnx', false],
      ['blender', false],
      ['container', false]
    ])
    expect(said.engines[1]?.next).to.equal('Run: shoal engine add onnx')
    expect((await run('engine')).stdout).to.match(/Engine +Version +Sold/)
    const removed = await run('engine', 'remove', 'onnx')
    expect([removed.code, removed.stdout]).to.deep.equal([0, 'onnx was not here.\n'])
  })

  it('says the version that is installed, and doctor says what a sold one lacks', async function () {
    folder = await makeFolder({}, `provider: { engines: [wasm, onnx], enginesFolder: ${enginesFolder} }\n`)
    needOnnx(this)
    expect((await run('engine')).stdout).to.match(new RegExp(`onnx +${onnxPack.version} +yes`))
    const { stdout } = await run('doctor', '--json')
    const found = (JSON.parse(stdout) as { findings: { name: string; state: string; said: string }[] })
      .findings
    expect(found.find(f => f.name === 'engine onnx')).to.include({
      state: 'ok',
      said: `${onnxPack.version}, sold`
    })
    await removeFolder(folder)
    folder = await makeFolder({}, 'provider: { engines: [onnx] }\n')
    const without = (JSON.parse((await run('doctor', '--json')).stdout) as { findings: typeof found })
      .findings
    expect(without.find(f => f.name === 'engine onnx')).to.include({
      state: 'bad',
      next: 'Run: shoal engine add onnx'
    })
  })

  it('doctor says when containers are sold and not turned on, or allow no image', async () => {
    for (const [config, says] of [
      ['', 'Set provider.containers.enabled'],
      [', containers: { enabled: true }', 'provider.containers.images']
    ] as const) {
      folder = await makeFolder({}, `provider: { engines: [wasm, container]${config} }\n`)
      const { stdout } = await run('doctor', '--json')
      const { findings } = JSON.parse(stdout) as {
        findings: { name: string; state: string; next?: string }[]
      }
      const found = findings.find(f => f.name === 'containers')
      expect(found, stdout).to.include({ state: 'bad' })
      expect(found?.next).to.contain(says)
      await removeFolder(folder)
    }
  })

  it('doctor tests containers where they are sold', async function () {
    needContainers(this)
    folder = await makeFolder(
      {},
      'provider: { engines: [container], containers: { enabled: true, uploads: true } }\n'
    )
    const { stdout } = await run('doctor', '--json')
    const { findings } = JSON.parse(stdout) as { findings: { name: string; state: string; said: string }[] }
    expect(
      findings.find(f => f.name === 'containers'),
      stdout
    ).to.include({
      state: 'ok',
      said: 'the self-test passed'
    })
  })

  it('an engine that cannot be added is a usage error that says what to do', async () => {
    folder = await makeFolder({}, '{}\n')
    for (const [id, says] of [
      ['wasm', 'built in'],
      ['blender', 'apt-get'],
      ['container', 'provider.containers.enabled'],
      ['pytorch', 'There is one to add: onnx']
    ] as const) {
      const said = await run('engine', 'add', id)
      expect(said.code, id).to.equal(2)
      expect(said.stderr, id).to.contain(says)
    }
  })

  it('without a network the real npm fails, and the message says what to do; nothing is left', async () => {
    folder = await makeFolder({}, '{}\n')
    const env = {
      npm_config_registry: 'http://127.0.0.1:1/',
      npm_config_cache: join(folder, 'cache'),
      npm_config_fetch_retries: '0'
    }
    const said = await shoal(['engine', 'add', 'onnx', '--home', join(folder, 'home')], { env })
    expect(said.code).to.equal(1)
    expect(said.stderr).to.contain('the package registry cannot be reached')
    expect(said.stderr).to.contain('npm config set registry URL')
    expect(await readdir(join(folder, 'home', 'engines'))).to.deep.equal([])
  })
})
