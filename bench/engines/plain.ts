/** Runs a WASI command without a meter, in Node's own WASI: node plain.ts MODULE. The milliseconds of the run go to standard error. */
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { WASI } from 'node:wasi'

setFlagsFromString('--no-liftoff')
const wasi = new WASI({ version: 'preview1', args: ['task'], returnOnExit: true })
const module = new WebAssembly.Module(readFileSync(process.argv[2] ?? ''))
const begin = performance.now()
wasi.start(new WebAssembly.Instance(module, wasi.getImportObject() as WebAssembly.Imports))
process.stderr.write(String(performance.now() - begin))
