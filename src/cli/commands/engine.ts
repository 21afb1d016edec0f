import { formatSize } from '../../protocol/units.ts'
import { ShoalError } from '../../protocol/errors.ts'
import { systemNpm } from '../../executor/adapters/npm.ts'
import { probeOnnx } from '../../executor/onnx/probe.ts'
import { installPack, removePack, sizeOf } from '../../executor/packs/install.ts'
import { onnxPack } from '../../executor/packs/onnx-pack.ts'
import { enginesFolder, INSTALL } from '../../peer/engines.ts'
import { command } from '../command.ts'
import type { Cli } from '../context.ts'
import { engineStates, type EngineState } from '../doctor/engines.ts'
import { open } from '../home.ts'
import type { CommonFlags } from '../routes/jobs.ts'
import { table } from '../ui/table.ts'
import { within } from '../ui/elapsed.ts'

function known(id: string): typeof onnxPack {
  if (id === onnxPack.id) return onnxPack
  const said =
    id === 'wasm'
      ? 'wasm is built in'
      : id === 'blender'
        ? 'Blender is a program of its own'
        : id === 'container'
          ? 'containers are run by podman, which is a program of its own'
          : `no engine '${id}'`
  throw new ShoalError('USAGE', said, {
    next:
      id === 'blender' || id === 'container'
        ? INSTALL[id]
        : 'There is one to add: onnx. See: shoal engine list'
  })
}

export const add = command<CommonFlags, [string]>(async (cli, flags, signal, id) => {
  const pack = known(id)
  const { config, layout } = await open(cli, flags)
  const { platform, arch } = cli.process
  const ports = { files: cli.files, npm: systemNpm, platform, arch }
  const folder = await within(
    cli,
    `downloading ${pack.main} ${pack.version}, about ${formatSize(pack.download)}`,
    () =>
      installPack(pack, enginesFolder(config, layout), ports, f => probeOnnx(f, cli.clock, signal), signal)
  )
  const bytes = await sizeOf(cli.files, folder)
  if (cli.json) return cli.print(JSON.stringify({ engine: pack.id, version: pack.version, folder, bytes }))
  cli.print(`${pack.main} ${pack.version} is in ${folder} (${formatSize(bytes)}).`)
  if (!config.provider.engines.includes('onnx'))
    cli.remark(`To sell it, write in ${layout.config}: provider: { engines: [wasm, onnx] }`)
})

export const remove = command<CommonFlags, [string]>(async (cli, flags, _signal, id) => {
  const pack = known(id)
  const { config, layout } = await open(cli, flags)
  const removed = await removePack(cli.files, enginesFolder(config, layout), pack.id, true)
  if (cli.json) return cli.print(JSON.stringify({ engine: pack.id, removed }))
  cli.print(removed ? `${pack.id} is removed.` : `${pack.id} was not here.`)
})

const row = (e: EngineState): string[] => [e.id, e.version ?? '-', e.sold ? 'yes' : 'no', e.next ?? '']

function show(cli: Cli, engines: readonly EngineState[]): void {
  if (cli.json) return cli.print(JSON.stringify({ engines }))
  cli.print(table(['Engine', 'Version', 'Sold', 'To bring it'], engines.map(row)))
}

export const list = command<CommonFlags>(async (cli, flags) => {
  const { config, layout } = await open(cli, flags)
  show(cli, await engineStates(cli.files, config, layout))
})
