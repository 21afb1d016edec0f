/**
 * Builds the graphs of examples/onnx-digits; `--check` compares with the built ones and changes nothing. With `--data FILE` (digits.csv, as it
 * lies in the package scikit-learn) it also writes the data: every fifth row to be tested with, the others to learn from.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { formatNpy } from '../src/executor/onnx/npy.ts'
import { template, trainStep } from './onnx/mlp.ts'

const MLP = { inputs: 64, hidden: 48, classes: 10, scale: 1 / 16 }
/** Rows between two that are kept for the test. */
const TEST_EVERY = 5

const folder = fileURLToPath(new URL('../examples/onnx-digits/', import.meta.url))
const check = process.argv.includes('--check')
const data = process.argv[process.argv.indexOf('--data') + 1]

async function put(name: string, bytes: Uint8Array): Promise<void> {
  const old = await readFile(folder + name).catch(() => undefined)
  const same = old !== undefined && Buffer.compare(old, bytes) === 0
  if (!same && check) process.exitCode = 1
  if (!same && !check) await writeFile(folder + name, bytes)
  console.log(
    `${name}  ${bytes.length} bytes  ${same ? 'as it was' : check ? 'is not what its source gives' : 'written'}`
  )
}

async function convert(path: string): Promise<void> {
  const rows = (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map(line => line.split(',').map(Number))
  const part = async (name: string, tested: boolean): Promise<void> => {
    const some = rows.filter((_, i) => (i % TEST_EVERY === TEST_EVERY - 1) === tested)
    const pixels = Uint8Array.from(some.flatMap(r => r.slice(0, MLP.inputs)))
    const labels = Uint8Array.from(some.map(r => r[MLP.inputs] ?? 0))
    await put(`${name}-x.npy`, formatNpy({ dims: [some.length, MLP.inputs], data: pixels }))
    await put(`${name}-t.npy`, formatNpy({ dims: [some.length], data: labels }))
  }
  await part('train', false)
  await part('test', true)
}

await put('train.onnx', trainStep(MLP))
await put('template.onnx', template(MLP))
if (process.argv.includes('--data') && data !== undefined) await convert(data)
