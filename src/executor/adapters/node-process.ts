import type { PipedChild } from './child.ts'
import type { ChildLink, ProcessPort, RunnerLaunch } from '../runner/process-port.ts'
import { spawn } from 'node:child_process'
import { ShoalError } from '../../protocol/errors.ts'
import { pipesOf } from './child.ts'
import { holdChild } from './hold.ts'
import { here, nodeCommand } from './node-command.ts'

/** Runs runners with the Node that runs us, as processes without a box. */
export const nodeProcesses: ProcessPort = {
  async startRunner(launch: RunnerLaunch): Promise<ChildLink> {
    if (launch.box !== undefined)
      throw new ShoalError('ENGINE_BROKEN', 'A task that needs a sandbox was to be started without one.')
    const [command = '', ...args] = nodeCommand(launch, here)
    const child: PipedChild = spawn(command, args, {
      env: {},
      cwd: '/',
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true
    })
    return {
      ...pipesOf(child),
      hold: on => holdChild(child, on),
      mounts: new Map(),
      limitMemory: async () => undefined,
      cpuNs: async () => undefined
    }
  }
}
