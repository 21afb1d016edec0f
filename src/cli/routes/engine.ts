/** Engines that are added on demand. */
import { buildCommand, buildRouteMap } from '@stricli/core'
import type { Cli } from '../context.ts'
import { docs } from './docs.ts'
import { arg, homeFlags, jsonFlag } from './flags.ts'
import type { CommonFlags } from './jobs.ts'

const common = { ...homeFlags, ...jsonFlag }
const engineArg = { kind: 'tuple', parameters: [arg('onnx', 'ENGINE')] } as const

const add = buildCommand<CommonFlags, [string], Cli>({
  loader: async () => (await import('../commands/engine.ts')).add,
  parameters: { flags: common, positional: engineArg },
  docs: docs(
    'Download an engine into this home',
    [
      'onnx: ONNX Runtime, about 110 MB to download and 47 MB on the disk. npm fetches it from the registry that you have set;',
      'each package must have the hash that stands in the source of Shoal, and nothing that came with it is run.',
      'To sell it, name it in config.yaml: provider: { engines: [wasm, onnx] }.'
    ],
    ['shoal engine add onnx', 'shoal engine add onnx --json']
  )
})
const remove = buildCommand<CommonFlags, [string], Cli>({
  loader: async () => (await import('../commands/engine.ts')).remove,
  parameters: { flags: common, positional: engineArg },
  docs: docs(
    'Delete an engine that was added',
    ['A peer that sells it no longer starts: take it out of provider.engines as well.'],
    ['shoal engine remove onnx']
  )
})
const list = buildCommand<CommonFlags, [], Cli>({
  loader: async () => (await import('../commands/engine.ts')).list,
  parameters: { flags: common },
  docs: docs(
    'Engines, and which of them are here',
    ['With the version found, whether this peer sells it, and how to bring what is missing.'],
    ['shoal engine list', 'shoal engine list --json | jq ".engines[] | select(.version == null)"']
  )
})

const engine = buildRouteMap({
  routes: { list, add, remove },
  defaultCommand: 'list',
  docs: docs(
    'List, add and remove engines',
    ['Without a word after it: lists them.'],
    ['shoal engine', 'shoal engine add onnx']
  )
})

export const engineRoutes = { engine }
