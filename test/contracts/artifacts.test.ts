import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'

const root = path.resolve(import.meta.dirname, '../..')
const check = (folder: string) =>
  spawnSync(process.execPath, [path.join(folder, 'scripts/build-contracts.ts'), '--check'], {
    encoding: 'utf8'
  })

describe('contract artifacts', () => {
  it('belong to the sources as they are', () => {
    const { status, stderr } = check(root)
    expect(stderr.replace(/\(node.*\n|.*--trace-warnings.*\n/g, '')).to.equal('')
    expect(status).to.equal(0)
  })

  it('are called stale when a source changes', () => {
    const copy = mkdtempSync(path.join(tmpdir(), 'shoal-contracts-'))
    try {
      cpSync(path.join(root, 'contracts/src'), path.join(copy, 'contracts/src'), { recursive: true })
      cpSync(path.join(root, 'contracts/artifacts'), path.join(copy, 'contracts/artifacts'), {
        recursive: true
      })
      cpSync(path.join(root, 'scripts'), path.join(copy, 'scripts'), { recursive: true })
      cpSync(path.join(root, 'package.json'), path.join(copy, 'package.json'))
      symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'))
      expect(check(copy).status).to.equal(0)
      const file = path.join(copy, 'contracts/src/Escrow.sol')
      writeFileSync(file, readFileSync(file, 'utf8').replace('366 days', '367 days'))
      const { status, stderr } = check(copy)
      expect(status).to.equal(1)
      expect(stderr).to.include('Escrow.json is stale')
    } finally {
      rmSync(copy, { recursive: true, force: true })
    }
  })

  it('stay below the code size limit of chains (24,576 bytes)', () => {
    for (const name of ['ShoalToken', 'Vault', 'Escrow', 'Registry']) {
      const { bytecode } = JSON.parse(
        readFileSync(path.join(root, `contracts/artifacts/${name}.json`), 'utf8')
      ) as {
        bytecode: string
      }
      expect(bytecode.length / 2, name).to.be.lessThan(24_576)
    }
  })
})
