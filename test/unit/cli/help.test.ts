/** Help that a person can work with: what it does, what it gives, examples that can be pasted. */
import { expect } from 'chai'
import { root } from '../../../src/cli/app.ts'
import { cleanEnv, makeFolder, removeFolder, runHere } from '../../mistakes/in-process.ts'

/** Columns of a terminal that has not been widened much. */
const WIDE = 140

const names = root.getAllEntries().map(e => e.name['convert-camel-to-kebab'])
const commands = [
  ...names,
  'wallet show',
  'wallet deposit',
  'wallet withdraw',
  'wallet protect',
  'engine list',
  'engine add',
  'engine remove'
]

describe('help', () => {
  let folder: string
  const texts = new Map<string, string>()
  before(async () => {
    folder = await makeFolder()
    for (const c of commands) {
      const r = await runHere([...c.split(' '), '--help'], folder, cleanEnv(folder))
      expect(r.code, c).to.equal(0)
      expect(r.stderr, c).to.equal('')
      texts.set(c, r.stdout)
    }
  })
  after(async () => await removeFolder(folder))

  /** The lines below `Examples:`, without what a shell would run besides. */
  const examples = (text: string): string[] =>
    (/Examples:\n((?: {2}.*\n)+)/.exec(text)?.[1] ?? '')
      .split('\n')
      .map(l => l.trim())
      .filter(l => l !== '')

  it('every command says what it does and shows examples of itself', () => {
    for (const [name, text] of texts) {
      expect(text.split('\n\n').length, name).to.be.at.least(4)
      expect(examples(text), name).to.not.have.lengthOf(0)
      expect(
        examples(text).some(e => e.includes(`shoal ${name.split(' ')[0]}`)),
        name
      ).to.equal(true)
      for (const line of text.split('\n')) expect(line.length, `${name}: ${line}`).to.be.at.most(WIDE)
    }
  })

  it('examples use flags and commands that there are', () => {
    for (const [name, text] of texts)
      for (const example of examples(text))
        for (const [, command = '', rest = ''] of example.matchAll(/\bshoal ([a-z]+)([^|#&>]*)/g)) {
          expect(names, `${name}: ${example}`).to.include(command)
          const sub =
            /^ (show|deposit|withdraw|protect|list|add|remove)\b/.exec(rest)?.[1] ??
            { wallet: 'show', engine: 'list' }[command]
          const help = texts.get(sub === undefined ? command : `${command} ${sub}`) ?? ''
          for (const [flag] of rest.matchAll(/(?<= )--[a-z][a-z-]+/g))
            expect(help, example).to.match(new RegExp(`${flag}[\\] )]`))
          for (const [, letter] of rest.matchAll(/ -([a-z])\b/g))
            expect(help, example).to.contain(`  -${letter} `)
        }
  })

  it('the first page names every command, the exit codes, the variables and what to do when stuck', async () => {
    const { stdout } = await runHere(['--help'], folder, cleanEnv(folder))
    for (const name of names) expect(stdout).to.match(new RegExp(`\n  ${name} +\\S`))
    for (const text of [
      '3 the job itself failed',
      '130 Ctrl-C',
      'SHOAL_HOME',
      'shoal doctor',
      '{error:{code'
    ])
      expect(stdout).to.contain(text)
    expect((await runHere([], folder, cleanEnv(folder))).stdout, 'without arguments').to.equal(stdout)
  })
})
