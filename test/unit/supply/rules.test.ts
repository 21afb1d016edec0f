import { expect } from 'chai'
import { readProject, type LockedPackage, type Project } from '../../../scripts/supply-chain/lockfile.ts'
import { isFree, RULES } from '../../../scripts/supply-chain/rules.ts'
import { plain } from '../../../scripts/supply-chain/sbom.ts'

const project = readProject()
const findings = (p: Project): string[] => Object.values(RULES).flatMap(rule => rule(p))
/** The project with one more package, or another state of one. */
const withPackage = (folder: string, locked: LockedPackage): Project => ({
  ...project,
  lock: { ...project.lock, packages: { ...project.lock.packages, [folder]: locked } }
})
const good = { version: '1.0.0', integrity: 'sha512-x', license: 'MIT' }
const folder = 'node_modules/newcomer'

describe('the supply chain', () => {
  it('keeps its rules as it is', () => {
    expect(findings(project)).to.deep.equal([])
    expect(findings(withPackage(folder, good))).to.deep.equal([])
  })

  const bad: Readonly<Record<string, [Project, RegExp]>> = {
    'a package from git': [
      withPackage(folder, { ...good, resolved: 'git+ssh://git@host/a.git#1' }),
      /newcomer comes from git/
    ],
    'a package from an address': [
      withPackage(folder, { ...good, resolved: 'http://host/a.tgz' }),
      /newcomer comes from/
    ],
    'a package without its hash': [
      withPackage(folder, { ...good, integrity: undefined }),
      /newcomer has no sha512/
    ],
    'a link to a folder': [withPackage(folder, { ...good, link: true }), /newcomer is a link/],
    'new install scripts': [
      withPackage(folder, { ...good, hasInstallScript: true }),
      /newcomer@1.0.0 has install scripts/
    ],
    'install scripts of a new version of a package that was read': [
      withPackage('node_modules/classic-level', { ...good, version: '3.0.1', hasInstallScript: true }),
      /classic-level@3.0.1 has install scripts/
    ],
    'a copyleft licence': [
      withPackage(folder, { ...good, license: 'GPL-3.0-only' }),
      /newcomer@1.0.0: licence 'GPL/
    ],
    'no licence': [
      withPackage(folder, { ...good, license: undefined }),
      /newcomer@1.0.0: licence 'none named'/
    ],
    'a range of versions': [
      { ...project, manifest: { ...project.manifest, dependencies: { zod: '^4.0.0' } } },
      /zod is \^4.0.0; pin/
    ],
    'a lockfile that is behind': [
      {
        ...project,
        manifest: { ...project.manifest, dependencies: { ...project.manifest.dependencies, zod: '4.6.8' } }
      },
      /zod: package.json and lockfile differ/
    ],
    'npm allowed to fetch from git': [
      { ...project, npmrc: new Map([...project.npmrc, ['allow-git', 'all']]) },
      /write allow-git=none/
    ],
    'releases of today': [
      { ...project, npmrc: new Map([...project.npmrc, ['min-release-age', '0']]) },
      /min-release-age/
    ]
  }
  for (const [what, [p, finding]] of Object.entries(bad))
    it(`does not let in ${what}`, () => {
      expect(findings(p).join('\n')).to.match(finding)
    })

  it('an expression of licences is free when a free choice is left', () => {
    for (const free of ['MIT', '(WTFPL OR MIT)', 'GPL-2.0 OR MIT', 'MIT AND ISC'])
      expect(isFree(free), free).to.equal(true)
    for (const not of ['GPL-3.0-only', 'MIT AND GPL-2.0', 'SEE LICENSE IN x', ''])
      expect(isFree(not), not).to.equal(false)
  })

  it('an SBOM of the same packages is the same, whatever the time, the folder and the order', () => {
    const [a, b] = [{ 'bom-ref': 'a@1' }, { 'bom-ref': 'b@2' }]
    const one = {
      serialNumber: '1',
      metadata: { timestamp: 'now', component: { name: 'here' } },
      components: [a, b]
    }
    const two = {
      serialNumber: '2',
      metadata: { timestamp: 'then', component: { name: 'there' } },
      components: [b, a]
    }
    expect(JSON.stringify(plain(one))).to.equal(JSON.stringify(plain(two)))
  })
})
