/** `npm run check:package`: builds and packs in two clean checkouts with different paths and times; both tarballs must be the same bytes. */
import { createHash } from 'node:crypto'
import { readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { cleanCheckout } from './checkout.ts'
import { ROOT } from './lockfile.ts'
import { must, npm } from './tool.ts'

interface Packed {
  readonly sha512: string
  readonly bytes: number
  readonly files: number
}

function packOnce(name: string): Packed {
  const checkout = cleanCheckout(name)
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(checkout.folder, 'node_modules'))
    // npm prints what prepack says before its own JSON
    const out = must('npm pack', npm(['pack', '--json', '--silent'], checkout.folder))
    const list = JSON.parse(out.slice(out.search(/^\[/m))) as { filename: string; files: unknown[] }[]
    const [packed] = list
    if (packed === undefined) throw new Error('npm pack told of no package')
    const bytes = readFileSync(join(checkout.folder, packed.filename))
    const sha512 = createHash('sha512').update(bytes).digest('hex')
    return { sha512, bytes: bytes.length, files: packed.files.length }
  } finally {
    checkout.remove()
  }
}

const first = packOnce('pack-one')
const second = packOnce('pack-another-time')
const ok = first.sha512 === second.sha512
if (process.argv.includes('--json')) console.log(JSON.stringify({ ok, first, second }))
else {
  for (const p of [first, second])
    console.log(`${p.sha512.slice(0, 32)}…  ${p.bytes} bytes, ${p.files} files`)
  console.log(ok ? 'the same bytes twice' : 'the two packages differ')
}
process.exit(ok ? 0 : 1)
