import { expect } from 'chai'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { installPack, removePack, sizeOf, type NpmPort } from '../../../src/executor/packs/install.ts'
import { onnxPack } from '../../../src/executor/packs/onnx-pack.ts'
import { findPack, packageJson, packageLock } from '../../../src/executor/packs/pack.ts'
import { nodeFiles } from '../../../src/peer/adapters/node-files.ts'
import { ShoalError } from '../../../src/protocol/errors.ts'
import { rejection } from '../../support/failures.ts'

const { signal } = new AbortController()
const fine = async (): Promise<void> => undefined

describe('what an engine pack pins', () => {
  it('is every package that it needs, each by its hash, and no address', () => {
    const lock = JSON.parse(packageLock(onnxPack)) as {
      packages: Record<string, { integrity?: string; dependencies?: object }>
    }
    const names = new Set(Object.keys(lock.packages).map(p => p.replace('node_modules/', '')))
    for (const [path, { integrity, dependencies = {} }] of Object.entries(lock.packages)) {
      if (path !== '') expect(integrity, path).to.match(/^sha512-[A-Za-z0-9+/]{86}==$/)
      for (const name of Object.keys(dependencies)) expect(names, `${path} needs ${name}`).to.include(name)
    }
    expect(JSON.parse(packageJson(onnxPack)).dependencies).to.deep.equal({
      'onnxruntime-node': onnxPack.version
    })
    expect(packageLock(onnxPack)).not.to.match(/https?:|resolved/)
  })
})

describe('installing an engine pack', () => {
  let folder: string
  let calls: string[][]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'shoal-packs-'))
    calls = []
  })
  afterEach(() => rm(folder, { recursive: true }))

  /** Leaves what npm leaves: files of all platforms, and packages that only the installer would use. */
  const npm = (files: readonly string[]): NpmPort => ({
    run: async (args, { cwd, env }) => {
      calls.push([...args, ...Object.entries(env).map(e => e.join('='))])
      expect(JSON.parse(await readFile(join(cwd, 'package-lock.json'), 'utf8')).lockfileVersion).to.equal(3)
      for (const path of files) {
        await mkdir(dirname(join(cwd, 'node_modules', path)), { recursive: true })
        await writeFile(join(cwd, 'node_modules', path), path)
      }
    }
  })
  const runtime = 'onnxruntime-node'
  const whole = [
    'onnxruntime-common/package.json',
    `${runtime}/package.json`,
    `${runtime}/dist/index.js`,
    `${runtime}/bin/napi-v6/linux/x64/a.so`,
    `${runtime}/bin/napi-v6/linux/arm64/b.so`,
    `${runtime}/bin/napi-v6/win32/x64/c.dll`,
    `${runtime}/script/install.js`,
    'adm-zip/adm-zip.js'
  ]
  const ports = (n: NpmPort) => ({ files: nodeFiles, npm: n, platform: 'linux', arch: 'x64' })
  const install = (n: NpmPort, check: (f: string) => Promise<void> = fine) =>
    installPack(onnxPack, folder, ports(n), check, signal)

  it('keeps what this platform needs, runs no script of a package, and asks npm once', async () => {
    const where = await install(npm(whole))
    expect(await install(npm(whole))).to.equal(where)
    expect(calls.length).to.equal(1)
    expect(calls[0]).to.include.members(['ci', '--ignore-scripts', 'ONNXRUNTIME_NODE_INSTALL=skip'])
    const kept = (await readdir(where, { recursive: true, withFileTypes: true }))
      .filter(e => e.isFile())
      .map(e => e.name)
    expect(kept).to.have.members([
      'package.json',
      'package.json',
      'package.json',
      'package-lock.json',
      'pack.json',
      'index.js',
      'a.so'
    ])
    expect(await findPack(nodeFiles, folder, onnxPack)).to.equal(where)
    expect(await findPack(nodeFiles, folder, { id: 'onnx', version: '9.9.9' })).to.equal(undefined)
    expect(await sizeOf(nodeFiles, where)).to.be.greaterThan(1000)
    expect(await removePack(nodeFiles, folder, 'onnx')).to.equal(true)
    expect(await removePack(nodeFiles, folder, 'onnx')).to.equal(false)
    expect(await findPack(nodeFiles, folder, onnxPack)).to.equal(undefined)
  })

  it('leaves nothing behind when npm fails, the platform is missing, or the engine does not start', async () => {
    const broken: NpmPort = { run: () => Promise.reject(new ShoalError('ENGINE_INSTALL', 'offline')) }
    expect((await rejection(install(broken))).message).to.equal('offline')
    const foreign = npm(whole.filter(f => !f.includes('linux/x64')))
    expect((await rejection(install(foreign))).message).to.contain('nothing for linux on x64')
    const unloadable = install(npm(whole), () => Promise.reject(new ShoalError('ENGINE_INSTALL', 'no glibc')))
    expect((await rejection(unloadable)).message).to.equal('no glibc')
    expect(await readdir(folder)).to.deep.equal([])
  })

  it('takes the place of an older version', async () => {
    await installPack({ ...onnxPack, version: '1.0.0' }, folder, ports(npm(whole)), fine, signal)
    await install(npm(whole))
    expect(await readdir(folder)).to.deep.equal([`onnx-${onnxPack.version}`])
  })
})
